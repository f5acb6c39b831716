"""The shape of every table that passes between steps, documented and checked in this one place.

A shape maps each column, in order, to its type and meaning. `write` and `read` refuse a table of another shape and a
missing value where none is allowed. Paths in a table are relative to its folder.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from asymmetry.artifacts import atomic
from asymmetry.errors import UserError


@dataclass(frozen=True)
class Column:
    """A column's type (`text`, `integer` or `number`), its meaning, and whether a number may be missing."""

    type: Literal["text", "integer", "number"]
    meaning: str
    optional: bool = False


IMAGE = Column("text", "path of the image, relative to this table's folder")
SCENE = Column("text", "the scene it shows: the unit of every split")
DISTORTION = Column("text", "name of the distortion, empty for none")
FAMILY = Column("text", "family of the distortion, empty for none")
LEVEL = Column("integer", "level of the distortion, 0 for none")
SCORE = Column("number", "opinion score in [0, 1], higher is better, min-max scaled over the dataset")
CELL = {
    "objective": Column("text", "name of the objective in the config"),
    "discriminator": Column("text", "name of the discriminator in the config, or none"),
    "weight": Column("number", "weight of the adversarial term"),
    "seed": Column("integer", "seed of the training"),
}
JUDGE = Column("text", "name of the judge in the config")
JUDGE_FAMILY = Column("text", "full-reference, statistics, learned or distribution")
VALUE = Column("number", "the value as the metric or judge defines it")
QUALITY = Column("number", "the value turned so that higher is better")
METRIC = Column("text", "name of the metric in the config")
MEASURE = Column("text", "realism (the optimization score O), fidelity, or one family of realism judges")
OPTIMIZATION = Column("number", "gain over the pretrained generator, in standard deviations over cells", optional=True)
LOW = Column("number", "lower end of the 95 % interval over scenes", optional=True)
HIGH = Column("number", "upper end of the 95 % interval over scenes", optional=True)
RANK = Column("number", "1 for the best, ties share their mean rank", optional=True)
SPREAD = Column("number", "standard deviation over seeds, empty with one seed", optional=True)
SCENES = Column("integer", "number of scenes")
SEEDS = Column("integer", "number of seeds")
DIVERGED = Column("integer", "number of seeds whose training diverged")
CELL_WITHOUT_SEED = {name: column for name, column in CELL.items() if name != "seed"}
SETTING = {name: column for name, column in CELL.items() if name in {"discriminator", "weight"}}
ARM = {
    "mode": Column("text", "fr or nr"),
    "dataset": Column("text", "name of the rated dataset in the config"),
    "backbone": Column("text", "name of the backbone in the config"),
    "initialisation": Column("text", "name of the initialisation in the config"),
    "protocol": Column("text", "scene (leave one scene out) or family (leave one distortion family out)"),
}

SHAPES: dict[str, dict[str, Column]] = {
    "corpus": {
        "image": IMAGE,
        "scene": SCENE,
        "label": Column("text", "class of a generated image, empty for a photograph"),
        "credit": Column("text", "where the picture comes from"),
        "height": Column("integer", "pixels"),
        "width": Column("integer", "pixels"),
    },
    "rated": {
        "image": IMAGE,
        "reference": Column("text", "path of the reference, relative to this table's folder; empty without one"),
        "scene": SCENE,
        "distortion": DISTORTION,
        "family": FAMILY,
        "level": LEVEL,
        "score": SCORE,
        "raw_score": Column("number", "the score as published, in its own unit and direction"),
    },
    "assessment": {
        "image": IMAGE,
        "scene": SCENE,
        "distortion": DISTORTION,
        "family": FAMILY,
        "level": LEVEL,
        "score": SCORE,
        "value": VALUE,
        "quality": QUALITY,
    },
    "history": {
        "step": Column("integer", "training step, from 1"),
        "reconstruction": Column("number", "L1 between output and reference, unweighted", optional=True),
        "perceptual": Column("number", "perceptual distance, before its scale", optional=True),
        "adversarial": Column("number", "generator's adversarial loss, unweighted", optional=True),
        "discriminator": Column("number", "discriminator's loss", optional=True),
        "accuracy": Column("number", "share of logits on the right side of 0, real and fake", optional=True),
        "gradient_ratio": Column(
            "number", "norm of w dL_adv/dx over norm of d(L_rec + lambda L_perc)/dx, x the output", optional=True
        ),
    },
    "judgement": {
        "scene": SCENE,
        "judge": JUDGE,
        "family": JUDGE_FAMILY,
        "value": VALUE,
        "quality": QUALITY,
    },
    "baselines": {
        "output": Column("text", "reference, noisy-reference, pretrained or bicubic"),
        "scene": SCENE,
        "judge": JUDGE,
        "family": JUDGE_FAMILY,
        "value": VALUE,
        "quality": QUALITY,
    },
    "predictions": {
        "image": IMAGE,
        "scene": SCENE,
        "distortion": DISTORTION,
        "family": FAMILY,
        "level": LEVEL,
        "fold": Column("text", "the scene, or the distortion family, left out of training when this was predicted"),
        "protocol": Column("text", "scene (leave one scene out) or family (leave one distortion family out)"),
        "score": SCORE,
        "prediction": Column("number", "predicted score"),
    },
    "assessment-datasets": {
        "dataset": Column("text", "name of the rated dataset in the config"),
        "metric": METRIC,
        "images": Column("integer", "number of images"),
        "scenes": SCENES,
        "srcc": Column("number", "Spearman's rank correlation with the opinion score, over all images", optional=True),
        "srcc_low": LOW,
        "srcc_high": HIGH,
        "krcc": Column("number", "Kendall's tau-b", optional=True),
        "plcc": Column("number", "Pearson's correlation without a fit", optional=True),
        "plcc_logistic": Column("number", "Pearson's correlation after the 4-parameter logistic", optional=True),
        "note": Column("text", "why a number is a convention, empty otherwise"),
    },
    "assessment-scores": {
        "metric": METRIC,
        "datasets": Column("integer", "number of datasets that count"),
        "scenes": SCENES,
        "score": Column("number", "assessment score A: mean Fisher-z SRCC over datasets", optional=True),
        "low": LOW,
        "high": HIGH,
        "left_out": Column("text", "datasets left out because the metric has seen them, separated by spaces"),
    },
    "judges": {
        "judge": JUDGE,
        "family": JUDGE_FAMILY,
        "scenes": SCENES,
        "over_pretrained": Column("number", "share of scenes with the reference above the pretrained generator"),
        "over_bicubic": Column("number", "share of scenes with the pretrained generator above bicubic"),
        "over_noise": Column("number", "share of scenes with the reference above the noisy reference"),
        "share": Column("number", "share of scenes with all three"),
        "spread": Column("number", "standard deviation over cells of the mean quality", optional=True),
        "verdict": Column("text", "valid, not valid here, or cannot tell cells apart"),
    },
    "judge-means": {
        **CELL_WITHOUT_SEED,
        "judge": JUDGE,
        "family": JUDGE_FAMILY,
        "value": VALUE,
        "low": LOW,
        "high": HIGH,
        "higher_is_better": Column("text", "yes or no: direction of the value"),
        "seeds": SEEDS,
        "scenes": SCENES,
    },
    "gains": {
        **CELL,
        "status": Column("text", "completed or diverged"),
        "scene": SCENE,
        "judge": JUDGE,
        "family": JUDGE_FAMILY,
        "gain": Column("number", "quality minus the pretrained generator's, over the judge's spread over cells"),
    },
    "optimization-scores": {
        "measure": MEASURE,
        **CELL_WITHOUT_SEED,
        "score": OPTIMIZATION,
        "low": LOW,
        "high": HIGH,
        "ranked": Column("number", "the score that ranks: diverged cells lie below all others", optional=True),
        "seed_spread": SPREAD,
        "seeds": SEEDS,
        "scenes": SCENES,
        "diverged": DIVERGED,
        "note": Column("text", "why there is no score, empty otherwise"),
    },
    "asymmetry-metrics": {
        **SETTING,
        "metric": METRIC,
        "objective": CELL["objective"],
        "assessment": Column("number", "assessment score A", optional=True),
        "assessment_low": LOW,
        "assessment_high": HIGH,
        "assessment_rank": RANK,
        "optimization": OPTIMIZATION,
        "optimization_low": LOW,
        "optimization_high": HIGH,
        "optimization_rank": RANK,
        "shift": Column("number", "rank in optimization minus rank in assessment: above 0 is worse as a loss", True),
        "seeds": SEEDS,
        "scenes": SCENES,
        "diverged": DIVERGED,
    },
    "asymmetry": {
        **SETTING,
        "metrics": Column("integer", "number of metrics that have both scores"),
        "scenes": Column("integer", "number of scenes, the smaller of assessment and optimization"),
        "seeds": SEEDS,
        "rho": Column("number", "Spearman's rho of A and O over metrics", optional=True),
        "rho_low": Column("number", "lowest rho with one metric left out", optional=True),
        "rho_high": Column("number", "highest rho with one metric left out", optional=True),
        "reliability_assessment": Column("number", "split-half reliability of A over scenes", optional=True),
        "reliability_optimization": Column("number", "split-half reliability of O over scenes, seeds", optional=True),
        "index": Column("number", "asymmetry index 1 - rho / sqrt(product of the reliabilities)", optional=True),
        "verdict": Column("text", "estimate, inconclusive or undefined"),
        "reason": Column("text", "why it is no more than that, empty for an estimate"),
    },
    "transfer": {
        **ARM,
        "images": Column("integer", "number of predictions of one seed"),
        "scenes": SCENES,
        "seeds": SEEDS,
        "srcc": Column("number", "SRCC within a fold, averaged over folds and seeds as Fisher's z", optional=True),
        "srcc_low": LOW,
        "srcc_high": HIGH,
        "srcc_spread": SPREAD,
        "plcc": Column("number", "PLCC without a fit, averaged in the same way", optional=True),
        "plcc_low": LOW,
        "plcc_high": HIGH,
        "plcc_spread": SPREAD,
    },
    "fig7": {
        "measure": MEASURE,
        **CELL_WITHOUT_SEED,
        "gradient_ratio": Column("number", "median over seeds and logged steps of the gradient ratio", optional=True),
        "score": OPTIMIZATION,
        "low": LOW,
        "high": HIGH,
        "seed_spread": SPREAD,
        "seeds": SEEDS,
        "scenes": SCENES,
        "diverged": DIVERGED,
    },
    "qualitative": {
        "scene": SCENE,
        "label": Column("text", "what made the picture, as printed above its column"),
        "image": IMAGE,
        "top": Column("integer", "first row of the crop, pixels"),
        "left": Column("integer", "first column of the crop, pixels"),
        "size": Column("integer", "height and width of the crop, pixels"),
        "energy": Column("number", "high-frequency energy of the whole picture over the reference's"),
        "scores": Column("text", "the judges' values, as printed under the crop"),
    },
}


def _check(frame: pd.DataFrame, shape: str, path: str | Path) -> pd.DataFrame:
    columns = SHAPES[shape]
    if list(frame.columns) != list(columns):
        raise UserError(f"{path} is no {shape} table: columns {list(frame.columns)}, expected {list(columns)}.")
    frame = frame.copy()
    for name, column in columns.items():
        if column.type == "text":
            frame[name] = frame[name].fillna("").astype(str)
            continue
        frame[name] = pd.to_numeric(frame[name], errors="coerce")
        if not column.optional and frame[name].isna().any():
            row = int(frame[name].isna().to_numpy().argmax())
            raise UserError(f"{path}: no number in column {name!r}, row {row + 1} ({column.meaning}).")
        if column.type == "integer":
            frame[name] = frame[name].astype(int)
    return frame


def write(frame: pd.DataFrame, path: str | Path, shape: str) -> None:
    """Write a table of the named shape as CSV, atomically; columns are put into the shape's order."""
    missing = [name for name in SHAPES[shape] if name not in frame.columns]
    if missing:
        raise ValueError(f"{path}: columns {missing} of shape {shape!r} are missing")
    frame = _check(frame[list(SHAPES[shape])], shape, path)
    with atomic(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")


def read(path: str | Path, shape: str) -> pd.DataFrame:
    """Read and check a table of the named shape; text columns hold `str`, empty where nothing is said."""
    text = {name: str for name, column in SHAPES[shape].items() if column.type == "text"}
    try:
        frame = pd.read_csv(path, dtype=text, keep_default_na=False, na_values={n: [""] for n in SHAPES[shape]})
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a table: {error}.", "delete it and run again") from None
    return _check(frame, shape, path)
