"""The front page of the report: what came out, how sure it is, what it cannot say, and how it was run."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from asymmetry import artifacts, tables
from asymmetry.analysis.asymmetry import FEWEST_SCENES, FEWEST_SEEDS
from asymmetry.analysis.claims.words import GLOSSARY
from asymmetry.analysis.names import counted, number, p_text, setting_text
from asymmetry.analysis.resampling import FEW

UNSEEN = (
    "Whether the metrics assess this run's own outputs as they do the rated sets, whose distortions are others: that"
    " rival explanation of an asymmetry was not looked at (target ``in_domain``)."
)
VERDICTS = ("supported", "contradicted", "inconclusive", "not tested")


def write_answers(
    claims: Path,
    asymmetry: Path,
    sensitivity: Path,
    judges: Path,
    scores: Path,
    curves: Path,
    record: Path,
    output: Path,
    in_domain: Path | None = None,
) -> None:
    """Write the part of the report's front page that a run decides, as reStructuredText.

    Args:
        claims: table of shape claims.
        asymmetry: table of shape asymmetry.
        sensitivity: table of shape sensitivity.
        judges: table of shape judges.
        scores: table of shape optimization-scores.
        curves: table of shape training-curves.
        record: JSON with `config`, `python`, `machine` and `packages`.
        output: path of the text.
        in_domain: table of shape assessment-in-domain, if that was made.
    """
    told, facts = tables.read(claims, "claims"), artifacts.read_json(record)
    scored, verdicts = tables.read(scores, "optimization-scores"), tables.read(judges, "judges")
    settings = tables.read(asymmetry, "asymmetry"), tables.read(sensitivity, "sensitivity")
    parts = [
        _heading("What came out"),
        *_came_out(told),
        f"**Words.** {GLOSSARY}",
        _heading("How sure it is"),
        *_bullets([*_how_sure(scored, verdicts, *settings), *_opponents(curves), *_rival(in_domain)]),
        _heading("What it cannot say"),
        *_bullets([*_cannot_say(told, scored, facts["config"]), *([] if in_domain else [UNSEEN])]),
        _heading("How it was run"),
        *_how_run(facts),
    ]
    with artifacts.atomic(output) as temporary:
        temporary.write_text("\n".join(parts) + "\n", encoding="utf-8")


def plain(text: str) -> str:
    """Text in which the marks of reStructuredText stand for themselves."""
    return re.sub(r"([\\*`|_<\[])", r"\\\1", text)


def _heading(text: str) -> str:
    return f"\n{text}\n{'-' * len(text)}\n"


def _bullets(sentences: Iterable[str]) -> list[str]:
    return [f"* {sentence}" for sentence in sentences]


def _came_out(claims: pd.DataFrame) -> list[str]:
    counts = claims["verdict"].value_counts()
    found = ", ".join(f"**{counts[word]} {word}**" for word in VERDICTS if word in counts)
    undecided = "" if counts.index.intersection(VERDICTS[:2]).any() else " This run decides none of them."
    lines = [f"Of {len(claims)} claims of the study: {found or 'none'}.{undecided}", ""]
    if claims.empty:
        return lines
    lines += [".. list-table::", "   :header-rows: 1", "   :widths: 24 12 18 46", ""]
    rows = [("Claim of the study", "Verdict of this run", "Estimate, interval, margin", "In plain words")]
    for row in claims.itertuples():
        claim = f"**{row.claim}** {plain(row.statement)}"
        rows.append((claim, f"**{row.verdict}**", _estimate(row), plain(row.sentence)))
    return [*lines, *(line for row in rows for line in _row(row)), ""]


def _row(cells: Sequence[str]) -> list[str]:
    return [f"   {'*' if number == 0 else ' '} - {cell}" for number, cell in enumerate(cells)]


def _estimate(row: Any) -> str:
    if not np.isfinite(row.estimate):
        return "none"
    p = f"; p (Holm) {p_text(row.p_corrected)}" if np.isfinite(row.p_corrected) else ""
    interval = "no interval" if np.isnan(row.low) else f"{number(row.low)} to {number(row.high)}"
    return plain(f"{number(row.estimate)} ({interval}); margin {row.margin:g}{p}. {row.measure}")


def _how_sure(
    scores: pd.DataFrame, judges: pd.DataFrame, asymmetry: pd.DataFrame, sensitivity: pd.DataFrame
) -> list[str]:
    cells = len(scores.drop_duplicates(["objective", "discriminator", "weight"]))
    valid, others = judges[judges["verdict"] == "valid"], judges[judges["verdict"] != "valid"]
    lines = [
        f"It rests on {cells} cells, {counted(scores['scenes'], 'test scene')} and"
        f" {counted(scores['seeds'], 'seed')} a cell. Intervals of the claims hold all together; a verdict"
        f" needs the whole interval on one side of a margin that was set before the run, {FEWEST_SCENES} scenes and"
        f" {FEWEST_SEEDS} seeds.",
        f"Judges that count: {plain(', '.join(valid['judge'])) or 'none'}."
        + "".join(f" {plain(row.judge)} does not: {plain(row.verdict)}." for row in others.itertuples()),
    ]
    for row in asymmetry.itertuples():
        own = sensitivity[(sensitivity["discriminator"] == row.discriminator) & (sensitivity["weight"] == row.weight)]
        here = setting_text(row.discriminator, row.weight)
        lines.append(plain(f"{here[0].upper()}{here[1:]}: {_asymmetry(row)}{_range(own)}"))
    return lines


def _asymmetry(row: Any) -> str:
    why = f" ({row.reason})" if row.reason else ""
    if not np.isfinite(row.rho):
        return f"no asymmetry index{why}."
    index = f"index {number(row.index)}" if np.isfinite(row.index) else "no index"
    if np.isfinite(row.index_low):
        index += (
            f" ({number(row.index_low)} to {number(row.index_high)}, an interval for itself; 0 is perfect agreement)"
        )
    rho = f"rank correlation of assessment and optimization {number(row.rho)} over {row.metrics} metrics"
    return f"{rho}, {index}{'' if row.verdict == 'estimate' else f'; {row.verdict}'}{why}."


def _range(rows: pd.DataFrame) -> str:
    """How far rho moves when one thing is left out."""
    known = rows[rows["kind"] != "nothing"].dropna(subset="rho")
    if known.empty:
        return ""
    low, high = known.loc[known["rho"].idxmin()], known.loc[known["rho"].idxmax()]
    ends = [f"{number(row['rho'])} (without {row['kind']} {row['left_out']})" for row in (low, high)]
    return f" With one judge, family of judges, seed, dataset or metric left out it goes from {' to '.join(ends)}."


def _opponents(curves: Path) -> list[str]:
    """How well the discriminators told real from restored pictures: what is said of them is said of such opponents."""
    frame = tables.read(curves, "training-curves").dropna(subset="accuracy")
    if frame.empty:
        return []
    of_training = frame.groupby(["objective", "discriminator", "weight", "seed"])["step"]
    late = frame[frame["step"] > of_training.transform("max") / 2]
    told = [f"{name} {number(value)}" for name, value in late.groupby("discriminator")["accuracy"].mean().items()]
    return [
        "What it says of discriminators it says of these opponents, whose accuracy over the second half of their"
        f" trainings was {plain(', '.join(told))} (share of logits on the right side of 0). Near 0.5 or below, a"
        " discriminator does not tell real pictures from restored ones; near 1 it has won, its gradient says little."
    ]


def _rival(in_domain: Path | None) -> list[str]:
    """How the metrics rank this run's own outputs: the rival explanation of an asymmetry."""
    if in_domain is None:
        return []
    frame = tables.read(in_domain, "assessment-in-domain").dropna(subset="srcc").sort_values("srcc", ascending=False)
    if frame.empty:
        return ["No metric could be compared with the judges on this run's own outputs: none of them is valid there."]
    told = [f"{row.metric} {number(row.srcc)} ({number(row.low)} to {number(row.high)})" for row in frame.itertuples()]
    return [
        "Rated sets hold other distortions than the outputs of networks, which could explain an asymmetry by itself."
        " On this run's own outputs the metrics' rank correlation with the judges of realism is:"
        f" {plain('; '.join(told))}."
    ]


def _cannot_say(claims: pd.DataFrame, scores: pd.DataFrame, config: Mapping[str, Any]) -> list[str]:
    training, before = config["optimization"], config["pretraining"]["steps"]
    lines = [
        f"Anything about longer trainings or other networks: {plain(training['generator'])} was trained for {before}"
        f" steps with L1, then for {training['steps']} steps of {training['batch']} crops of {training['crop']} pixels"
        " in each setting.",
    ]
    scenes, seeds = (int(scores[name].min()) if len(scores) else 0 for name in ("scenes", "seeds"))
    if seeds < FEWEST_SEEDS:
        lines.append(
            f"How much of a difference is chance of the training: some settings have {counted(seeds, 'seed')},"
            f" {FEWEST_SEEDS} are needed for any verdict."
        )
    if scenes < FEW:
        lines.append(f"Much about pictures in general: {counted(scenes, 'scene')} are few, the intervals are wide.")
    backbones, initialisations = _networks(config)
    pretrained = [name for name in initialisations if config["initialisations"][name]["kind"] == "pretraining"]
    if pretrained:
        lines.append(
            f"Anything about ImageNet: '{plain(', '.join(pretrained))}' is a pretraining on generated images and three"
            " distortions of them; it never stands in for ImageNet."
        )
    narrow = [own for name in backbones if (own := config["backbones"][name]["object"]).startswith("narrow-")]
    if narrow:
        small = ", ".join(narrow)
        lines.append(f"Anything about the study's own backbones: here are small ones of that kind: {small}.")
    rated = config["assessment"]["datasets"]
    emulated = [name for name in rated if config["rated"][name]["object"] == "kadid-emulation"]
    if emulated:
        lines.append(
            f"What people think of these very pictures: scores of {plain(', '.join(emulated))} are KADID-10k's mean"
            " opinion of a distortion's type and level."
        )
    lines.append(
        "How far another pretraining or fit would move the answers: intervals take pretrained backbones and fitted"
        " judges as given. With few metrics another seed of theirs, even another order of their sums, can change a"
        " rank correlation and a verdict."
    )
    untested = claims[claims["verdict"] == "not tested"]
    lines += [f"{row.claim} was not tested: {plain(row.reason)}." for row in untested.itertuples()]
    return lines


def _networks(config: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Backbones and initialisations of assessed metrics, of the grid's discriminators, and of quality models."""
    used = [config["metrics"][name] for name in config["assessment"]["metrics"]]
    adversaries = {name for block in config["optimization"]["cells"] for name in block["discriminators"]} - {"none"}
    used += [config["discriminators"][name] for name in adversaries]
    used += config["transfer"]["arms"]
    backbones = {own["backbone"] for own in used if "backbone" in own}
    initialisations = {name for own in used for name in own.get("initialisations", [own.get("initialisation")])}
    return sorted(backbones), sorted(initialisations - {None})


def _how_run(facts: Mapping[str, Any]) -> list[str]:
    packages = ", ".join(f"{name} {version}" for name, version in sorted(facts["packages"].items()) if version)
    config = yaml.safe_dump(facts["config"], sort_keys=True, allow_unicode=True, width=100)
    lines = [
        plain(f"Python {facts['python']} on {facts['machine']}, device {facts['config']['device']}; {packages}."), "",
        "The report's menu has the figures and tables with their captions, the record of the run (Provenance), the",
        "rules with their code (Workflow) and how long each took (Statistics). Pictures of all models lie beside this",
        "page if the whole results folder was sent: `explorer/index.html <explorer/index.html>`__.", "",
        ".. raw:: html", "", "   <details><summary>The configuration of this run, all settings merged</summary><pre>",
    ]  # fmt: skip
    return [*lines, *(f"   {escape(line)}" for line in config.splitlines()), "   </pre></details>", ""]
