"""Rule packed_corpus."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.data.packing import pack

    pack(Path(snakemake.input.manifest), Path(snakemake.output.index), **snakemake.params.task)
