"""Rule fig7."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.fig7 import draw_fig7

    params = snakemake.params
    draw_fig7(Path(snakemake.input[0]), Path(snakemake.output.png).with_suffix(""), params.scale, params.among)
