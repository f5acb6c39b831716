"""Rule distortions."""

from asymmetry.compute import step

with step(snakemake.log[0], snakemake.threads, snakemake.input):
    from pathlib import Path

    from asymmetry.data.corpora import load_scene
    from asymmetry.figures.distortions import draw_contact_sheet

    scene = snakemake.params.scene
    reference = load_scene(Path(snakemake.input.corpus), scene)
    stem = Path(snakemake.output.png).with_suffix("")
    draw_contact_sheet(reference, Path(snakemake.input.level_means), snakemake.params.seed, scene, stem)
