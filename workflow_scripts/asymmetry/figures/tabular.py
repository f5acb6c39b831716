"""A table for people: CSV (numbers); Markdown, LaTeX (booktabs) and HTML (numbers with their intervals)."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from asymmetry.artifacts import atomic

MISSING = "--"
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
    text = {head: _formatted(*(numbers[name][head] for name in numbers)) for head in heads}
    flat = {f"{head.rstrip(' ↑↓')}{suffix}": numbers[name][head].to_numpy()
            for head in heads for name, suffix in (("value", ""), ("low", " low"), ("high", " high"))}  # fmt: skip
    named = pd.DataFrame(rows, columns=list(keys))
    sentences = " ".join(filter(None, note))

    def put(suffix: str, content: str) -> None:
        with atomic(stem.with_name(f"{stem.name}.{suffix}")) as temporary:
            temporary.write_text(content, encoding="utf-8")

    def marked(form: str, plain: Callable[[str], str]) -> pd.DataFrame:
        return named.map(plain).rename(columns=plain).assign(
            **{
                plain(head): [_mark(plain(cell), places.get(head, {}).get(row), MARKS[form])
                              for row, cell in zip(rows, cells, strict=True)]
                for head, cells in text.items()
            }
        )  # fmt: skip

    put("csv", named.join(pd.DataFrame(flat)).to_csv(index=False, lineterminator="\n"))
    table = marked("md", lambda plain: plain.replace("|", r"\|")).to_markdown(index=False, disable_numparse=True)
    put("md", f"{table}\n\n{sentences}\n")
    put("tex", latex(marked("tex", escaped), len(keys), sentences))
    put("html", _page(marked("html", escape), len(keys), title, sentences))


def _mark(cell: str, place: int | None, marks: Mapping[int, str]) -> str:
    return marks[place].format(cell) if place else cell


def _formatted(value: pd.Series, low: pd.Series, high: pd.Series) -> list[str]:
    """Value and interval with three figures of the column's largest value, at least two decimals."""
    largest = value.abs().max()
    digits = 2 if not largest > 0 else int(np.clip(2 - np.floor(np.log10(largest)), 2, 5))
    cells = []
    for middle, bottom, top in zip(value, low, high, strict=True):
        sides = f" [{bottom:.{digits}f}, {top:.{digits}f}]" if np.isfinite([bottom, top]).all() else ""
        cells.append(f"{middle:.{digits}f}{sides}".replace("-", "−") if np.isfinite(middle) else MISSING)
    return cells


def latex(table: pd.DataFrame, keys: int, note: str) -> str:
    """A tabular with booktabs' rules of heads and cells that are LaTeX already; the first `keys` columns name a row."""
    columns = "l" * keys + "r" * (len(table.columns) - keys)
    head, *rows = (" & ".join(row) + r" \\" for row in [table.columns, *table.itertuples(index=False, name=None)])
    lines = [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        head,
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    body = "\n".join(lines)
    return f"% Needs the package booktabs.\n{body}\n\\par{{\\footnotesize {escaped(note)}\\par}}\n"


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
