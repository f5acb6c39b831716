"""Rule download_dataset."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads):
    from pathlib import Path

    from asymmetry.data.catalog import dataset
    from asymmetry.data.downloads import fetch

    fetch(
        dataset(snakemake.wildcards.dataset),
        Path(snakemake.output[0]),
        accepted=snakemake.params.accepted,
        source=snakemake.params.source,
    )
