"""Rule artefacts."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.artefacts import artefact_table

    references = Path(snakemake.input.baselines) / "reference"
    artefact_table(snakemake.params.cells, references, snakemake.params.scale, Path(snakemake.output[0]))
