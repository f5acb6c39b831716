"""Rule judge."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.training.restoration import judge_model

    judge_model(
        files={name: Path(file) for name, file in snakemake.input.items()},
        table=Path(snakemake.output.table),
        outputs=Path(snakemake.output.outputs),
        **{name: value for name, value in snakemake.params.items() if name != "code"},
    )
