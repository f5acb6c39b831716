"""Rule assess_pairs."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.metrics.create import load_metric
    from asymmetry.metrics.preferences import assess_pairs

    files = {name: Path(file) for name, file in snakemake.input.items() if name != "pairs"}
    metric = load_metric(snakemake.params.metric, files)
    assess_pairs(metric, Path(snakemake.input.pairs), Path(snakemake.output[0]), snakemake.params.device)
