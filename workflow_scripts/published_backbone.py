"""Rule published_backbone."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads):
    from asymmetry.artifacts import save_tensors
    from asymmetry.networks.backbones import published_weights

    save_tensors(published_weights(snakemake.params.backbone["object"]), snakemake.output[0])
