"""How good each metric is at assessment: correlations by dataset, and the assessment score A over datasets.

The unit of resampling is the scene. Scenes differ in scale and noise, so the interval is that of the pooled Fisher-z
SRCC (jackknife or bootstrap over scenes), not that of the mean SRCC within scenes, which is another, larger quantity.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from asymmetry import tables
from asymmetry.analysis import correlation, inference, resampling

Tables = Mapping[tuple[str, str], pd.DataFrame]  # dataset, metric -> table of shape assessment


def fisher_srcc(frame: pd.DataFrame) -> float:
    """Fisher's z of the SRCC between the columns `quality` and `score`; NaN below three images."""
    return float(correlation.fisher_z(correlation.srcc(frame["quality"].to_numpy(), frame["score"].to_numpy())))


def z_interval(frame: pd.DataFrame) -> tuple[float, float]:
    """The 95 % interval over scenes of Fisher's z of the SRCC between the columns `quality` and `score`."""
    quality, score = frame["quality"].to_numpy(), frame["score"].to_numpy()
    return resampling.interval(
        lambda rows: float(correlation.fisher_z(correlation.srcc(quality[rows], score[rows]))), clusters(frame)
    )


def clusters(frame: pd.DataFrame) -> list[np.ndarray]:
    """Row positions of each scene, in the order of their names."""
    return list(frame.groupby("scene").indices.values())


def read(cells: Sequence[Mapping[str, Any]]) -> Tables:
    """The tables of all cells: dicts with `dataset`, `metric`, `assessment` (path of a table of shape assessment)."""
    return {(cell["dataset"], cell["metric"]): tables.read(cell["assessment"], "assessment") for cell in cells}


def dataset_table(frames: Tables, output: Path) -> None:
    """Write shape `assessment-datasets`: how each metric does on each dataset."""
    rows = []
    for (dataset, metric), frame in frames.items():
        facts = correlation.summarise(*(frame[name].to_numpy() for name in ("quality", "score", "score_error")))
        low, high = (np.nan, np.nan) if facts["note"] == "constant" else np.tanh(z_interval(frame))
        rows.append(
            {"dataset": dataset, "metric": metric, "images": len(frame)}
            | {"scenes": frame["scene"].nunique(), "srcc_low": low, "srcc_high": high, **facts}
        )
    tables.write(pd.DataFrame(rows, columns=list(tables.SHAPES["assessment-datasets"])), output, "assessment-datasets")


def load(
    cells: Sequence[Mapping[str, Any]], datasets: Collection[str], trained_on: Mapping[str, Collection[str]]
) -> dict[str, dict[str, pd.DataFrame]]:
    """As `counting`, from the cells of `read`."""
    return counting(read(cells), datasets, trained_on)


def counting(
    frames: Tables, datasets: Collection[str], trained_on: Mapping[str, Collection[str]]
) -> dict[str, dict[str, pd.DataFrame]]:
    """Metric -> dataset -> its assessment, of the full-reference `datasets` that the metric has not seen."""
    found: dict[str, dict[str, pd.DataFrame]] = {metric: {} for _, metric in frames}
    for (dataset, metric), frame in frames.items():
        if dataset in datasets and dataset not in trained_on.get(metric, ()):
            found[metric][dataset] = frame
    return found


def score(frames: Mapping[str, pd.DataFrame]) -> float:
    """Assessment score A of one metric: the mean over datasets of Fisher-z SRCC."""
    values = [value for frame in frames.values() if np.isfinite(value := fisher_srcc(frame))]
    return float(np.mean(values)) if values else np.nan


def score_table(
    frames: Tables, datasets: Collection[str], trained_on: Mapping[str, Collection[str]], output: Path
) -> None:
    """Write shape `assessment-scores`: the assessment score A of each metric.

    Args:
        frames: the assessments, of `read`.
        datasets: names of the full-reference datasets that count.
        trained_on: metric -> datasets that its weights have seen, which are left out.
        output: path of the table.
    """
    rows = []
    for metric, own in counting(frames, datasets, trained_on).items():
        low, high = _interval(list(own.values()))
        seen = sorted(set(datasets) & set(trained_on.get(metric, ())))
        rows.append(
            {"metric": metric, "datasets": len(own), "left_out": " ".join(seen)}
            | {"scenes": min((frame["scene"].nunique() for frame in own.values()), default=0)}
            | {"score": score(own), "low": low, "high": high}
        )
    tables.write(pd.DataFrame(rows, columns=list(tables.SHAPES["assessment-scores"])), output, "assessment-scores")


def _interval(frames: Sequence[pd.DataFrame]) -> tuple[float, float]:
    """The 95 % interval of A: datasets are fixed, their scenes are resampled (Welch-Satterthwaite over datasets)."""
    if any(frame["quality"].nunique() == 1 or frame["scene"].nunique() < 2 for frame in frames) or not frames:
        return np.nan, np.nan
    if len(frames) == 1:
        return z_interval(frames[0])
    pseudo = [
        resampling.jackknife(lambda rows, frame=frame: fisher_srcc(frame.iloc[rows]), clusters(frame))
        for frame in frames
    ]
    return inference.average([inference.cluster_means(values).contrast(1) for values in pseudo]).interval()
