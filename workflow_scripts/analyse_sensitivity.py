"""Rule sensitivity."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.sensitivity import sensitivity_table

    sensitivity_table(
        snakemake.params.cells,
        snakemake.params.datasets,
        snakemake.params.trained_on,
        Path(snakemake.input.gains),
        snakemake.params.objectives,
        snakemake.params.settings,
        Path(snakemake.output[0]),
    )
