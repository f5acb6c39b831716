"""The estimate as tables for people, with everything that it assumes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import pandas as pd

from asymmetry.estimation.probe import GIGABYTES, SECONDS, Work
from asymmetry.estimation.volume import BYTES_PER_PIXEL
from asymmetry.estimation.work import JUDGED, LARGEST_CROP, LAUNCHES, LOW_CROP, PICTURE


class Gpu(NamedTuple):
    """Peaks of a card in 10^12 operations a second: float32 outside the tensor cores, dense bfloat16 within them."""

    float32: float
    bfloat16: float


GPUS = {"RTX 4090": Gpu(82.6, 165.2), "A100": Gpu(19.5, 312), "H100 SXM": Gpu(66.9, 989.4)}
UTILISATION = 0.17  # of the float32 peak: what SwinIR's authors had on eight RTX 2080 Ti
AT_ONCE = 2  # downloads, as in profiles/default
AT_BEST = 0.35  # of the bfloat16 peak where autocast works, else of the float32 peak


def stages(jobs: Mapping[str, int], made: Mapping[str, Work]) -> dict[str, dict[str, Any]]:
    """Jobs, work and hours of each stage."""
    return {
        stage: {
            "jobs": jobs.get(stage, 0),
            **asdict(work := made.get(stage, Work())),
            "hours": {name: hours(work, UTILISATION * gpu.float32) for name, gpu in GPUS.items()},
            "hours_at_best": {
                name: hours(work, AT_BEST * gpu.float32, AT_BEST * gpu.bfloat16) for name, gpu in GPUS.items()
            },
        }
        for stage in dict.fromkeys([*jobs, *made])
    }


def hours(work: Work, float32: float, bfloat16: float | None = None) -> float:
    """Hours on a GPU that does so many 10^12 operations a second; what may be in bfloat16 is by default not."""
    seconds = (work.flops - work.bfloat16) / float32 + work.bfloat16 / (bfloat16 or float32)
    return (seconds / 1e12 + work.overhead) / 3600


def notes(found: Sequence[str], skipped: Sequence[str], device: str) -> list[str]:
    """Every assumption, a sentence each."""
    peaks = "; ".join(f"{name} {gpu.float32:g} and {gpu.bfloat16:g}" for name, gpu in GPUS.items())
    own = [
        "Jobs are counted by Snakemake, in a dry run of `all` with everything forced: what is already there is not"
        " subtracted.",
        "Hours of this machine: one training step of each network, at batch 1 on crops of at most"
        f" {LARGEST_CROP} pixels ({LOW_CROP} low-resolution pixels for the generator), in at most {SECONDS:.0f} s and"
        f" {GIGABYTES:.0f} GB of activations altogether; extrapolated linearly in pixels, batch and steps. One job at a"
        " time.",
        "GPU hours come from counted operations of matrix products and convolutions, not from a measurement:"
        f" {100 * UTILISATION:.0f} % of the card's float32 peak outside tensor cores (what 500,000 steps of SwinIR x2"
        f" in 1.8 days on eight RTX 2080 Ti come to). At best it is {100 * AT_BEST:.0f} %: of the bfloat16 peak in"
        " generators, discriminators and finetuned quality models, of the float32 peak in metrics, assessment and"
        f" judgement, which stay in float32. Peaks, TFLOP/s: {peaks}. Operations of metrics without a network are"
        " hardly counted.",
        f"Beside that, on a GPU {PICTURE} s a picture in assessment and transfer and {LAUNCHES} s a training step; on"
        f" any machine {JUDGED:.0f} s a megapixel and judge.",
        "The forward pass is a third of a training step. Figures, tables, analysis, fits of judges and of channel"
        " weights are counted as jobs, not as hours.",
        f"Pixels of published datasets are guessed from their archives, {BYTES_PER_PIXEL} bytes a pixel; other pictures"
        " from their definitions. An archive is deleted once it is unpacked.",
    ]
    if device == "cuda":
        own.append(
            "This machine's hours were measured on its GPU, which batch 1 does not fill: they are an upper bound."
        )
    if skipped:
        names = ", ".join(skipped)
        own.append(
            "Not measured, for want of time or memory, and counted as the costliest that was measured of its kind"
            f" (metrics with a network are a kind of their own); where none was, hours are `?`: {names}."
        )
    return own + list(dict.fromkeys(found))


def markdown(content: Mapping[str, Any]) -> str:
    """The tables of `estimation.figures`."""
    machine = f"this machine ({content['machine']['device']}, {content['machine']['threads']} thread(s))"
    rows = [
        {"stage": stage, "jobs": own["jobs"], machine: _time(own["seconds"] / 3600)}
        | {name: _time(value) for name, value in own["hours"].items()}
        for stage, own in content["stages"].items()
    ]
    found = list(content["stages"].values())
    total = {"stage": "all", "jobs": sum(own["jobs"] for own in found)}
    total |= {machine: _time(sum(own["seconds"] for own in found) / 3600)}
    best = {"stage": "all, at best", "jobs": "", machine: ""}
    for name in GPUS:
        total[name] = _time(sum(own["hours"][name] for own in found))
        best[name] = _time(sum(own["hours_at_best"][name] for own in found))
    parts = [_table([*rows, total, best]), _volume(content), *(f"* {note}" for note in content["notes"])]
    return "\n".join(parts) + "\n"


def _volume(content: Mapping[str, Any]) -> str:
    downloads = content["downloads"]
    rows = [{"to download": name, "GB": _giga(own["download"]), "unpacked, GB": _giga(own["unpacked"])}
            for name, own in downloads.items()]  # fmt: skip
    rows += [{"to download": name, "GB": _giga(size), "unpacked, GB": ""} for name, size in content["weights"].items()]
    known = sum(own["download"] or 0 for own in downloads.values()) + sum(content["weights"].values())
    unpacked = sum(own["unpacked"] or 0 for own in downloads.values())
    missing = [name for name, own in downloads.items() if own["download"] is None]
    made = sum(content["results"].values())
    parts = [f"{name} {_giga(size)}" for name, size in content["results"].items() if size >= 5e6]
    rows.append({"to download": "all", "GB": _giga(known), "unpacked, GB": _giga(unpacked)})
    lines = ["", _table(rows), ""] if downloads or content["weights"] else ["", "Nothing is downloaded.", ""]
    disk = _giga(unpacked + sum(content["weights"].values()) + made)
    largest = sum(sorted(own["download"] or 0 for own in downloads.values())[-AT_ONCE:])
    peak = f", and while datasets are unpacked up to {_giga(largest)} GB more" if largest else ""
    lines.append(f"Results, GB: {', '.join([_giga(made), *parts])}. Disk altogether: {disk} GB{peak}.")
    if missing:
        lines.append(f"Of unknown size, so not in the sums: {', '.join(missing)}.")
    return "\n".join([*lines, ""])


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


def _giga(size: float | None) -> str:
    return "?" if size is None else f"{size / 1e9:,.2f}"


def _time(hours: float) -> str:
    """Hours in the unit that suits them; `?` where they are unknown (NaN)."""
    if math.isnan(hours):
        return "?"
    if not hours:
        return "-"
    for unit, length in (("days", 24.0), ("h", 1.0), ("min", 1 / 60)):
        if hours >= (3 if unit == "days" else 1) * length:
            return f"{hours / length:,.1f} {unit}"
    return f"{hours * 3600:.0f} s"
