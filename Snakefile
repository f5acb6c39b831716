# Does being a good image-quality metric make a good training loss, and a good discriminator a good quality model?
# `snakemake --cores 2` runs what config.yaml says; `snakemake --cores 2 fig7` makes one figure. See README.md.
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")


configfile: str(Path(workflow.basedir) / "config.yaml")


report: "report/workflow.rst"


include: "rules/common.smk"
include: "rules/downloads.smk"
include: "rules/data.smk"
include: "rules/networks.smk"
include: "rules/assessment.smk"
include: "rules/optimization.smk"
include: "rules/judgement.smk"
include: "rules/judges.smk"
include: "rules/transfer.smk"
include: "rules/analysis.smk"
include: "rules/claims.smk"
include: "rules/figures.smk"
include: "rules/figures_training.smk"
include: "rules/figures_analysis.smk"
include: "rules/explorer.smk"
include: "rules/estimate.smk"


FIGURES = [
    "fig1",
    "fig7",
    "qualitative",
    "distortions",
    "loss-composition",
    "discriminators",
    "transfer",
    "training-curves",
    "distortion-types",
    "judges",
    "pareto",
    "sensitivity",
    "claims",
]


rule all:
    default_target: True
    input:
        expand(f"{RESULTS}/figures/{{figure}}.{{form}}", figure=FIGURES, form=["png", "pdf"]),
        rules.table1.output,
        rules.table2.output,
        rules.correlations.output,
        rules.reproduction.output,
        rules.claims.output,
        rules.advice.output,
        rules.explorer.output,
        rules.report_answers.output,
        rules.record.output,
