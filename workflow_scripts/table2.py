"""Rule table2."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.tables import table2

    stem = Path(snakemake.output[0]).with_suffix("")
    table2(Path(snakemake.input.transfer), snakemake.params.cells, stem, snakemake.params.scale)
