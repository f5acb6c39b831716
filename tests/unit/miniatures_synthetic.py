"""Datasets of distorted pictures in miniature: files named, nested and written as published, in few and tiny pictures.

Each function gives the content of every file of a source of the catalogue: name of the file -> path inside of it
-> bytes. The source `manual` is what the authors give by hand, under the name of the mirror's file.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import openpyxl
from PIL import Image
from scipy.io import savemat

Files = dict[str, bytes]

LIVE_REFERENCES = [
    "bikes", "building2", "buildings", "caps", "carnivaldolls", "cemetry", "churchandcapitol", "coinsinfountain",
    "dancers", "flowersonih3", "house", "lighthouse", "lighthouse2", "manfishing", "monarch", "ocean",
    "paintedhouse", "parrots", "plane", "rapids", "sailing1", "sailing2", "sailing3", "sailing4", "statue",
    "stream", "studentsculpture", "woman", "womanhat"
]  # fmt: skip
LIVE_FOLDERS = {  # pictures, and how many of them are originals
    "jp2k": (227, 58),
    "jpeg": (233, 58),
    "wn": (174, 29),
    "gblur": (174, 29),
    "fastfading": (174, 29),
}


@cache
def picture(form: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (6, 4), (10, 200, 90)).save(buffer, form)
    return buffer.getvalue()


def pictures(paths: Iterable[str]) -> Files:
    """A picture for each path, in the format of its suffix."""
    return {path: picture(path.rpartition(".")[2].upper()) for path in paths}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([head, *rows])
    return text.getvalue().encode()


def matlab(**variables: object) -> bytes:
    buffer = io.BytesIO()
    savemat(buffer, variables)
    return buffer.getvalue()


def cells(values: Sequence[str]) -> np.ndarray:
    """A cell array of texts."""
    array = np.empty((1, len(values)), dtype=object)
    array.flat[:] = values
    return array


def workbook(**sheets: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def kadid10k(source: str) -> dict[str, Files]:
    names = [
        (f"I{s:02}_{t:02}_{k:02}.png", f"I{s:02}.png", k) for s in (1, 81) for t in (1, 10, 25) for k in range(1, 6)
    ]
    rows = [(image, reference, round(4.93 - 0.7 * level, 2), 0.496) for image, reference, level in names]
    paths = {f"kadid10k/images/{name}" for image, reference, _ in names for name in (image, reference)}
    files = {"kadid10k/dmos.csv": table(["dist_img", "ref_img", "dmos", "var"], rows)} | pictures(sorted(paths))
    return {"kadid10k.tgz" if source == "mirror" else "kadid10k.zip": files}


def tid2013(source: str) -> dict[str, Files]:
    """Upper and lower case differ between the list and the files, and among the files."""
    names = [(f"{s}_{t:02}_{k}.bmp", k) for s in ("I01", "I02", "I25") for t in (1, 8, 24) for k in range(1, 6)]
    listed = [name if level % 2 else name.lower() for name, level in names]
    stored = [name if level < 3 else name.lower() for name, level in names]
    lines = [f"{7.2 - 1.3 * level:.5f} {name}\r\n" for name, (_, level) in zip(listed, names, strict=True)]
    files = pictures(f"tid2013/reference_images/{name}" for name in ("I01.BMP", "I02.BMP", "i25.bmp"))
    files |= pictures(f"tid2013/distorted_images/{name}" for name in stored)
    files |= {"tid2013/mos_with_names.txt": "".join(lines).encode(), "tid2013/mos_std.txt": b"0.1\r\n" * len(lines)}
    files |= {"tid2013/readme": b"about", "tid2013/reference_images/Thumbs.db": b"\0"}
    return {"tid2013.tgz" if source == "mirror" else "TID2013.zip": files}


def live(source: str) -> dict[str, Files]:
    """982 rows in the order of LIVE_FOLDERS, of which 203 are originals; by hand also the realigned scores."""
    top = "LIVEIQA_release2" if source == "mirror" else "databaserelease2"
    paths, originals, references = [], [], []
    for folder, (count, clean) in LIVE_FOLDERS.items():
        paths += [f"{top}/{folder}/img{number}.bmp" for number in range(1, count + 1)]
        originals += [number % (count // clean) == 0 and number < clean * (count // clean) for number in range(count)]
        references += [f"{LIVE_REFERENCES[number % 29]}.bmp" for number in range(count)]
    flags = np.array([originals], dtype=np.uint8)
    dmos = np.where(flags, 0.0, 20 + np.arange(982.0) / 20)
    files = pictures([*paths, *(f"{top}/refimgs/{name}.bmp" for name in LIVE_REFERENCES)])
    files[f"{top}/dmos.mat"] = matlab(dmos=dmos, orgs=flags)
    files[f"{top}/refnames_all.mat"] = matlab(refnames_all=cells(references))
    files[f"{top}/jp2k/info.txt"] = b"bikes.bmp img1.bmp 0.0 \n"
    if source == "manual":
        realigned = np.where(flags, -2.64, dmos + 10)
        files[f"{top}/dmos_realigned.mat"] = matlab(dmos_new=realigned, dmos_std=np.ones((1, 982)), orgs=flags)
    return {"live.tgz": files}


def csiq(source: str) -> dict[str, Files]:
    """The mirror has a list and one folder of pictures, the authors a workbook and a folder for each distortion."""
    kinds = {"noise": "AWGN", "jpeg": "JPEG", "jpeg 2000": "jpeg2000", "fnoise": "fnoise", "blur": "BLUR"}
    levels = [(kind, level) for kind in kinds for level in range(1, 6)]
    rows = [(scene, *each) for scene in ("1600", "aerial_city") for each in levels]
    rows += [("1600", "contrast", level) for level in range(1, 5)]
    rows += [("aerial_city", "contrast", level) for level in range(1, 4)]  # some have one level fewer
    kinds["contrast"] = "contrast"
    names = [f"{scene}.{kinds[kind]}.{level}" for scene, kind, level in rows]
    files = pictures(["CSIQ/src_imgs/1600.png", "CSIQ/src_imgs/aerial_city.png"])
    if source == "mirror":
        files |= pictures(f"CSIQ/dst_imgs/{name}.png" for name in names)
        lines = [f"{name}.png {0.19 * level:.3f}\n" for name, (*_, level) in zip(names, rows, strict=True)]
        return {"csiq.tgz": files | {"CSIQ/csiq_label.txt": "".join(lines).encode()}}
    files |= pictures(f"CSIQ/dst_imgs/{kinds[k].lower()}/{n}.png" for n, (_, k, _) in zip(names, rows, strict=True))
    numbers = {kind: number for number, kind in enumerate(kinds, start=1)}
    body = [
        [None, None, None, int(scene) if scene.isdecimal() else scene, numbers[kind], kind, level, 0.06, 0.19 * level]
        for scene, kind, level in rows
    ]
    head = [None, None, None, "image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"]
    sheets = {"all_by_distortion": [["CSIQ"], [], head], "all_by_image": [["CSIQ"], [], head, *body]}
    return {"csiq.tgz": files | {"CSIQ/csiq.DMOS.xlsx": workbook(**sheets)}}


def pipal(source: str) -> dict[str, Files]:
    """The mirror has all scores in a table, with those of the validation part; the authors a text for each scene."""
    names = [f"{scene}_{group:02}_{n:02}.bmp" for scene in ("A0001", "A0200") for group in range(7) for n in (0,)]
    scores = {name: 1400.1234 + 10 * number for number, name in enumerate(names)}
    references = pictures(["PIPAL/Train_Ref/A0001.bmp", "PIPAL/Train_Ref/A0200.bmp"])
    if source == "manual":
        files = pictures(f"PIPAL/Distortion_{1 + k % 4}/{name}" for k, name in enumerate(names)) | references
        for scene in ("A0001", "A0200"):
            lines = [f"{name},{score:.4f}\n" for name, score in scores.items() if name.startswith(scene)]
            files[f"PIPAL/Train_Label/{scene}.txt"] = "".join(lines).encode()
        return {"pipal.tar": files}
    rows = [(f"{name[:5]}.bmp", name, score, 0.5, "train") for name, score in scores.items()]
    rows.append(("A0201.bmp", "A0201_00_00.bmp", 1500, 0.5, "val"))
    head = ["hq_name", "dist_name", "elo_score", "scaled_elo_score", "official_split"]
    files = pictures(f"PIPAL/Dist_Imgs/{name}" for name in names) | references
    files |= pictures(["PIPAL/Val_Ref/A0201.bmp", "PIPAL/Val_Dist/A0201_00_00.bmp"])
    meta = {
        "meta_info/meta_info_PIPALDataset.csv": table(head, rows),
        "meta_info/meta_info_AVADataset.csv": b"not wanted",
    }
    return {"pipal.tar": files, "meta_info.tgz": meta}
