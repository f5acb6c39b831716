"""Rule random_backbone."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.training.initialisation import random_backbone

    random_backbone(
        **snakemake.params.backbone,
        seed=int(snakemake.wildcards.seed),
        corpus=Path(snakemake.input.corpus),
        output=Path(snakemake.output[0]),
    )
