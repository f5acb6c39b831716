"""Rule discriminators."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.discriminators import draw_discriminators

    files, params = snakemake.input, snakemake.params
    stem = Path(snakemake.output.png).with_suffix("")
    draw_discriminators(Path(files.scores), Path(files.curves), stem, params.scale, params.among)
