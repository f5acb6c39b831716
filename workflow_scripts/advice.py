"""Rule advice."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.advice import advice_table

    files, params = snakemake.input, snakemake.params
    facts = params.fidelity, params.unit, params.preferences
    advice_table(Path(files.gains), Path(files.judges), *facts, Path(snakemake.output.table), params.scale)
