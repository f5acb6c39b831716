"""Rule published_backbone."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.networks.full import published_backbone

    published_backbone(**snakemake.params.backbone, output=Path(snakemake.output[0]))
