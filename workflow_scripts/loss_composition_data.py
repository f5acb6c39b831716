"""Rule loss_composition_data."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.loss_composition_data import loss_composition_data

    loss_composition_data(Path(snakemake.input[0]), snakemake.params.compositions, Path(snakemake.output[0]))
