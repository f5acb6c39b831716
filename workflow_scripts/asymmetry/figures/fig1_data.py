"""The data of figure 1."""

from pathlib import Path

from asymmetry import tables
from asymmetry.analysis.names import SETTING


def fig1_data(asymmetry_metrics: Path, asymmetry: Path, output: Path) -> None:
    """Write shape `fig1`: the ranks of `asymmetry-metrics` with the rho, index and verdict of their setting."""
    details = tables.read(asymmetry_metrics, "asymmetry-metrics")
    summary = tables.read(asymmetry, "asymmetry").drop(columns=["scenes", "seeds", "metrics"])
    tables.write(details.merge(summary, on=SETTING, how="left"), output, "fig1")
