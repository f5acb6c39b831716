"""A claim: its parts, its p value, and what may be concluded from intervals that hold for all claims together.

Most claims are true only if each of their parts is (C5: better in realism and in fidelity). Such a claim is tested by
its weakest part, which needs no correction over the parts (the intersection-union test, Berger 1982); one part on the
wrong side contradicts it, with Bonferroni's correction over the parts, for any of them could be there by chance. A
claim that something is so in some setting (C4) is the mirror image.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from asymmetry import tables
from asymmetry.analysis import inference
from asymmetry.analysis.asymmetry import FEWEST_SCENES, FEWEST_SEEDS
from asymmetry.analysis.claims.words import WORDS, sentence, title

SUPPORTED, CONTRADICTED, INCONCLUSIVE, NOT_TESTED = "supported", "contradicted", "inconclusive", "not tested"


class Part(NamedTuple):
    """One comparison that a claim rests on.

    Attributes:
        name: in which measure, or against what; empty for a claim of one part.
        estimate: its estimate.
        margin: what its interval must lie beside.
        above: whether the claim lies above the margin.
        unit: unit of the estimate.
        scenes, seeds: how many it rests on.
        ratio: numerator and denominator where the estimate is a ratio: the interval is Fieller's, and `estimate` is
            numerator − margin · denominator, which has the same test where the denominator is above 0. A share of
            something below 0 says nothing: then the part lies on neither side.
        beside: a second part that must hold too for the claim's side; only the first can speak against it.
    """

    name: str
    estimate: inference.Estimate
    margin: float
    above: bool
    unit: str
    scenes: int
    seeds: int
    ratio: inference.Joint | None = None
    beside: "Part | None" = None

    @property
    def value(self) -> float:
        """The estimate."""
        return self.estimate.value if self.ratio is None else self.ratio.ratio()[0]

    @property
    def known(self) -> bool:
        """Whether there is an error to test with."""
        return bool(np.isfinite(self.estimate.error))

    @property
    def defined(self) -> bool:
        """Whether the estimate has a meaning: of a ratio, whether its denominator is above 0."""
        return self.ratio is None or bool(self.ratio.values[1] > 0)

    def interval(self, level: float) -> tuple[float, float]:
        """The interval of the estimate, (low, high)."""
        return self.estimate.interval(level) if self.ratio is None else self.ratio.ratio(level)[1:]

    def side(self, level: float) -> int:
        """1 if the interval lies on the claim's side of the margin, −1 if on the other, 0 if it includes the margin."""
        if not self.defined:
            return 0
        low, high = self.interval(level)
        own = (int(low > self.margin) - int(high < self.margin)) * (1 if self.above else -1)
        return own if self.beside is None or own < 1 else max(self.beside.side(level), 0)

    def p_values(self) -> tuple[float, float]:
        """One-sided p values: for the claim's side, for the other side; 1 where there is no error or no meaning."""
        null, tested = self.margin if self.ratio is None else 0.0, self.known and self.defined
        both = [self.estimate.p_value(null, way) if tested else 1.0 for way in ("greater", "less")]
        towards, away = both if self.above else both[::-1]
        return (towards if self.beside is None else max(towards, self.beside.p_values()[0])), away

    def detail(self, setting: str, level: float, pooled: bool = True, note: str = "") -> dict[str, Any]:
        """A row of shape claims-details, its claim apart."""
        low, high = self.interval(level)
        facts = {"part": self.name, "setting": setting, "pooled": "yes" if pooled else "no", "estimate": self.value}
        facts |= {"low": low, "high": high, "margin": self.margin, "side": "above" if self.above else "below"}
        p = min(2 * min(self._replace(beside=None).p_values()), 1.0) if self.known else np.nan
        return facts | {"p": p, "scenes": self.scenes, "seeds": self.seeds, "note": note}


@dataclass(frozen=True)
class Claim:
    """What a run has to say on one claim.

    Attributes:
        name: C1 to C9; `words.WORDS` has what it states.
        parts: what it rests on.
        somewhere: whether one part on the claim's side is enough; otherwise all must be there.
        missing: parts that could not be compared, each with its reason.
        limits: why the verdict is at most `inconclusive`.
        untested: why it is not tested; empty if it is.
        facts: sentences beside the parts.
        settings: the cells, metrics or datasets that it rests on.
        test: how p is found.
        details: rows of shape claims-details, the claim's name apart.
    """

    name: str
    parts: Sequence[Part] = ()
    somewhere: bool = False
    missing: Sequence[str] = ()
    limits: Sequence[str] = ()
    untested: str = ""
    facts: Sequence[str] = ()
    settings: str = ""
    test: str = "t, scenes and seeds crossed"
    details: Sequence[dict[str, Any]] = ()

    def p_values(self) -> tuple[float, float]:
        """Two-sided p for the claim and against it, its parts taken together; NaN if no part has an error."""
        if not any(part.known for part in self.parts):
            return np.nan, np.nan
        towards, away = np.array([part.p_values() for part in self.parts]).T
        if self.somewhere:
            both = len(towards) * towards.min(), away.max()
        else:
            both = 1.0 if self.missing else towards.max(), len(away) * away.min()
        return min(2 * both[0], 1.0), min(2 * both[1], 1.0)

    def deciding(self) -> Part:
        """The part that sets p: the weakest where all must hold, the strongest where one is enough."""
        towards, away = np.array([part.p_values() for part in self.parts]).T
        against = np.subtract(*self.p_values()) > 0
        p = away if against else towards
        weakest = against == self.somewhere
        return self.parts[int(p.argmax() if weakest else p.argmin())]

    def count(self, name: str) -> int:
        """The smallest number of `scenes` or `seeds` of its parts; 0 without parts."""
        return min((getattr(part, name) for part in self.parts), default=0)

    def level(self, each: float) -> float:
        """The level of the intervals of its parts, corrected as p is, where any one of them decides."""
        towards, away = self.p_values()
        any_one = self.somewhere != (away < towards)
        return inference.simultaneous_level(len(self.parts), each) if any_one else each


def decide(claims: Sequence[Claim], level: float, scales: Mapping[str, str]) -> pd.DataFrame:
    """Shape `claims`: the verdict of each claim.

    A verdict needs the whole simultaneous interval on one side of the margin and a p below 1 − level after Holm's
    correction; with fewer than 8 scenes or 3 seeds it is at most `inconclusive`.

    Args:
        claims: all claims.
        level: coverage of all intervals together.
        scales: the scale of the run behind each claim, in words.
    """
    p = [min(claim.p_values()) for claim in claims]
    corrected = inference.holm(p)
    each = inference.simultaneous_level(int(np.isfinite(p).sum()), level)
    rows = [
        _row(claim, raw, adjusted, claim.level(each), 1 - level) | {"scale": scales[claim.name]}
        for claim, raw, adjusted in zip(claims, p, corrected, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(tables.SHAPES["claims"]))


def _row(claim: Claim, p: float, corrected: float, each: float, alpha: float) -> dict[str, Any]:
    verdict, reason = _verdict(claim, corrected, each, alpha)
    row = {"claim": claim.name, "statement": WORDS[claim.name].statement, "verdict": verdict, "reason": reason}
    row |= {"test": claim.test if claim.parts else "", "settings": claim.settings, "measure": ""}
    row |= dict.fromkeys(("estimate", "low", "high", "margin"), np.nan) | {"p": p, "p_corrected": corrected}
    row |= {name: claim.count(name) for name in ("scenes", "seeds")}
    shown = []
    if claim.parts:
        part = claim.deciding()
        low, high = part.interval(each)
        row |= {"estimate": part.value, "low": low, "high": high, "margin": part.margin}
        side = "above" if part.above else "below"
        facts = (title(claim.name, part.name), part.unit, f"claimed {side} {part.margin:g}")
        row["measure"] = "; ".join(filter(None, facts))
        shown = [part] if claim.somewhere else claim.parts
    told = [(part.name, part.value, *part.interval(each), part.above, part.margin, part.unit) for part in shown]
    return row | {"sentence": sentence(claim.name, told, claim.facts, verdict, reason, corrected)}


def _verdict(claim: Claim, corrected: float, each: float, alpha: float) -> tuple[str, str]:
    if claim.untested:
        return NOT_TESTED, claim.untested
    capped = list(claim.limits)
    for name, fewest in (("scenes", FEWEST_SCENES), ("seeds", FEWEST_SEEDS)) if claim.parts else ():
        count = claim.count(name)
        if count < fewest:
            capped.append(f"{count} {name if count != 1 else name[:-1]}, at least {fewest} are needed")
    verdict = _sided(claim, corrected, each, alpha)
    if verdict == INCONCLUSIVE:
        reasons = [*capped, *_undecided(claim, corrected, each, alpha), *claim.missing]
        return INCONCLUSIVE, "; ".join(dict.fromkeys(reasons))
    return (INCONCLUSIVE, "; ".join([*capped, f"the interval alone would say {verdict}"])) if capped else (verdict, "")


def _sided(claim: Claim, corrected: float, each: float, alpha: float) -> str:
    sides = [part.side(each) for part in claim.parts]
    towards, away = claim.p_values()
    if not corrected < alpha:
        return INCONCLUSIVE
    if towards < away and (max(sides) if claim.somewhere else min(sides)) == 1:
        return SUPPORTED
    if away < towards and (max(sides) if claim.somewhere else min(sides)) == -1:
        return CONTRADICTED
    return INCONCLUSIVE


def _undecided(claim: Claim, corrected: float, each: float, alpha: float) -> list[str]:
    if not claim.parts:
        return []
    part = claim.deciding()
    name = part.name or "the estimate"
    if not part.known:
        return [f"no interval for {name}"]
    low, high = part.interval(each)
    if low <= part.margin <= high:
        return [f"the interval of {name} includes {part.margin:g}"]
    if not corrected < alpha:
        return [f"the corrected p is not below {alpha:g}"]
    return [f"the interval and the p value of {name} disagree"]
