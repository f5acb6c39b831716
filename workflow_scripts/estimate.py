"""Rule estimate_figures."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.estimation import estimate

    estimate(snakemake.params.config, Path(snakemake.params.snakefile), Path(snakemake.output[0]))
