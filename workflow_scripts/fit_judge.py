"""Rule fit_judge."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.metrics.judges.fitting import fit_judge

    judge = snakemake.params.judge
    rated = snakemake.input.get("rated")
    fit_judge(
        judge["object"],
        Path(snakemake.input.corpus),
        Path(rated) if rated else None,
        Path(snakemake.output[0]),
        snakemake.params.seed,
        **judge.get("options", {}),
    )
