"""Rule record."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from asymmetry.artifacts import provenance, write_json

    write_json({"config": snakemake.params.config, **provenance()}, snakemake.output[0])
