"""Rule report_answers."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.report import write_answers

    files = snakemake.input
    names = ("claims", "asymmetry", "sensitivity", "judges", "scores", "record")
    write_answers(
        *(Path(files[name]) for name in names),
        Path(snakemake.output[0]),
        in_domain=Path(files.in_domain[0]) if files.in_domain else None,
    )
