"""Rule rated_dataset."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.data.rated import make_rated

    files = {name: Path(file) for name, file in snakemake.input.items() if name != "images"}
    make_rated(Path(snakemake.output.manifest), seed=snakemake.params.seed, **files, **snakemake.params.settings)
