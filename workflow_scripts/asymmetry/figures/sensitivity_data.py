"""The data of the sensitivity figure."""

from pathlib import Path

from asymmetry import tables
from asymmetry.analysis.names import SETTING


def sensitivity_data(sensitivity: Path, asymmetry: Path, output: Path) -> None:
    """Write shape `sensitivity-figure`: the table of shape sensitivity, with the index' interval where all is kept."""
    frame = tables.read(sensitivity, "sensitivity")
    columns = {"index_low": "index_interval_low", "index_high": "index_interval_high"}
    whole = tables.read(asymmetry, "asymmetry")[[*SETTING, *columns]].rename(columns=columns)
    frame = frame.merge(whole.assign(kind="nothing"), on=[*SETTING, "kind"], how="left")
    tables.write(frame, output, "sensitivity-figure")
