"""Rule report_answers."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.report import write_answers

    write_answers(*map(Path, snakemake.input), Path(snakemake.output[0]))
