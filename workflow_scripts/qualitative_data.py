"""Rule qualitative_data."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.figures.qualitative_data import qualitative_data

    params = snakemake.params

    def pictures(folder: str) -> dict[str, Path]:
        return {scene: Path(folder) / f"{scene}.png" for scene in params.scenes}

    qualitative_data(
        pictures(params.references),
        [{**panel, "images": pictures(panel["images"])} for panel in params.panels],
        params.judges,
        Path(snakemake.output[0]),
        size=params.crop,
        scale=params.scale,
    )
