"""Rule reproduction."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    import pandas as pd

    from asymmetry import tables
    from asymmetry.analysis.reproduction import agreements, correlations, reproduction_table, restorations

    files, params = snakemake.input, snakemake.params
    found = [correlations(tables.read(files.measured, "assessment-datasets"), params.objects, params.datasets)]
    if files.agreement:
        found.append(
            agreements(tables.read(files.agreement[0], "preference-agreement"), params.objects, params.datasets)
        )
    if files.baselines:
        found.append(restorations(tables.read(files.baselines[0], "baselines"), **params.restored))
    reproduction_table(Path(files.published), pd.concat(found, ignore_index=True), Path(snakemake.output[0]))
