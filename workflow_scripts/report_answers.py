"""Rule report_answers."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.report import write_answers

    files = snakemake.input
    names = ("claims", "asymmetry", "sensitivity", "judges", "scores", "curves", "record")
    in_domain = Path(snakemake.params.in_domain)
    write_answers(
        *(Path(files[name]) for name in names),
        Path(snakemake.output[0]),
        in_domain=in_domain if in_domain.exists() else None,
    )
