"""Rule calibrate."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.training.optimization import calibrate_metric

    files = {name: Path(file) for name, file in snakemake.input.items()}
    params = {name: value for name, value in snakemake.params.items() if name != "code"}
    calibrate_metric(
        corpus=files.pop("corpus"),
        weights=files.pop("generator"),
        metric_files=files,
        output=Path(snakemake.output[0]),
        **params,
    )
