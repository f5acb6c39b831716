"""Rule explorer."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.explorer import write_explorer

    write_explorer(
        snakemake.params.cells,
        snakemake.params.start,
        baselines=[Path(path) for path in snakemake.input.baselines],
        pictures=Path(snakemake.input.pictures),
        judges=Path(snakemake.input.judges),
        task=snakemake.params.task,
        scale=snakemake.params.scale,
        inputs=Path(snakemake.output.inputs),
        output=Path(snakemake.output.page),
    )
