"""Rule assessment_scores."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.analysis.assessment import dataset_table, read, score_table
    from asymmetry.analysis.comparison import comparison_table

    params, output = snakemake.params, snakemake.output
    frames = read(params.cells)
    dataset_table(frames, Path(output.datasets))
    comparison_table(frames, Path(output.comparisons))
    score_table(frames, params.datasets, params.trained_on, Path(output.scores))
