"""Rule preference_agreement."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.preferences import agreement_table

    agreement_table(snakemake.params.cells, Path(snakemake.output[0]))
