"""Rule reproduction."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.reproduction import reproduction_table

    files, params = snakemake.input, snakemake.params
    output = Path(snakemake.output[0])
    reproduction_table(Path(files.published), Path(files.measured), params.objects, params.datasets, output)
