"""Rule fig7_data."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.fig7_data import fig7_data

    params = snakemake.params
    scores, output = Path(snakemake.input.scores), Path(snakemake.output[0])
    fig7_data(scores, params.cells, params.objective, params.discriminators, output)
