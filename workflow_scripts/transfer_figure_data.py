"""Rule transfer_figure_data."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.transfer_data import transfer_data

    params = snakemake.params
    transfer_data(Path(snakemake.input[0]), params.initialisations, params.architectures, Path(snakemake.output[0]))
