"""Rule fig1."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.fig1 import draw_fig1

    draw_fig1(Path(snakemake.input[0]), Path(snakemake.output.png).with_suffix(""), snakemake.params.scale)
