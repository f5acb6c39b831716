"""Rule file_backbone."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.networks.files import file_backbone

    file_backbone(
        **snakemake.params.backbone,
        path=Path(snakemake.input.weights),
        preprocessing=snakemake.params.preprocessing,
        output=Path(snakemake.output[0]),
    )
