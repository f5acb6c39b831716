"""Rule channel_weights."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.metrics.create import load_metric
    from asymmetry.metrics.weights import fit_channel_weights

    params = snakemake.params
    files = {name: Path(file) for name, file in snakemake.input.items() if name != "rated"}
    metric = load_metric(params.metric, files)
    fit_channel_weights(Path(snakemake.input.rated), metric, Path(snakemake.output[0]), params.seed, params.device)
