"""Rule published_generator."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.data.packing import check_disjoint
    from asymmetry.networks.files import published_generator

    check_disjoint(Path(snakemake.input.corpus), Path(snakemake.input.held_out))
    generator = snakemake.params.generator
    published_generator(
        generator["object"],
        snakemake.params.task["scale"],
        generator.get("options", {}),
        Path(snakemake.input.weights),
        Path(snakemake.output.model),
    )
