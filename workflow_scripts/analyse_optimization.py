"""Rule optimization_scores."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.optimization import optimization_tables

    outputs = {f"{name}_output": Path(file) for name, file in snakemake.output.items()}
    params = snakemake.params
    baselines = [Path(file) for file in snakemake.input.baselines]
    optimization_tables(params.cells, baselines, standing=params.standing, trained=params.trained, **outputs)
