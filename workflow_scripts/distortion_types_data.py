"""Rule distortion_types_data."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.distortion_types_data import distortion_types_data

    distortion_types_data(Path(snakemake.input[0]), snakemake.params.initialisations, Path(snakemake.output[0]))
