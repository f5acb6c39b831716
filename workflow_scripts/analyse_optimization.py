"""Rule optimization_scores."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads):
    from pathlib import Path

    from asymmetry.analysis.optimization import optimization_tables

    outputs = {f"{name}_output": Path(file) for name, file in snakemake.output.items()}
    optimization_tables(snakemake.params.cells, Path(snakemake.input.baselines), **outputs)
