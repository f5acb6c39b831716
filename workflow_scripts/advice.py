"""Rule advice."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.advice import advice_table

    advice_table(Path(snakemake.input[0]), Path(snakemake.output.table), snakemake.params.scale)
