"""Rule transfer_scores."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.transfer import transfer_table

    transfer_table(snakemake.params.cells, Path(snakemake.output[0]))
