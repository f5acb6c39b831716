"""A table for people: CSV (numbers); Markdown, LaTeX (booktabs, longtable), HTML (numbers with their intervals)."""

import textwrap
from collections.abc import Callable, Hashable, Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from asymmetry.analysis.names import decimals
from asymmetry.artifacts import atomic

MISSING = "--"
Entry = tuple[str, str]  # a value and its interval, as they are printed
TEXT_WIDTH, LETTER, BETWEEN = 450, 3.7, 6  # points: 16 cm of text, a letter of \scriptsize, two columns' distance
HEAD = 13  # letters in a line of a head
Places = Mapping[str, Mapping[Hashable, int]]  # head of a column -> key of a row -> 1 best, 2 second best
MARKS = {"md": {1: "**{}**", 2: "*{}*"}, "tex": {1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"},
         "html": {1: "<b>{}</b>", 2: "<u>{}</u>"}}  # fmt: skip
LATEX = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"$<$", ">": r"$>$", "|": r"$|$",
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "ρ": r"$\rho$", "−": r"$-$", "±": r"$\pm$", "×": r"$\times$",
})  # fmt: skip
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 13px/1.4 system-ui, sans-serif; margin: 1.5rem; color: #222; background: #fff; }}
table {{ border-collapse: collapse; border-top: 2px solid; border-bottom: 2px solid; white-space: nowrap; }}
th {{ border-bottom: 1px solid; text-align: right; white-space: normal; vertical-align: bottom; }}
th, td {{ padding: .2rem .7rem; }} td {{ text-align: right; font-variant-numeric: tabular-nums; }}
.key {{ text-align: left; }} .key:first-child {{ position: sticky; left: 0; background: #fff; }}
tbody tr:hover td {{ background: #eef4f8; }} p {{ max-width: 60rem; }}
</style></head><body><h1>{title}</h1><table>
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody></table><p>{note}</p></body></html>
"""


def write(long: pd.DataFrame, keys: Sequence[str], stem: Path, title: str, note: Sequence[str], places: Places) -> None:
    """Write `<stem>.csv`, `.md`, `.tex` and `.html`.

    Args:
        long: columns `keys`, `column` (the head it stands under), `value`, `low` and `high`.
        keys: columns that name a row.
        stem: path without a suffix.
        title: of the page.
        note: sentences under the table; empty ones are left out.
        places: which cells are marked as best or second best.
    """
    long = long.assign(**{key: long[key].map("{:g}".format) for key in keys if key == "weight"})
    heads = list(dict.fromkeys(long["column"]))
    rows = list(dict.fromkeys(long[list(keys)].itertuples(index=False, name=None)))
    wide = long.set_index([*keys, "column"])[["value", "low", "high"]].unstack("column").reindex(rows)
    numbers = {name: wide[name].reindex(columns=heads) for name in ("value", "low", "high")}
    text: dict[str, list[Entry]] = {head: _formatted(*(numbers[name][head] for name in numbers)) for head in heads}
    flat = {f"{head.rstrip(' ↑↓')}{suffix}": numbers[name][head].to_numpy()
            for head in heads for name, suffix in (("value", ""), ("low", " low"), ("high", " high"))}  # fmt: skip
    named = pd.DataFrame(rows, columns=list(keys))
    sentences = " ".join(filter(None, note))

    def put(suffix: str, content: str) -> None:
        with atomic(stem.with_name(f"{stem.name}.{suffix}")) as temporary:
            temporary.write_text(content, encoding="utf-8")

    def marked(form: str, plain: Callable[[str], str]) -> dict[str, list[Entry]]:
        return {
            head: [(_mark(plain(value), places.get(head, {}).get(row), MARKS[form]), plain(interval))
                   for row, (value, interval) in zip(rows, cells, strict=True)]
            for head, cells in text.items()
        }  # fmt: skip

    def joined(form: str, plain: Callable[[str], str]) -> pd.DataFrame:
        cells = {
            plain(head): [" ".join(filter(None, cell)) for cell in own] for head, own in marked(form, plain).items()
        }
        return named.map(plain).rename(columns=plain).assign(**cells)

    put("csv", named.join(pd.DataFrame(flat)).to_csv(index=False, lineterminator="\n"))
    table = joined("md", lambda plain: plain.replace("|", r"\|")).to_markdown(index=False, disable_numparse=True)
    put("md", f"{table}\n\n{sentences}\n")
    put("tex", latex(named, text, marked("tex", escaped), sentences))
    put("html", _page(joined("html", escape), len(keys), title, sentences))


def _mark(cell: str, place: int | None, marks: Mapping[int, str]) -> str:
    return marks[place].format(cell) if place else cell


def _formatted(value: pd.Series, low: pd.Series, high: pd.Series) -> list[Entry]:
    """Value and interval with three figures of the column's largest value, at least two decimals."""
    digits = decimals(value.abs().max())
    cells = []
    for middle, bottom, top in zip(value, low, high, strict=True):
        sides = f"[{bottom:.{digits}f}, {top:.{digits}f}]" if np.isfinite([bottom, top]).all() else ""
        known = (f"{middle:.{digits}f}".replace("-", "−"), sides.replace("-", "−"))
        cells.append(known if np.isfinite(middle) else (MISSING, ""))
    return cells


def latex(
    keys: pd.DataFrame, plain: Mapping[str, Sequence[Entry]], cells: Mapping[str, Sequence[Entry]], note: str
) -> str:
    """Longtables with booktabs' rules, each interval in a line below its value; they go over pages.

    Columns that would not fit 16 cm of text stand in a further table below, with the same keys.

    Args:
        keys: what names a row, as plain text.
        plain: head -> value and interval of each row, as plain text: from it widths are estimated.
        cells: the same with marks, as LaTeX.
        note: text below.
    """
    widths = {head: _width([*textwrap.wrap(head, HEAD), *(text for cell in own for text in cell)])
              for head, own in plain.items()}  # fmt: skip
    room = TEXT_WIDTH - sum(_width([name, *keys[name]]) for name in keys)
    parts: list[list[str]] = [[]]
    for head, width in widths.items():
        if parts[-1] and sum(widths[name] for name in parts[-1]) + width > room:
            parts.append([])
        parts[-1].append(head)
    bodies = [_longtable(keys, {head: cells[head] for head in part}) for part in parts]
    return (
        "% Needs the packages booktabs and longtable; input it where text may stand, not in a float.\n"
        "{\\scriptsize\\setlength{\\tabcolsep}{3pt}\n"
        + "\n".join(bodies)
        + f"}}\n\\par\\noindent{{\\footnotesize {escaped(note)}\\par}}\n"
    )


def _width(texts: Sequence[str]) -> float:
    return LETTER * max(map(len, texts)) + BETWEEN


def _longtable(keys: pd.DataFrame, cells: Mapping[str, Sequence[Entry]]) -> str:
    heads = [r"\shortstack[r]{" + r"\\".join(map(escaped, textwrap.wrap(head, HEAD))) + "}" for head in cells]
    lines = [
        rf"\begin{{longtable}}{{{'l' * len(keys.columns)}{'r' * len(cells)}}}",
        r"\toprule",
        " & ".join([*map(escaped, keys.columns), *heads]) + r" \\",
        r"\midrule",
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
    ]
    before = None
    for number, row in enumerate(keys.itertuples(index=False, name=None)):
        values, intervals = zip(*(own[number] for own in cells.values()), strict=True)
        lines += [r"\addlinespace"] if before not in (None, row[0]) else []
        lines.append(" & ".join([*map(escaped, row), *values]) + (r" \\*" if any(intervals) else r" \\"))
        lines += [" & ".join([*[""] * len(row), *intervals]) + r" \\[2pt]"] if any(intervals) else []
        before = row[0]
    return "\n".join([*lines, r"\end{longtable}"])


def escaped(text: str) -> str:
    """Text in which LaTeX's special characters stand for themselves."""
    return text.translate(LATEX)


def _page(table: pd.DataFrame, keys: int, title: str, note: str) -> str:
    def row(tag: str, cells: Sequence[str]) -> str:
        return "".join(
            f'<{tag} class="key">{cell}</{tag}>' if k < keys else f"<{tag}>{cell}</{tag}>"
            for k, cell in enumerate(cells)
        )  # fmt: skip

    rows = "\n".join(f"<tr>{row('td', cells)}</tr>" for cells in table.itertuples(index=False, name=None))
    return PAGE.format(title=escape(title), heads=row("th", list(table.columns)), rows=rows, note=escape(note))
