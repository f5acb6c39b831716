"""Rule quality_model."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.training.transfer import transfer

    backbone = dict(snakemake.params.backbone)
    transfer(
        Path(snakemake.input.rated),
        backbone.pop("object"),
        Path(snakemake.input.weights),
        Path(snakemake.output[0]),
        mode=snakemake.wildcards.mode,
        seed=int(snakemake.wildcards.seed),
        acceleration=snakemake.params.acceleration,
        workers=snakemake.config["acceleration"]["workers"],
        device=snakemake.params.device,
        code=snakemake.params.code,
        **snakemake.params.settings,
        **backbone,
    )
