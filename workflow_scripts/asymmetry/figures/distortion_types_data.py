"""The data of the figure of distortion types."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from asymmetry import tables
from asymmetry.distortions import TYPES


def distortion_types_data(breakdown: Path, initialisations: Mapping[str, str], output: Path) -> None:
    """Write shape `distortion-types`: SRCC by dataset, type and metric, in the order in which they are drawn.

    Types are in KADID-10k's order, those of other datasets follow in their own. Metrics are grouped by initialisation
    (first those without a network, then as in `initialisations`), in a group the best on average comes first.

    Args:
        breakdown: table of shape assessment-breakdown.
        initialisations: metric -> name of its initialisation, empty for a metric without a network.
        output: path of the table.
    """
    frame = tables.read(breakdown, "assessment-breakdown").query("kind == 'distortion'")
    frame = frame.rename(columns={"group": "distortion"})
    frame["initialisation"] = frame["metric"].map(initialisations).fillna("")
    frame["family"] = [TYPES[name].family if name in TYPES else "other" for name in frame["distortion"]]
    groups = sorted(dict.fromkeys(["", *initialisations.values()]), key=lambda name: name != "")
    types = list(dict.fromkeys([*TYPES, *frame["distortion"]]))
    datasets = list(dict.fromkeys(frame["dataset"]))
    mean = frame.groupby(["dataset", "metric"])["srcc"].transform("mean")
    order = pd.DataFrame({
        "dataset": frame["dataset"].map(datasets.index), "group": frame["initialisation"].map(groups.index),
        "mean": -mean.fillna(-1), "metric": frame["metric"], "type": frame["distortion"].map(types.index),
    })  # fmt: skip
    tables.write(frame.loc[order.sort_values(list(order)).index], output, "distortion-types")
