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


rule all:
    default_target: True
    input:
        rules.fig1.output,
        rules.fig7.output,
        rules.qualitative.output,
        rules.distortions.output,
        rules.table1.output,
        rules.table2.output,
        rules.loss_composition.output,
        rules.discriminators.output,
        rules.transfer_figure.output,
        rules.training_curves.output,
        rules.distortion_types.output,
        rules.judges.output,
        rules.pareto.output,
        rules.sensitivity_figure.output,
        rules.claims.output,
        rules.claims_figure.output,
        rules.advice.output,
        rules.explorer.output,
        rules.report_answers.output,
        rules.record.output,
