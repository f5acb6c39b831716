"""Rule transfer_figure."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.transfer import draw_transfer

    draw_transfer(Path(snakemake.input[0]), Path(snakemake.output.png).with_suffix(""), snakemake.params.scale)
