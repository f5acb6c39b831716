"""Rule sensitivity_data."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.sensitivity_data import sensitivity_data

    sensitivity_data(Path(snakemake.input.table), Path(snakemake.input.asymmetry), Path(snakemake.output[0]))
