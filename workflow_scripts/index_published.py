"""Rules published_corpus and published_rated_dataset."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.data import catalog, published

    published.index(catalog.dataset(snakemake.params.dataset), Path(snakemake.input[0]), Path(snakemake.output[0]))
