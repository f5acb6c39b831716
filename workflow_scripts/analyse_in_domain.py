"""Rule in_domain."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.in_domain import in_domain_table

    qualities = [Path(file) for file in snakemake.input.qualities]
    in_domain_table(qualities, Path(snakemake.input.gains), Path(snakemake.output[0]))
