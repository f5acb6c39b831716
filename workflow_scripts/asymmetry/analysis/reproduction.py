"""Published figures of metrics beside ours: what was reproduced, what was missed, what was not run."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from asymmetry import tables
from asymmetry.artifacts import atomic

Names = Mapping[str, str]
TOLERANCE = 0.02
MEASURES = {"srcc": "SRCC", "krcc": "KRCC", "plcc": "PLCC", "plcc-logistic": "PLCC, logistic"}
NOT_RUN, WITHIN, MISSED, OTHER, UNDEFINED = "not run here", "within", "missed", "other definition", "undefined here"
KEYS = ["metric", "dataset", "name", "note", "protocol", "source"]


def reproduction_table(
    published: Path, assessment_datasets: Path, objects: Names, datasets: Names, output: Path
) -> None:
    """Write shape `reproduction` as CSV and, beside it with the suffix .md, as a table for people.

    Args:
        published: table of shape published-figures.
        assessment_datasets: table of shape assessment-datasets: what was measured here.
        objects: the published name of each metric of the config that is run as published (`lpips-vgg` is lpips on
            VGG-16); others are left out.
        datasets: the name in the catalogue of each dataset of the config that is published; others are left out.
        output: path of the CSV.
    """
    measured = tables.read(assessment_datasets, "assessment-datasets")
    frame = compared(tables.read(published, "published-figures"), measured, objects, datasets)
    tables.write(frame, output, "reproduction")
    with atomic(output.with_suffix(".md")) as temporary:
        temporary.write_text(markdown(frame), encoding="utf-8")


def compared(published: pd.DataFrame, measured: pd.DataFrame, objects: Names, datasets: Names) -> pd.DataFrame:
    """Published figures (shape published-figures) with ours (shape assessment-datasets): shape `reproduction`.

    Every published figure is there, once for each metric of the config that was run as published on its dataset, or
    once as `not run here`. `objects` and `datasets` are those of `reproduction_table`.
    """
    here = measured.rename(columns={"metric": "name", "plcc_logistic": "plcc-logistic"})
    known = {"metric": here["name"].map(objects), "dataset": here["dataset"].map(datasets)}
    here = here.assign(**{key: names.astype(object) for key, names in known.items()}).melt(
        ["metric", "name", "dataset"], list(MEASURES), var_name="measure", value_name="here"
    )
    frame = published.rename(columns={"value": "published"}).merge(here, "left", ["metric", "dataset", "measure"])
    frame["here"] = frame["here"].astype(float)
    frame["difference"] = frame["here"] - frame["published"]
    frame["verdict"] = frame["difference"].abs().le(TOLERANCE).map({True: WITHIN, False: MISSED})
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
    return f"{published:.3f}" if pd.isna(here) else f"{published:.3f} / {here:.3f}"


def _verdict(rows: pd.DataFrame) -> str:
    """The verdict of a line; of several the worst, with every miss and its size."""
    missed = [f"{MEASURES[row.measure]} {row.difference:+.3f}" for row in rows.itertuples() if row.verdict == MISSED]
    if missed:
        return f"missed: {', '.join(missed)}"
    verdict = UNDEFINED if UNDEFINED in set(rows["verdict"]) else rows["verdict"].iloc[0]
    return f"within {TOLERANCE}" if verdict == WITHIN else verdict


def _summary(frame: pd.DataFrame) -> str:
    count = frame["verdict"].value_counts()
    return (
        f"Published, or published / here. Of {len(frame)} figures {count.get(NOT_RUN, 0)} were not run here,"
        f" {count.get(WITHIN, 0)} agree within {TOLERANCE}, {count.get(MISSED, 0)} are missed by more,"
        f" {count.get(OTHER, 0)} come from another definition or protocol and cannot agree exactly,"
        f" {count.get(UNDEFINED, 0)} are undefined here."
    )
