# Does being a good image-quality metric make a good training loss, and a good discriminator a good quality model?
# `snakemake --cores 2` runs what config.yaml says; `snakemake --cores 2 fig7` makes one figure. See README.md.
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")


configfile: str(Path(workflow.basedir) / "config.yaml")


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
include: "rules/figures.smk"
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
        rules.record.output,
