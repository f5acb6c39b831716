"""Tables of how well each metric agrees with opinions: all measures by dataset, and SRCC by family and reference."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from asymmetry import tables
from asymmetry.analysis.names import counted
from asymmetry.figures import tabular

MEASURES = {
    "srcc": "SRCC ↑", "krcc": "KRCC ↑", "plcc": "PLCC ↑", "plcc_logistic": "PLCC logistic 4 ↑",
    "plcc_logistic5": "PLCC logistic 5 ↑", "rmse": "RMSE ↓", "outlier_ratio": "outlier ratio ↓",
}  # fmt: skip
AFC, WITHIN = "2AFC ↑", "within a reference ↑"
KEYS = ["dataset", "metric"]
CELL = [*KEYS, "column", "value", "low", "high"]
OVER_SCENES = "95 % intervals over scenes (Student's t on a jackknife below 30 scenes, BCa bootstrap from 30 on)"


def correlation_tables(
    datasets: Path, breakdown: Path, preferences: Sequence[Path], stem: Path, families: Path, scale: str = ""
) -> None:
    """Write `<stem>` and `<families>`, each as `.csv`, `.md`, `.tex` and `.html`.

    Args:
        datasets: table of shape assessment-datasets.
        breakdown: table of shape assessment-breakdown.
        preferences: tables of shape preference-agreement, none or one.
        stem: path without a suffix of the table of all measures by dataset.
        families: the same of SRCC by family of distortions, and within a reference.
        scale: the rated sets, for the note under the tables.
    """
    whole = tables.read(datasets, "assessment-datasets").sort_values("srcc", ascending=False, kind="stable")
    whole["dataset"] = pd.Categorical(whole["dataset"], whole["dataset"].unique())
    whole = whole.sort_values("dataset", kind="stable")
    shown = {name: head for name, head in MEASURES.items() if whole[name].notna().any()}
    long = whole.melt(KEYS, list(shown), "column", "value").replace({"column": shown})
    limits = whole.assign(column=MEASURES["srcc"]).rename(columns={"srcc_low": "low", "srcc_high": "high"})
    long = long.merge(limits[[*KEYS, "column", "low", "high"]], on=[*KEYS, "column"], how="left")
    agreed = [tables.read(path, "preference-agreement").query("family == 'all'") for path in preferences]
    pairs = [frame.rename(columns={"agreement": "value"}).assign(column=AFC) for frame in agreed]
    note = [
        f"n = {counted(whole['images'], 'image')} of {counted(whole['scenes'], 'scene')}.",
        f"Brackets: {OVER_SCENES}.",
        "PLCC is without a fit, then after the 4- and the 5-parameter logistic; RMSE and outlier ratio are after the",
        "former, on the scale of opinions in [0, 1].",
        f"2AFC: share of raters who agree, .5 knows nothing; {_pairs(agreed)}." if pairs else "",
        *(f"{row.metric} on {row.dataset}: {row.note}." for row in whole.itertuples() if row.note),
        scale,
    ]
    tabular.write(pd.concat([long, *pairs])[CELL], KEYS, stem, "Agreement of metrics with opinions", note, {})
    parts = tables.read(breakdown, "assessment-breakdown")
    order = list(whole[KEYS].itertuples(index=False, name=None))
    long = _by_group(parts)
    known = {key: place for place, key in enumerate(order)}
    place = [known[key] for key in long[KEYS].itertuples(index=False, name=None)]
    long = long.iloc[pd.Series(place).argsort(kind="stable")]
    note = [
        "SRCC with opinions within each family of distortions.",
        f"Brackets: {OVER_SCENES}.",
        "Within a reference: the median over references of the SRCC over one's images; brackets: the lowest and the",
        "highest.",
        scale,
    ]
    title = "Agreement of metrics with opinions by family of distortions"
    tabular.write(long, KEYS, families, title, note, {})


def _pairs(agreed: Sequence[pd.DataFrame]) -> str:
    frame = pd.concat(agreed)
    return f"{counted(frame['pairs'], 'pair')} of {counted(frame['scenes'], 'scene')}"


def _by_group(breakdown: pd.DataFrame) -> pd.DataFrame:
    """Columns `CELL`: each family, then the references of a dataset in one column."""
    family = breakdown[breakdown["kind"] == "family"].rename(columns={"srcc": "value"})
    family = family.assign(column=family["group"] + " ↑")
    scenes = breakdown[breakdown["kind"] == "scene"].groupby(KEYS, sort=False)["srcc"]
    within = scenes.agg(value="median", low="min", high="max").reset_index().assign(column=WITHIN)
    return pd.concat([family[CELL], within[CELL]], ignore_index=True)
