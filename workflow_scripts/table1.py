"""Rule table1."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads):
    from pathlib import Path

    from asymmetry.figures.tables import table1

    files = snakemake.input
    stem = Path(snakemake.output[0]).with_suffix("")
    table1(Path(files.means), Path(files.judges), Path(files.scores), stem, snakemake.params.scale)
