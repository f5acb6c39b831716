"""Rule table1."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.tables import table1

    files = [Path(snakemake.input[name]) for name in ("means", "judges", "scores", "gains")]
    table1(*files, snakemake.params.cells, Path(snakemake.output[0]).with_suffix(""), snakemake.params.scale)
