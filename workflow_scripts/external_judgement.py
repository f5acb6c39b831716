"""Rules external_judgement and external_baselines: asks judges of pyiqa, which run in an environment of their own.

It reads PNG and writes CSV, and knows nothing of the library: in that environment there are pyiqa, what it needs, and
of Snakemake only the preamble. So the licence and the packages of pyiqa stay outside.
"""

import csv
import logging
import math
import os
import random
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FAMILIES = ("statistics", "learned", "distribution")
COLUMNS = ("scene", "judge", "family", "value", "quality")
HINT = (
    "run with --software-deployment-method conda, or leave out of judgement.judges in the config:"
    " {judges} (docs/judges.md)"
)


class JudgementError(Exception):
    """What a user can do something about, in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


def read(path: Path) -> Any:
    """A picture as a tensor (1, 3, H, W) in [0, 1]."""
    import torch
    from PIL import Image

    try:
        with Image.open(path) as image:
            picture = image.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise JudgementError(f"{path} is not a readable image ({error}). Hint: delete its folder, run again") from None
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return pixels.reshape(1, picture.height, picture.width, 3).permute(0, 3, 1, 2).float() / 255


def make(judges: Mapping[str, Mapping[str, Any]], device: str) -> Iterator[tuple[str, str, Any]]:
    """Name, family and metric of each judge, made one after the other: the largest alone fill a graphics card."""
    try:
        import pyiqa
    except ImportError as error:
        raise JudgementError(
            f"pyiqa cannot be imported ({error}). Hint: {HINT.format(judges=', '.join(judges))}"
        ) from None
    for name, options in judges.items():
        options = dict(options)
        metric, family = options.pop("metric", name), options.pop("family", "learned")
        try:
            made = pyiqa.create_metric(metric, device=device, **options)
        except Exception as error:
            hint = "pyiqa.list_models() has its names; weights are downloaded when they are first used"
            raise JudgementError(f"judge {name}: pyiqa cannot make {metric!r} ({error}). Hint: {hint}") from error
        family = "full-reference" if made.metric_mode == "FR" else family
        if family not in ("full-reference", *FAMILIES):
            raise JudgementError(f"judge {name}: no family {family!r}. Hint: one of {', '.join(FAMILIES)}")
        yield name, family, made
        del made


def value(metric: Any, path: Path, reference: Path | None) -> float:
    """What a metric says of one picture; random crops, which some take, are the same in every run."""
    import numpy
    import torch

    pictures = [read(path)]
    if reference is not None:
        if not reference.is_file():
            raise JudgementError(f"{path} has no reference {reference}.")
        pictures.append(read(reference))
        if pictures[0].shape != pictures[1].shape:
            raise JudgementError(f"{path} and its reference {reference} differ in size.")
    random.seed(0)
    numpy.random.seed(0)
    torch.manual_seed(0)
    with torch.no_grad():
        found = float(metric(*pictures))
    if not math.isfinite(found):
        raise JudgementError(f"the value of {path} is {found}. Hint: leave the judge out of judgement.judges")
    return found


def judge(folders: Mapping[str, Path], references: Path, judges: Mapping[str, Any], device: str) -> Iterator[tuple]:
    """Rows of output, scene, judge, family, value and quality, of all PNG in the folders, which are named by output."""
    pictures = [(output, path) for output, folder in folders.items() for path in sorted(folder.glob("*.png"))]
    if not pictures:
        raise JudgementError(f"no PNG in {', '.join(map(str, folders.values()))}.")
    for name, family, metric in make(judges, device):
        logging.info("%s: %d pictures", name, len(pictures))
        sign = -1 if metric.lower_better else 1
        for output, path in pictures:
            try:
                found = value(metric, path, references / path.name if family == "full-reference" else None)
            except JudgementError as error:
                raise JudgementError(f"judge {name}: {error}") from None
            yield output, path.stem, name, family, found, sign * found
        del metric


def write(columns: tuple[str, ...], rows: list[tuple], path: Path) -> None:
    """Write a CSV whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def main() -> None:
    """One step of the workflow: `outputs` among the params names the folders in `pictures` that are judged apart."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(snakemake.threads)
    logging.basicConfig(filename=snakemake.log[0], filemode="w", level=logging.INFO, force=True)
    pictures, params = Path(snakemake.input.pictures), snakemake.params
    references = Path(snakemake.input.get("references", pictures)) / "reference"
    apart = params.get("outputs")
    folders = {name: pictures / name for name in apart} if apart else {"": pictures}
    try:
        rows = list(judge(folders, references, params.judges, params.device))
    except JudgementError as error:
        logging.error("error: %s", error)
        sys.exit(f"error: {error}")
    except Exception:
        logging.exception("the step failed")
        raise
    columns = ("output", *COLUMNS) if apart else COLUMNS
    write(columns, rows if apart else [row[1:] for row in rows], Path(snakemake.output[0]))


main()
