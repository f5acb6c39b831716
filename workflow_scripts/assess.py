"""Rule assess."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.metrics.assessment import assess
    from asymmetry.metrics.create import load_metric

    files = {name: Path(file) for name, file in snakemake.input.items() if name != "rated"}
    metric = load_metric(snakemake.params.metric, files)
    assess(metric, Path(snakemake.input.rated), Path(snakemake.output[0]), snakemake.params.device)
