"""Rule correlations."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.correlations import correlation_tables

    files = snakemake.input
    correlation_tables(
        Path(files.datasets),
        Path(files.breakdown),
        [Path(path) for path in files.preferences],
        Path(snakemake.output.html).with_suffix(""),
        Path(snakemake.output.families).with_suffix(""),
        snakemake.params.scale,
    )
