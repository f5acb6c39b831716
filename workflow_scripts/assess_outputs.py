"""Rule assess_outputs."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.metrics.create import load_metric
    from asymmetry.metrics.outputs import assess_outputs

    params = snakemake.params
    files = {name: Path(file) for name, file in snakemake.input.items() if name not in {"pictures", "references"}}
    assess_outputs(
        load_metric(params.metric, files),
        snakemake.wildcards.metric,
        params.cells,
        Path(snakemake.input.references, "reference"),
        Path(snakemake.output[0]),
        params.device,
    )
