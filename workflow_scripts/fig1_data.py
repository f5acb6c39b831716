"""Rule fig1_data."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.fig1_data import fig1_data

    fig1_data(Path(snakemake.input.metrics), Path(snakemake.input.summary), Path(snakemake.output[0]))
