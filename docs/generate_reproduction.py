"""Write the section of published figures in docs/reproduction.md: `python docs/generate_reproduction.py`."""

import sys
from pathlib import Path

import pandas as pd

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "workflow_scripts"))

from asymmetry import tables  # noqa: E402
from asymmetry.analysis.reproduction import HERE, compared, markdown  # noqa: E402

PAGE = PROJECT / "docs" / "reproduction.md"
PUBLISHED = PROJECT / "workflow_scripts" / "data" / "published_figures.csv"
BEGIN = "<!-- begin: published figures, made by docs/generate_reproduction.py -->"
END = "<!-- end: published figures -->"


def section() -> str:
    """The table with nothing run."""
    nothing = pd.DataFrame(columns=HERE, dtype=object)
    return markdown(compared(tables.read(PUBLISHED, "published-figures"), nothing))


def document(page: str) -> str:
    """The page with that section between its two marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{section()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(document(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
