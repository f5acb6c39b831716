"""Rule discriminators_data."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.discriminators_data import discriminators_data

    params = snakemake.params
    discriminators_data(
        Path(snakemake.input.gains),
        params.cells,
        params.facts,
        params.objective,
        params.weight,
        scores_output=Path(snakemake.output.scores),
        curves_output=Path(snakemake.output.curves),
    )
