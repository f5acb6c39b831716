"""Datasets without references, pictures and forced choices in miniature: files named, nested and written as published.

Each function gives the content of every file that a source of the catalogue holds: name of the file -> path inside of
it -> bytes (a plain file has one path, its own name). The tables' columns, variables and kinds are the genuine ones;
the numbers of rows are not.
"""

import io
from collections.abc import Mapping

import numpy as np
import pandas as pd
from PIL import Image
from scipy.io import savemat

Content = Mapping[str, bytes]

KONIQ_VOTES = {  # image: numbers of votes 1 to 5, official split
    "10004473376.jpg": ((0, 0, 25, 73, 7), "training"),
    "10007357496.jpg": ((0, 3, 45, 47, 1), "test"),
    "10043785683.jpg": ((0, 0, 46, 60, 0), "validation"),
    "10344921126.jpg": ((93, 16, 0, 0, 0), "training"),
}
SPAQ_MOS = {"00001.jpg": 38.6, "00002.jpg": 72.0, "00003.jpg": 2.0, "11125.jpg": 96.0}
FLIVE_MOS = {
    "voc_emotic_ava/AVA__129332.jpg": (74.1, "training"),
    "voc_emotic_ava/JPEG_2010_005315.jpg": (75.5, "validation"),
    "EE371R/cj23478+019.jpg": (64.2, "test"),
    "blur_dataset/motion0001.jpg": (31.9, "training"),
}
CLIVE_NAMES = [f"t{k}.bmp" for k in range(1, 8)] + ["3.bmp", "5.bmp", "1024.JPG", "1169.bmp"]
CLIVE_MOS = [50.0] * 7 + [63.9634, 3.42, 92.43, 74.6]
AGIQA_MOS = {"AttnGAN_normal_000.jpg": 0.965602553, "DALLE2_000.jpg": 3.1, "sd1.5_highcorr_120.jpg": 4.2}
BAPPS_SHARES = {
    "traditional": [0.0, 1.0],
    "cnn": [0.2],
    "superres": [0.4, 0.6],
    "deblur": [0.8],
    "color": [0.2],
    "frameinterp": [1.0],
}


def picture(suffix: str, size: tuple[int, int] = (12, 9), shade: int = 100) -> bytes:
    """A picture of one shade, width x height, in the format that the suffix says."""
    buffer = io.BytesIO()
    kind = {"jpg": "JPEG", "bmp": "BMP", "png": "PNG"}[suffix.rpartition(".")[2].lower()]
    Image.new("RGB", size, (shade, shade, 90)).save(buffer, kind)
    return buffer.getvalue()


def csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


def koniq10k() -> dict[str, Content]:
    """Both sizes; of the two score files the one with the split: shares, and a MOS on another scale."""
    votes = np.array([counts for counts, _ in KONIQ_VOTES.values()], float)
    columns = {f"c{k + 1}": votes[:, k] / votes.sum(axis=1) for k in range(5)}
    frame = pd.DataFrame({"image_name": list(KONIQ_VOTES), **columns, "c_total": votes.sum(axis=1).astype(int)})
    frame = frame.assign(MOS=[77.38, 68.73, 71.2, 4.47], SD=0.5, set=[split for _, split in KONIQ_VOTES.values()])
    content = {"koniq10k/koniq10k_distributions_sets.csv": csv(frame)}
    for name in KONIQ_VOTES:
        content |= {f"koniq10k/512x384/{name}": picture(name, (8, 6)), f"koniq10k/1024x768/{name}": picture(name)}
    return {"koniq10k.tgz": content}


def koniq10k_of_the_authors() -> dict[str, Content]:
    """The larger pictures alone, and the score file with counts and two kinds of MOS, but without the split."""
    votes = np.array([counts for counts, _ in KONIQ_VOTES.values()])
    frame = pd.DataFrame({"image_name": list(KONIQ_VOTES), **{f"c{k + 1}": votes[:, k] for k in range(5)}})
    mos = votes @ np.arange(1, 6) / votes.sum(axis=1)
    frame = frame.assign(c_total=votes.sum(axis=1), MOS=mos, SD=0.5, MOS_zscore=[77.38, 68.73, 71.2, 4.47])
    scores = {"koniq10k_scores_and_distributions/koniq10k_scores_and_distributions.csv": csv(frame)}
    return {"": scores | {f"1024x768/{name}": picture(name) for name in KONIQ_VOTES}}


def live_challenge() -> dict[str, Content]:
    """`ChallengeDB_release` with its .mat files: names a column of cells, scores a row."""
    cells = np.empty((len(CLIVE_NAMES), 1), object)
    cells[:, 0] = CLIVE_NAMES
    content = {}
    for name, value in {
        "AllImages_release": cells,
        "AllMOS_release": np.array([CLIVE_MOS]),
        "AllStdDev_release": np.full((1, len(CLIVE_MOS)), 18.0),
    }.items():
        buffer = io.BytesIO()
        savemat(buffer, {name: value})
        content[f"ChallengeDB_release/Data/{name}.mat"] = buffer.getvalue()
    for number, name in enumerate(CLIVE_NAMES):
        folder = "Images/trainingImages" if number < 7 else "Images"
        content[f"ChallengeDB_release/{folder}/{name}"] = picture(name)
    return {"live_challenge.tgz": content}


def _spaq_scores() -> pd.DataFrame:
    attributes = ["Brightness", "Colorfulness", "Contrast", "Noisiness", "Sharpness"]
    return pd.DataFrame({"Image name": list(SPAQ_MOS), "MOS": SPAQ_MOS.values(), **dict.fromkeys(attributes, 50.0)})


def spaq() -> dict[str, Content]:
    """A mirror's reduced pictures, and another's table of scores among others."""
    table = csv(_spaq_scores().assign(Animal=0, Cityscape=1, Time0="2019:01:01"))
    tables = {"meta_info/meta_info_SPAQDataset.csv": table, "meta_info/meta_info_AVADataset.csv": b"img_name,mos\n"}
    return {"spaq.zip": {f"spaq/{name}": picture(name) for name in SPAQ_MOS}, "meta_info.tgz": tables}


def spaq_of_the_authors() -> dict[str, Content]:
    """`TestImage` and the workbooks of `Annotations`, of which one holds the scores."""
    books = {"MOS and Image attribute scores": _spaq_scores(), "Scene category labels": _spaq_scores()[["Image name"]]}
    content = {f"SPAQ/TestImage/{name}": picture(name) for name in SPAQ_MOS}
    for name, frame in books.items():
        buffer = io.BytesIO()
        frame.to_excel(buffer, index=False)
        content[f"SPAQ/Annotations/{name}.xlsx"] = buffer.getvalue()
    return {"spaq.tgz": content}


def flive() -> dict[str, Content]:
    """Whole pictures in folders by origin, patches, padded copies, and a label file for each."""
    root = "FLIVE_Database/database"
    names = pd.Series(list(FLIVE_MOS))
    splits = np.array([split for _, split in FLIVE_MOS.values()])
    small = pd.DataFrame({"name_image": names, "mos_image": 50.0, "is_valid": splits == "validation"})
    content = {
        f"{root}/labels_image.csv": csv(pd.DataFrame({"name": names, "mos": [mos for mos, _ in FLIVE_MOS.values()]})),
        f"{root}/labels_patch.csv": b"name,mos\npatches/AVA__129332_patch_1.jpg,40.0\n",
        f"{root}/labels<=640_padded.csv": csv(small[splits != "test"]),
        f"{root}/labels>640.csv": csv(small[splits == "test"].drop(columns="is_valid")),
        f"{root}/patches/AVA__129332_patch_1.jpg": picture("jpg"),
    }
    for name in FLIVE_MOS:
        content |= {f"{root}/{name}": picture(name), f"{root}/<=640_padded/{name}": picture(name, (16, 16))}
    return {"flive.tgz": content}


def agiqa3k() -> dict[str, Content]:
    """The pictures, and the authors' table with two kinds of MOS."""
    frame = pd.DataFrame(
        {"name": list(AGIQA_MOS), "prompt": 'a cat, "anime style"', "adj1": "", "adj2": "", "style": ""}
    )
    frame = frame.assign(mos_quality=AGIQA_MOS.values(), std_quality=0.3, mos_align=2.5, std_align=0.4)
    return {
        "AGIQA-3K.zip": {f"AGIQA-3K/{name}": picture(name) for name in AGIQA_MOS},
        "data.csv": {"data.csv": csv(frame)},
    }


def bapps() -> dict[str, Content]:
    """`val/<family>` with patches of 64 x 64 and a file for each share."""
    content = {}
    for family, shares in BAPPS_SHARES.items():
        for number, share in enumerate(shares):
            judgement = io.BytesIO()
            np.save(judgement, np.array([share]))
            content[f"val/{family}/judge/{number:06d}.npy"] = judgement.getvalue()
            for shade, folder in enumerate(("ref", "p0", "p1")):
                content[f"val/{family}/{folder}/{number:06d}.png"] = picture("png", (64, 64), 100 + 20 * shade)
    return {"twoafc_val.tar.gz": content}


def div2k_train() -> dict[str, Content]:
    return {"DIV2K_train_HR.zip": {f"DIV2K_train_HR/000{k}.png": picture("png") for k in (1, 2, 3)}}


def div2k_validation() -> dict[str, Content]:
    return {"DIV2K_valid_HR.zip": {f"DIV2K_valid_HR/080{k}.png": picture("png") for k in (1, 2)}}


def flickr2k() -> dict[str, Content]:
    content = {f"Flickr2K/Flickr2K_HR/00000{k}.png": picture("png") for k in (1, 2)}
    return {"Flickr2K.tar": content | {"Flickr2K/Flickr2K_LR_bicubic/X4/000001x4.png": picture("png", (3, 2))}}


def benchmark() -> dict[str, Content]:
    """The archive of four small sets, each with reduced pictures too."""
    content = {}
    for folder, name in {"Set5": "baby", "Set14": "baboon", "B100": "101085", "Urban100": "img001"}.items():
        content[f"benchmark/{folder}/HR/{name}.png"] = picture("png")
        content[f"benchmark/{folder}/LR_bicubic/X4/{name}x4.png"] = picture("png", (3, 2))
    return {"benchmark.tar": content}


def realsr() -> dict[str, Content]:
    """Pairs at three scales of two cameras; numbers begin anew for the tests."""
    content = {}
    for camera, part, scale in [(c, p, s) for c in ("Canon", "Nikon") for p in ("Train", "Test") for s in (2, 3, 4)]:
        for end in ("HR", f"LR{scale}"):
            content[f"RealSR(V3)/{camera}/{part}/{scale}/{camera}_001_{end}.png"] = picture("png")
    return {"": content}
