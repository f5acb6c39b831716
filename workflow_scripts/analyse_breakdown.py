"""Rule assessment_breakdown."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.breakdown import breakdown_table

    breakdown_table(snakemake.params.cells, Path(snakemake.output[0]))
