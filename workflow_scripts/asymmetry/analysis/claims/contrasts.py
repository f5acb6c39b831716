"""Differences between trainings over the same scenes and seeds, each alone and pooled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from asymmetry.analysis.claims.claim import Claim, Part
from asymmetry.analysis.claims.study import CELL, Cell
from asymmetry.analysis.claims.words import listed
from asymmetry.analysis.inference import mean

DEVIATIONS = "robust standard deviations over cells"


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of cells.

    Attributes:
        setting: the comparison in words.
        group: what it is summed up by, such as its backbone.
        terms: cell -> factor.
        pooled: whether it may be part of the pooled estimate; otherwise it is shown only.
    """

    setting: str
    group: str
    terms: Mapping[Cell, float]
    pooled: bool = True


@dataclass(frozen=True)
class Comparison:
    """Contrasts as they were measured.

    Attributes:
        pooled: their mean (scenes, seeds), over those with the most seeds; None if there are none.
        used: the contrasts in it.
        all: every contrast that was measured, with its differences.
    """

    pooled: pd.DataFrame | None
    used: Sequence[Contrast]
    all: Sequence[tuple[Contrast, pd.DataFrame]]

    def groups(self) -> dict[str, pd.DataFrame]:
        """The mean (scenes, seeds) of each group, of the contrasts that are pooled."""
        found: dict[str, list[pd.DataFrame]] = {}
        for contrast, values in self.all:
            if contrast in self.used:
                found.setdefault(contrast.group, []).append(values[self.pooled.columns])
        return {group: sum(tables) / len(tables) for group, tables in found.items()}


@dataclass
class Collected:
    """Comparisons of one claim as they come in; `claim` makes the claim that all of them must hold.

    Attributes:
        margin: what each must lie beside.
        level: level of the intervals in the details.
        above: whether the claim lies above the margin.
    """

    margin: float
    level: float
    above: bool = True
    parts: list[Part] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    details: list[dict] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def add(self, name: str, comparison: Comparison, absent: str, by_group: bool = False) -> None:
        """Add a comparison under a name, each of its groups as a part of its own if `by_group`.

        `absent` says why there is none.
        """
        if comparison.pooled is None:
            self.missing.append(absent)
        else:
            groups = comparison.groups() if by_group else {}
            several = {f"{name}, {group}": values for group, values in groups.items()} if len(groups) > 1 else {}
            parts = [self._part(*one) for one in (several or {name: comparison.pooled}).items()]
            self.parts += parts
            self.details += [part.detail("pooled", self.level) for part in parts]
            self.used += [contrast.setting for contrast in comparison.used]
        for contrast, values in comparison.all:
            self.left += [contrast.setting] if contrast.pooled and contrast not in comparison.used else []
            row = self._part(name, values).detail(contrast.setting, self.level, contrast in comparison.used)
            self.details.append(row)

    def claim(self, name: str, facts: Sequence[str] = (), limits: Sequence[str] = ()) -> Claim:
        """The claim; not tested without any part. `limits` say why it is at most inconclusive."""
        if not self.parts:
            return Claim(name, untested="; ".join(dict.fromkeys(self.missing)), details=self.details)
        fewer = [f"Left out of the mean, since they have fewer seeds: {listed(self.left)}."] if self.left else []
        return Claim(
            name,
            self.parts,
            missing=self.missing,
            limits=limits,
            facts=[*facts, *fewer],
            settings=listed(self.used),
            details=self.details,
        )

    def _part(self, name: str, values: pd.DataFrame) -> Part:
        return Part(name, mean(values.to_numpy()), self.margin, self.above, DEVIATIONS, *values.shape)


def compare(rows: pd.DataFrame, contrasts: Sequence[Contrast], higher_is_better: bool = True) -> Comparison:
    """Measure contrasts on the scenes and seeds that all their cells have.

    Pooled are those with the most seeds, each with the same weight: a mean over cells of different seeds would mix
    what the cells do with what the seeds do.

    Args:
        rows: columns objective, discriminator, weight, seed, status, scene, score; diverged trainings count as one
            robust deviation worse than the worst of the compared cells on each scene, whatever was judged of them.
        contrasts: those of cells that are not there, or that share no seed, are left out.
        higher_is_better: direction of the score.
    """
    wanted = {cell for contrast in contrasts for cell in contrast.terms}
    tables = matrices(rows, wanted, higher_is_better)
    found = []
    for contrast in contrasts:
        if all(cell in tables for cell in contrast.terms):
            values = sum(factor * tables[cell] for cell, factor in contrast.terms.items()).dropna(axis=1)
            if values.size:
                found.append((contrast, values))
    seeds = _most_seeds([values for contrast, values in found if contrast.pooled])
    used = [(c, values) for c, values in found if c.pooled and seeds and set(seeds) <= set(values.columns)]
    pooled = sum(values[list(seeds)] for _, values in used) / len(used) if used else None
    return Comparison(pooled, tuple(contrast for contrast, _ in used), tuple(found))


def matrices(rows: pd.DataFrame, cells: set[Cell], higher_is_better: bool = True) -> dict[Cell, pd.DataFrame]:
    """Score by scene and seed of each of the cells, diverged ones worst; arguments as in `compare`."""
    chosen = rows[among(rows, cells)]
    sign = 1 if higher_is_better else -1
    worst = sign * (sign * chosen["score"]).groupby(chosen["scene"]).transform("min") - sign
    chosen = chosen.assign(score=chosen["score"].where(chosen["status"] != "diverged", worst))
    return {
        cell: part.pivot_table(index="scene", columns="seed", values="score") for cell, part in chosen.groupby(CELL)
    }


def among(rows: pd.DataFrame, cells: set[Cell]) -> np.ndarray:
    """Which rows belong to one of the cells."""
    return np.array([cell in cells for cell in rows[CELL].itertuples(index=False, name=None)], dtype=bool)


def _most_seeds(tables: Sequence[pd.DataFrame]) -> tuple[int, ...]:
    """The largest set of seeds; of several equally large ones that of the most tables."""
    sets = [tuple(table.columns) for table in tables]
    return max(sets, key=lambda seeds: (len(seeds), sum(set(seeds) <= set(other) for other in sets)), default=())
