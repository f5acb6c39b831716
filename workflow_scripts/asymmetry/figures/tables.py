"""Tables 1 and 2 as CSV (numbers), Markdown and LaTeX (numbers with their intervals, best of a column in bold)."""

from pathlib import Path

import numpy as np
import pandas as pd

from asymmetry import tables
from asymmetry.artifacts import atomic
from asymmetry.figures.theme import standing_in

MARK, MISSING = "not valid here", "--"
INTERVAL = "Brackets: 95 % intervals over scenes (t below 30 scenes, percentile bootstrap from 30 on)."


def table1(judge_means: Path, judges: Path, optimization_scores: Path, stem: Path, scale: str = "") -> None:
    """Write `<stem>.csv`, `.md` and `.tex`: objective, discriminator and weight by judge, with O and fidelity.

    Args:
        judge_means: table of shape judge-means.
        judges: table of shape judges; a judge that does not count says so in its column's head.
        optimization_scores: table of shape optimization-scores.
        stem: path of the tables without a suffix.
        scale: the scale of the run, for the note under the table.
    """
    means = tables.read(judge_means, "judge-means")
    verdicts = tables.read(judges, "judges").set_index("judge")["verdict"].to_dict()
    scores = tables.read(optimization_scores, "optimization-scores")
    scores = scores[scores["measure"].isin(["realism", "fidelity"])]
    heads = {"realism": "O, realism ↑", "fidelity": "fidelity ↑"}
    arrow = means["higher_is_better"].map({"yes": "↑", "no": "↓"})
    verdict = means["judge"].map(verdicts).map(lambda word: "" if word == "valid" else f" ({word})")
    long = pd.concat([
        means.assign(column=means["judge"] + verdict + " " + arrow),
        scores.rename(columns={"score": "value"}).assign(column=scores["measure"].map(heads)),
    ])  # fmt: skip
    diverged = scores.groupby(["objective", "discriminator", "weight"])["diverged"].max()
    keys = ["objective", "discriminator", "weight"]
    note = [
        f"Mean over {means['scenes'].min()} scenes and {_span(means['seeds'])} seed(s). {INTERVAL}",
        "O and fidelity: gain over the pretrained generator in robust standard deviations over cells.",
        f"'{MARK}': the judge does not rank reference, pretrained generator, bicubic and noise as it should.",
        _divergences(diverged),
        standing_in(means["objective"]),
        scale,
    ]
    _write(long, keys, stem, note)


def _divergences(diverged: pd.Series) -> str:
    names = [f"{name} with {disc} at {weight:g}" for (name, disc, weight), count in diverged.items() if count]
    return f"A seed diverged: {'; '.join(names)}." if names else ""


def table2(transfer: Path, stem: Path, scale: str = "") -> None:
    """Write `<stem>.csv`, `.md` and `.tex`: backbone and initialisation by mode and dataset, SRCC and PLCC.

    Args:
        transfer: table of shape transfer.
        stem: path of the tables without a suffix.
        scale: the scale of the run, for the note under the table.
    """
    frame = tables.read(transfer, "transfer").sort_values("protocol", kind="stable", ascending=False)
    frame = frame.rename(columns={"protocol": "left out"})
    parts = []
    for name in ("srcc", "plcc"):
        columns = {name: "value", f"{name}_low": "low", f"{name}_high": "high"}
        part = frame.drop(columns=[c for c in ("value", "low", "high") if c in frame]).rename(columns=columns)
        head = part["mode"].str.upper() + " " + part["dataset"] + f" {name.upper()} ↑"
        parts.append(part.assign(column=head))
    note = [
        f"Within a fold, averaged over folds and {_span(frame['seeds'])} seed(s); {_span(frame['scenes'])} scenes.",
        INTERVAL,
        "Left out: what no model of a fold has seen (a scene; or a family of distortions, and scenes).",
        standing_in(frame["initialisation"]),
        scale,
    ]
    _write(pd.concat(parts), ["left out", "backbone", "initialisation"], stem, note, within="left out")


def _span(values: pd.Series) -> str:
    low, high = (values.min(), values.max()) if len(values) else (0, 0)
    return str(low) if low == high else f"{low} to {high}"


def _write(long: pd.DataFrame, keys: list[str], stem: Path, note: list[str], within: str = "") -> None:
    """Spread `long` (keys, column, value, low, high) over columns: numbers to CSV, text to Markdown and LaTeX."""
    long = long.assign(**{key: long[key].map("{:g}".format) for key in keys if key == "weight"})
    heads = list(dict.fromkeys(long["column"]))
    rows = list(dict.fromkeys(long[keys].itertuples(index=False, name=None)))
    wide = long.set_index([*keys, "column"])[["value", "low", "high"]].unstack("column").reindex(rows)
    wide.index = wide.index.set_names(keys)
    numbers = pd.concat({n: wide[n].reindex(columns=heads) for n in ("value", "low", "high")}, axis=1)
    text = pd.DataFrame(
        {head: _formatted(*(numbers[n, head] for n in ("value", "low", "high"))) for head in heads}, index=numbers.index
    )
    flat = pd.DataFrame(
        {f"{head.rstrip(' ↑↓')}{suffix}": numbers[n, head]
         for head in heads for n, suffix in (("value", ""), ("low", " low"), ("high", " high"))}
    )  # fmt: skip
    best = {head: _best(numbers["value", head], head, within) for head in heads if "(" not in head}
    sentences = " ".join(filter(None, note))
    with atomic(stem.with_name(stem.name + ".csv")) as temporary:
        flat.reset_index().to_csv(temporary, index=False, lineterminator="\n")
    with atomic(stem.with_name(stem.name + ".md")) as temporary:
        table = _bold(text, best, "**", "**").to_markdown(index=False, disable_numparse=True)
        temporary.write_text(f"{table}\n\n{sentences}\n", encoding="utf-8")
    with atomic(stem.with_name(stem.name + ".tex")) as temporary:
        temporary.write_text(_latex(_bold(text, best, r"\textbf{", "}"), keys, sentences), encoding="utf-8")


def _formatted(value: pd.Series, low: pd.Series, high: pd.Series) -> list[str]:
    """Value and interval with three figures of the column's largest value, at least two decimals."""
    largest = value.abs().max()
    digits = 2 if not largest > 0 else int(np.clip(2 - np.floor(np.log10(largest)), 2, 5))
    cells = []
    for middle, bottom, top in zip(value, low, high, strict=True):
        sides = f" [{bottom:.{digits}f}, {top:.{digits}f}]" if np.isfinite([bottom, top]).all() else ""
        cells.append(f"{middle:.{digits}f}{sides}" if np.isfinite(middle) else MISSING)
    return cells


def _best(values: pd.Series, head: str, within: str) -> pd.Series:
    """Whether a row is the best of its column, by the head's arrow, among the rows that share the key `within`."""
    groups = values.groupby(level=within) if within else values.groupby(lambda _: 0)
    return values == groups.transform("min" if head.endswith("↓") else "max")


def _bold(text: pd.DataFrame, best: dict[str, pd.Series], before: str, after: str) -> pd.DataFrame:
    """The text with the best cells between two marks, its keys as columns."""
    marked = text.copy()
    for head, row in best.items():
        marked[head] = marked[head].mask(row, before + marked[head] + after)
    return marked.reset_index()


def _latex(table: pd.DataFrame, keys: list[str], note: str) -> str:
    plain = table.assign(**{key: table[key].map(_escaped) for key in keys}).rename(columns=_escaped)
    columns = "l" * len(keys) + "r" * (len(table.columns) - len(keys))
    body = plain.style.hide(axis="index").to_latex(hrules=True, column_format=columns)
    return f"% Needs the package booktabs.\n{body}\\par\\footnotesize {_escaped(note)}\n"


def _escaped(text: str) -> str:
    for plain, written in (("%", r"\%"), ("_", r"\_"), ("&", r"\&"), ("↑", r"$\uparrow$"), ("↓", r"$\downarrow$")):
        text = text.replace(plain, written)
    return text
