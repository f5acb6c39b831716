"""Rule qualitative."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.qualitative import draw_qualitative

    stem = Path(snakemake.output.png).with_suffix("")
    draw_qualitative(Path(snakemake.input.table), stem, snakemake.params.scale)
