"""Write docs/datasets.md from the catalogue of datasets: `python docs/generate_datasets.py`."""

import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "workflow_scripts"))

from asymmetry.data.catalog import Dataset, File, Source, catalog, download_bytes, unpacked_estimate  # noqa: E402

HEAD = """# The public datasets

Made from `workflow_scripts/asymmetry/data/catalog.yaml` by `python docs/generate_datasets.py`; do not edit.

`snakemake --cores 2 downloads/kadid-10k` fetches one dataset; a configuration that uses one fetches it by itself. A
download is continued where it was interrupted, its hash is checked before anything is unpacked, and nothing is unpacked
outside the dataset's folder. What is not whole yet lies in `downloads/.partial`. The folder of a dataset holds a
`receipt.json`: what was fetched, from where, with which hash.

```yaml
downloads:
  folder: downloads # where datasets go
  accept_terms: [live, tid2013] # datasets whose terms you have read and accept; needed where the table says so
  sources: { spaq: original } # another source than a dataset's first
  folders: { realsr: /data/realsr } # datasets that you have already, unpacked as their authors give them: no download
```

* **Several projects on one machine** can share downloads: `SNAKEMAKE_OUTPUT_CACHE=/shared/cache snakemake --cache ...`.
* **A nearer mirror** of the hub: set `HF_ENDPOINT`, for example to `https://hf-mirror.com`.
* **No hash was found** for some files. They are fetched over https only, and their SHA-256 is put into the receipt.
* **A host that is gone**: fetch the files in another way, unpack them and name the folder in `downloads.folders`.
* **Scores are checked** when a dataset is indexed: their number, their range, and their direction where the data show
  it: distorted pictures get worse with the level (KADID-10k, TID2013, CSIQ) or score worse than their originals (LIVE).
  PIPAL and the datasets without references hold nothing that would tell a reversed scale.
* **Standard errors of scores**, which the outlier ratio needs, are known for KADID-10k (from the standard deviation of
  30 votes an image; a few images have 31), TID2013 (if its `mos_std.txt` is there) and KonIQ-10k (from the votes). The
  others do not give the number of votes of each image (CSIQ, LIVE, LIVE-Challenge and AGIQA-3K only a standard
  deviation), and their column stays empty.
* **RealSR** serves as a set of sharp pictures, which are reduced as all others are. The blurred pictures of its pairs
  are not used: every task of this workflow makes its own degraded pictures.
* The texture quality dataset (TQD) has no public download.
"""
KINDS = {
    "fr": "Scores with references",
    "nr": "Scores without references",
    "pictures": "Pictures",
    "pairs": "Forced choices",
}


def gigabytes(size: float | None, about: bool = False) -> str:
    return "size not found" if size is None else f"{'about ' if about else ''}{size / 1e9:.3g} GB"


def scores(dataset: Dataset) -> str:
    expected = dataset.expected
    if expected.score_low is None:
        return ""
    directions = {True: ", higher is better", False: ", lower is better", None: ""}
    return f"{expected.score_low:g} to {expected.score_high:g}{directions[expected.higher_is_better]}"


def holds(dataset: Dataset) -> str:
    counts, references = dataset.expected.rows, dataset.expected.references
    if not counts:
        return "number not checked"
    number = " to ".join(map(str, sorted({min(counts), max(counts)})))
    return f"{number} images of {references} references" if references else f"{number} images"


def described(file: File) -> str:
    algorithm, value = file.hash or ("no hash", "")
    size = gigabytes(file.bytes or file.about_bytes, about=not file.bytes)
    hosts = ", ".join(dict.fromkeys(url.split("/")[2] for url in file.urls))
    return f"  * `{file.name}`, {size}, {algorithm}{f' `{value[:12]}…`' if value else ''}, from {hosts}"


def offered(name: str, source: Source, first: bool) -> list[str]:
    space = gigabytes(unpacked_estimate(source), about=True)
    title = f"* source `{name}`{' (the default)' if first else ''}, {space} unpacked"
    return [f"{title}: {source.note}" if source.note else title, *map(described, source.files)]


def section(dataset: Dataset) -> list[str]:
    terms = dataset.terms
    need = " Needed in `accept_terms`." if terms.accept else ""
    lines = [f"\n### {dataset.title}: `{dataset.name}`\n", f"* {holds(dataset)}"]
    if scores(dataset):
        lines[-1] += f"; scores {scores(dataset)}"
    lines.append(f"* terms ([page]({terms.url}); licence: {terms.licence}): {terms.summary}{need}")
    for number, (name, source) in enumerate(dataset.sources.items()):
        lines += offered(name, source, first=number == 0)
    if dataset.manual:
        lines.append(f"* {'or ' if dataset.sources else ''}by hand, named in `folders`: {dataset.manual}")
    lines += [f"* cite: {dataset.citation}", f"* sources of these facts: {'; '.join(dataset.facts.values())}"]
    return lines


def document() -> str:
    """The whole page."""
    entries = list(catalog().values())
    parts = [HEAD, "| dataset | holds | raw scores | default download | accept_terms |", "|---|---|---|---|---|"]
    for dataset in entries:
        size = gigabytes(download_bytes(dataset.name)) if dataset.sources else "by hand"
        accept = "needed" if dataset.terms.accept else ""
        parts.append(f"| `{dataset.name}` | {holds(dataset)} | {scores(dataset)} | {size} | {accept} |")
    for kind, title in KINDS.items():
        parts.append(f"\n## {title}")
        for dataset in entries:
            if dataset.kind == kind:
                parts += section(dataset)
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    (PROJECT / "docs" / "datasets.md").write_text(document(), encoding="utf-8")
