"""Rule claims."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.claims import claims_table

    files, params = snakemake.input, snakemake.params
    claims_table(
        *(params.facts, params.margins, params.assessments, params.datasets, params.trained_on, params.models),
        *(params.provenance, params.weights),
        gains=Path(files.gains),
        judges=Path(files.judges),
        sweep=Path(files.sweep[0]) if files.sweep else None,
        artefact_table=Path(files.artefacts),
        scale=params.scale,
        transfer_scale=params.transfer_scale,
        output=Path(snakemake.output.claims),
        details=Path(snakemake.output.details),
    )
