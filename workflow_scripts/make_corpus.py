"""Rule corpus."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.data.corpora import make_corpus

    make_corpus(Path(snakemake.output.manifest), seed=snakemake.params.seed, **snakemake.params.settings)
