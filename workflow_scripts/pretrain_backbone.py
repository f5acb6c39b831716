"""Rule pretrained_backbone."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.training.pretraining import pretrain_backbone

    backbone = dict(snakemake.params.backbone)
    pretrain_backbone(
        backbone.pop("object"),
        Path(snakemake.input.corpus),
        Path(snakemake.output[0]),
        seed=int(snakemake.wildcards.seed),
        device=snakemake.params.device,
        code=snakemake.params.code,
        **snakemake.params.settings,
        **backbone,
    )
