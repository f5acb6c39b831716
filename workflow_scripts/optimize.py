"""Rules optimize and optimize_adversarially."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.training.optimization import optimize

    optimize(
        **{"discriminator": None, "weight": 0.0, **snakemake.params},
        seed=int(snakemake.wildcards.seed),
        files={name: Path(file) for name, file in snakemake.input.items()},
        outputs={name: Path(file) for name, file in snakemake.output.items()},
        checkpoint_every=snakemake.config["optimization"]["checkpoint_every"],
        workers=snakemake.config["acceleration"]["workers"],
    )
