"""Rule download_dataset."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.data import catalog
    from asymmetry.data.downloads import fetch

    name, accepted = snakemake.wildcards.dataset, snakemake.config["downloads"]["accept_terms"]
    fetch(
        catalog.dataset(name),
        Path(snakemake.output[0]),
        accepted=not catalog.unaccepted([name], accepted),
        source=snakemake.params.source,
    )
