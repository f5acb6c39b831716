"""Published figures beside ours: what was reproduced, what was missed, what was not run."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from asymmetry import tables
from asymmetry.analysis.preferences import ALL
from asymmetry.artifacts import atomic

Names = Mapping[str, str]
MEASURES = {
    "srcc": "SRCC",
    "krcc": "KRCC",
    "plcc": "PLCC",
    "plcc-logistic": "PLCC, logistic",
    "2afc": "2AFC",
    "psnr-y": "Y-PSNR, dB",
}
CORRELATIONS = ("srcc", "krcc", "plcc", "plcc-logistic")
TOLERANCE, DECIBELS = 0.02, 0.1  # of correlations and agreements; of psnr-y
HUMAN = "human"  # one rater against the others
NOT_RUN, WITHIN, MISSED, OTHER, UNDEFINED = "not run here", "within", "missed", "other definition", "undefined here"
KEYS = ["metric", "dataset", "name", "note", "protocol", "source"]
HERE = ["metric", "dataset", "measure", "name", "here"]


def reproduction_table(published: Path, measured: pd.DataFrame, output: Path) -> None:
    """Write shape `reproduction` as CSV and, beside it with the suffix .md, as a table for people.

    Args:
        published: table of shape published-figures.
        measured: what was measured here, rows of `correlations`, `agreements` and `restorations`.
        output: path of the CSV.
    """
    frame = compared(tables.read(published, "published-figures"), measured)
    tables.write(frame, output, "reproduction")
    with atomic(output.with_suffix(".md")) as temporary:
        temporary.write_text(markdown(frame), encoding="utf-8")


def correlations(frame: pd.DataFrame, objects: Names, datasets: Names) -> pd.DataFrame:
    """Our correlations with opinions (shape assessment-datasets), as `compared` takes them.

    Args:
        frame: of every metric and dataset of the run.
        objects: the published name of each metric of the config that is run as published (`lpips-vgg` is lpips on
            VGG-16); others are left out.
        datasets: the name in the catalogue of each dataset of the config that is published; others are left out.
    """
    frame = _named(frame.rename(columns={"plcc_logistic": "plcc-logistic"}), objects, datasets)
    return frame.melt(["metric", "dataset", "name"], list(CORRELATIONS), var_name="measure", value_name="here")[HERE]


def agreements(frame: pd.DataFrame, objects: Names, datasets: Names) -> pd.DataFrame:
    """Our agreement with preferences (shape preference-agreement), and that of one rater with the others."""
    frame = frame[frame["family"] == ALL]
    own = _named(frame, objects, datasets).rename(columns={"agreement": "here"})
    raters = frame.drop_duplicates("dataset").assign(metric=HUMAN)
    raters = _named(raters, {HUMAN: HUMAN}, datasets).rename(columns={"human": "here"})
    return pd.concat([part.assign(measure="2afc")[HERE] for part in (own, raters)])


def restorations(frame: pd.DataFrame, generators: Names, judges: Collection[str], dataset: str) -> pd.DataFrame:
    """Our mean Y-PSNR of what was restored without a perceptual loss (shape baselines).

    Args:
        frame: of every output, scene and judge.
        generators: the published name of each output that is made as published.
        judges: names of the judges that are Y-PSNR.
        dataset: the name in the catalogue of the judged pictures.
    """
    frame = frame[frame["judge"].isin(judges) & frame["output"].isin(generators)]
    means = frame.groupby("output", as_index=False)["value"].mean()
    means = means.rename(columns={"output": "name", "value": "here"})
    return means.assign(metric=means["name"].map(generators), dataset=dataset, measure="psnr-y")[HERE]


def _named(frame: pd.DataFrame, objects: Names, datasets: Names) -> pd.DataFrame:
    """The rows that have published names, with these; `name` is the metric's in the config."""
    known = frame[frame["metric"].isin(objects) & frame["dataset"].isin(datasets)]
    names = {"metric": known["metric"].map(objects), "dataset": known["dataset"].map(datasets)}
    return known.assign(name=known["metric"], **names)


def compared(published: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Published figures (shape published-figures) with ours: shape `reproduction`.

    Every published figure is there, once for each of our own of that metric, dataset and measure, or once as `not run
    here`.
    """
    frame = published.rename(columns={"value": "published"}).merge(measured, "left", ["metric", "dataset", "measure"])
    frame["here"] = frame["here"].astype(float)
    frame["difference"] = frame["here"] - frame["published"]
    tolerance = frame["measure"].map({"psnr-y": DECIBELS}).fillna(TOLERANCE)
    frame["verdict"] = frame["difference"].abs().le(tolerance).map({True: WITHIN, False: MISSED})
    frame.loc[frame["same_definition"] == "no", "verdict"] = OTHER
    frame.loc[frame["here"].isna(), "verdict"] = UNDEFINED
    frame.loc[frame["name"].isna(), "verdict"] = NOT_RUN
    return frame.fillna({"name": ""})[list(tables.SHAPES["reproduction"])]


def markdown(frame: pd.DataFrame) -> str:
    """Shape `reproduction` as Markdown: a line for each metric, dataset and source, its measures side by side."""
    sources = list(dict.fromkeys(zip(frame["protocol"], frame["source"], strict=True)))
    lines = []
    for (metric, dataset, name, note, *source), rows in frame.groupby(KEYS, sort=False):
        figures = {row.measure: _figure(row.published, row.here) for row in rows.itertuples()}
        lines.append(
            {"metric": metric if name in ("", metric) else f"{metric} ({name})", "dataset": dataset}
            | {head: figures.get(measure, "") for measure, head in MEASURES.items()}
            | {"here": _verdict(rows), "note": note, "source": f"[{sources.index(tuple(source)) + 1}]"}
        )
    table = pd.DataFrame(lines).to_markdown(index=False, disable_numparse=True)
    notes = [f"{number}. {protocol}: {place}" for number, (protocol, place) in enumerate(sources, start=1)]
    return "\n".join([table, "", _summary(frame), "", *notes, ""])


def _figure(published: float, here: float) -> str:
    digits = 3 if abs(published) <= 1 else 2
    return f"{published:.{digits}f}" if pd.isna(here) else f"{published:.{digits}f} / {here:.{digits}f}"


def _verdict(rows: pd.DataFrame) -> str:
    """The verdict of a line; of several the worst, with every miss and its size."""
    missed = [f"{MEASURES[row.measure]} {row.difference:+.3f}" for row in rows.itertuples() if row.verdict == MISSED]
    if missed:
        return f"missed: {', '.join(missed)}"
    verdict = UNDEFINED if UNDEFINED in set(rows["verdict"]) else rows["verdict"].iloc[0]
    decibels = (rows["measure"] == "psnr-y").any()
    return f"within {f'{DECIBELS} dB' if decibels else TOLERANCE}" if verdict == WITHIN else verdict


def _summary(frame: pd.DataFrame) -> str:
    count = frame["verdict"].value_counts()
    return (
        f"Published, or published / here. Of {len(frame)} figures {count.get(NOT_RUN, 0)} were not run here,"
        f" {count.get(WITHIN, 0)} agree within {TOLERANCE} ({DECIBELS} dB), {count.get(MISSED, 0)} are missed by more,"
        f" {count.get(OTHER, 0)} come from another definition or protocol and cannot agree exactly,"
        f" {count.get(UNDEFINED, 0)} are undefined here."
    )
