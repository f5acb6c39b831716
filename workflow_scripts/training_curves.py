"""Rule training_curves."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.training_curves import draw_training_curves

    draw_training_curves(Path(snakemake.input[0]), Path(snakemake.output.png).with_suffix(""), snakemake.params.scale)
