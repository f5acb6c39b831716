"""Rule discriminator_backbone."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.training.initialisation import discriminator_backbone

    discriminator_backbone(
        **snakemake.params.backbone,
        discriminator=Path(snakemake.input.discriminator),
        output=Path(snakemake.output[0]),
    )
