"""How many pictures and bytes a configuration needs, from the catalogue, before anything is downloaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from asymmetry import registry
from asymmetry.data import catalog, texture_set
from asymmetry.data.photographs import SCENES, TRAINING
from asymmetry.data.scene_names import named_pictures
from asymmetry.distortions import LEVELS, TYPES
from asymmetry.metrics.piq_metrics import TRUNKS
from asymmetry.networks import published
from asymmetry.plan import Config, Plan

BYTES_PER_PIXEL = 1.7  # of a photograph as PNG: DIV2K has 1.6, KADID-10k 1.5, TID2013 2.1
UNKNOWN_SIDE = 512  # of pictures that are known only once they are read
KINDS = ("generator", "metric", "discriminator", "backbone")


class Volume(NamedTuple):
    """A number of pictures, their pixels altogether, and the scenes that they show."""

    count: int
    pixels: float
    scenes: int


def corpus(config: Config, name: str) -> Volume:
    """The pictures of a corpus of the config, as far as is known before it is made."""
    own = config["corpora"][name]
    match own["object"]:
        case "published":
            return _published(config, own["dataset"])
        case "folder":
            count = sum(map(len, named_pictures(own["path"]).values()))
        case "procedural":
            count = own["images"]
        case "training-pool":
            count = len(TRAINING) + own["procedural_images"]
        case _:
            count = len(SCENES)
    side = own.get("size", own.get("max_size", UNKNOWN_SIDE))
    return Volume(count, count * side**2, count)


def rated(config: Config, name: str) -> Volume:
    """The scored pictures of a rated dataset of the config, as far as is known before it is made."""
    own = config["rated"][name]
    side = own.get("size", UNKNOWN_SIDE)
    match own["object"]:
        case "published":
            return _published(config, own["dataset"])
        case "kadid-emulation":
            scenes = len(own["scenes"]) if "scenes" in own else corpus(config, own["corpus"]).count
            count = scenes * len(own.get("distortions", TYPES)) * len(own.get("levels", LEVELS))
        case "textures":
            distorted = len(texture_set.DISTORTIONS) * len(own.get("levels", texture_set.LEVELS))
            scenes, count = own["textures"], own["textures"] * (len(texture_set.CROPS) + distorted)
        case _:
            table = Path(own.get("path", ""))
            count = len(table.read_text(encoding="utf-8", errors="replace").splitlines()) if table.is_file() else 0
            scenes = count
    return Volume(count, count * side**2, scenes)


def _published(config: Config, name: str) -> Volume:
    """Pictures of a dataset of the catalogue; their pixels from the size of its archive."""
    expected = catalog.dataset(name).expected
    count = max(expected.rows, default=0)
    size = (
        catalog.download_bytes(name, config["downloads"]["sources"].get(name))
        if catalog.dataset(name).sources
        else None
    )
    pixels = size / BYTES_PER_PIXEL if size else count * UNKNOWN_SIDE**2
    return Volume(count, pixels, expected.references or count)


class Bytes(NamedTuple):
    """Bytes to be downloaded and bytes of the unpacked folder; None where a size was not found."""

    download: int | None
    unpacked: int | None


def datasets(config: Config) -> dict[str, Bytes]:
    """The datasets of the catalogue that a run needs; what the user has in a folder already weighs nothing."""
    sources = config["downloads"]["sources"]
    return {
        name: Bytes(0, 0)
        if name in config["downloads"]["folders"]
        else Bytes(catalog.download_bytes(name, sources.get(name)), catalog.unpacked_bytes(name, sources.get(name)))
        for name in Plan(config).used.datasets
    }


def public_weights(config: Config) -> dict[str, int]:
    """Bytes of the public weights that backbones, metrics and judges need, by file, whether they are there or not."""
    used, kinds = Plan(config).used, config["initialisations"]
    names = {
        config["backbones"][name]["object"] for name, init in used.initialised if kinds[init]["kind"] == "published"
    }
    for name in used.metrics:
        own = config["metrics"][name]
        net = own.get("options", {}).get("net", "alex")
        lpips = own["object"] == "lpips"
        names |= {TRUNKS.get(net, net)} if lpips else set(registry.entry("metrics", own["object"]).backbones)
    for name in config["judgement"]["judges"]:
        own = config["judges"][name]["object"]
        entry = registry.entry("judges", own)
        names |= set() if entry.external else {own, *entry.backbones}
    table: Mapping[str, published.Weights] = published.table()
    return {table[name].file: round(table[name].megabytes * 1e6) for name in sorted(names) if name in table}


def results(config: Config, jobs: Mapping[str, int], parameters: Mapping[str, int]) -> dict[str, float]:
    """Bytes that a run leaves in its folder of results, by what they are.

    Args:
        config: checked, merged.
        jobs: by rule.
        parameters: of each network, as `work.Costs` names it.
    """
    restored = BYTES_PER_PIXEL * corpus(config, config["judgement"]["corpus"]).pixels
    used = Plan(config).used
    made = [corpus(config, name) for name in used.corpora if config["corpora"][name]["object"] != "published"]
    made += [rated(config, name) for name in used.rated if config["rated"][name]["object"] != "published"]
    scale = config["tasks"][config["optimization"]["task"]]["scale"]
    packed = 3 * (1 + 1 / scale**2) * corpus(config, config["optimization"]["corpus"]).pixels
    sizes = {kind: [n for name, n in parameters.items() if name.startswith(f"{kind} ")] for kind in KINDS}
    mean = {kind: 4 * sum(found) / len(found) if found else 0.0 for kind, found in sizes.items()}
    backbones = sum(count for rule, count in jobs.items() if rule.endswith("_backbone"))
    opponents = jobs.get("optimize_adversarially", 0)
    return {
        "pictures as PNG": sum(pictures.pixels for pictures in made) * BYTES_PER_PIXEL,
        "training pictures as raw pixels": packed,
        "backbones": backbones * max(mean["backbone"], mean["metric"]),
        "trained generators": (jobs.get("optimize", 0) + opponents) * mean["generator"],
        "their discriminators": opponents * mean["discriminator"],
        "restored pictures": (jobs.get("judge", 0) + 4 * jobs.get("judge_baselines", 0)) * restored,
    }
