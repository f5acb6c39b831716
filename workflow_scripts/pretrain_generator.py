"""Rule pretrained_generator."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.training.optimization import pretrain

    pretrain(
        corpus=Path(snakemake.input.corpus),
        held_out=Path(snakemake.input.held_out),
        output=Path(snakemake.output.model),
        checkpoint_every=snakemake.config["pretraining"]["checkpoint_every"],
        workers=snakemake.config["acceleration"]["workers"],
        **snakemake.params,
    )
