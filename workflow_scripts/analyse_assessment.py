"""Rule assessment_scores."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.assessment import dataset_table, score_table

    params = snakemake.params
    dataset_table(params.cells, Path(snakemake.output.datasets))
    score_table(params.cells, params.datasets, params.trained_on, Path(snakemake.output.scores))
