"""Rule training_curves_data."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.training_curves_data import training_curves_data

    training_curves_data(snakemake.params.cells, Path(snakemake.output[0]))
