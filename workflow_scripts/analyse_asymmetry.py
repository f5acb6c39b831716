"""Rule asymmetry."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.asymmetry import asymmetry_tables

    asymmetry_tables(
        snakemake.params.cells,
        snakemake.params.datasets,
        snakemake.params.trained_on,
        Path(snakemake.input.assessment),
        Path(snakemake.input.optimization),
        Path(snakemake.input.gains),
        snakemake.params.objectives,
        snakemake.params.settings,
        metrics_output=Path(snakemake.output.metrics),
        summary_output=Path(snakemake.output.summary),
    )
