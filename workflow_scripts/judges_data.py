"""Rule judges_data."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.judges_data import judge_agreement

    judge_agreement(snakemake.params.cells, Path(snakemake.input.judges), Path(snakemake.output[0]))
