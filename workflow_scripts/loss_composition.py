"""Rule loss_composition."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.loss_composition import draw_loss_composition

    draw_loss_composition(Path(snakemake.input[0]), Path(snakemake.output.png).with_suffix(""), snakemake.params.scale)
