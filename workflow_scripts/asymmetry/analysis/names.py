"""How settings, counts, numbers and p values are written in figures, tables and sentences."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

SETTING = ["discriminator", "weight"]  # columns that name an adversarial setting
MEASURES = {"realism": "realism (optimization score O)", "fidelity": "fidelity"}
ARCHITECTURES = ("convolution", "attention")  # in the order in which they are shown
INTERVAL = (
    "95 % intervals over scenes and seeds (Student's t; with one seed over scenes alone, by BCa bootstrap from 30 on)"
)
MINUS = "\N{MINUS SIGN}"


def setting_text(discriminator: str, weight: float) -> str:
    """An adversarial setting: `no discriminator`, or `patch-vgg at 0.1` with a space that does not break."""
    return "no discriminator" if discriminator == "none" else f"{discriminator} at\N{NO-BREAK SPACE}{weight:g}"


def cell_text(objective: str, discriminator: str, weight: float) -> str:
    """A cell of the grid: `rec-dists`, or `rec-dists with patch-vgg at 0.1`."""
    return objective if discriminator == "none" else f"{objective} with {setting_text(discriminator, weight)}"


def number(value: float) -> str:
    """A number for people: two decimals below 10, `unknown` where there is none."""
    if np.isnan(value):
        return "unknown"
    if np.isinf(value):
        return "no upper end" if value > 0 else "no lower end"
    return (f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}").replace("-", MINUS)


def decimals(typical: float) -> int:
    """Decimals that give a column of such values three figures, at least two and at most five."""
    return int(np.clip(2 - np.floor(np.log10(typical)), 2, 5)) if typical > 0 else 2


def coefficient(value: float) -> str:
    """A correlation for a crowded place: two decimals, no leading zero (`.53`, `−.20`, `1`)."""
    text = f"{value:.2f}".replace("0.", ".", 1).replace("-", MINUS)
    return text.replace("1.00", "1")


def p_text(p: float) -> str:
    """A p value for people."""
    return "unknown" if np.isnan(p) else "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def span(values: pd.Series) -> str:
    """Lowest and highest of whole numbers: `3`, or `1 to 3`; `0` without any."""
    low, high = (values.min(), values.max()) if len(values) else (0, 0)
    return str(low) if low == high else f"{low} to {high}"


def counted(values: pd.Series | int, noun: str) -> str:
    """A whole number, or `span` of several, with its noun: `1 seed`, `1 to 3 seeds`."""
    text = span(values) if isinstance(values, pd.Series) else str(values)
    return f"{text} {noun}" if text == "1" else f"{text} {noun}s"


def standing_in(names: Iterable[str]) -> str:
    """The sentence that must stand wherever a `procedural` initialisation is shown; empty where there is none."""
    shown = any("procedural" in name for name in names)
    note = "'procedural' is a pretraining on generated images and three distortions of them, in the place of ImageNet."
    return note if shown else ""
