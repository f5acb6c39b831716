"""Rule distortion_types."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.distortion_types import draw_distortion_types

    draw_distortion_types(Path(snakemake.input[0]), Path(snakemake.output.png).with_suffix(""), snakemake.params.scale)
