# Figures of how the trainings went and of what they led to. Needs analysis and histories; makes results/figures/{name}.{png,pdf}.
# As in figures.smk the data and the drawing are rules apart: restyling computes nothing.

DISCRIMINATORS = sorted({cell.discriminator for cell in PLAN.grid.cells} - {plan.NONE})
TRAININGS = PLAN.grid.listed(PLAN.grid.cells, "history", "provenance")
FACTS = {
    name: {key: own.get(key, "") for key in ("head", "backbone", "initialisation")}
    | {"architecture": PLAN.claims.architecture(own["backbone"]) if "backbone" in own else ""}
    for name, own in config["discriminators"].items()
    if name in DISCRIMINATORS
}
SOURCES = {
    name: {"kind": own["kind"]}
    | ({"head": config["discriminators"][own["discriminator"]].get("head", "")} if "discriminator" in own else {})
    for name, own in config["initialisations"].items()
}
COMPARED = [row for row in TRAININGS if row["objective"] == config["figures"]["fig7"]["objective"]]


rule loss_composition_data:
    input:
        f"{RESULTS}/analysis/grid/gains.csv",
    output:
        f"{RESULTS}/figures/data/loss-composition.csv",
    log:
        f"{RESULTS}/logs/figures/loss-composition-data.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/loss-composition-data.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        compositions=PLAN.claims.compositions(),
        code=code("loss_composition_data.py"),
    message:
        "Loss composition: data"
    script:
        "../workflow_scripts/loss_composition_data.py"


rule loss_composition:
    name:
        "loss-composition"
    input:
        rules.loss_composition_data.output,
    output:
        png=report(
            f"{RESULTS}/figures/loss-composition.png",
            caption="../report/loss-composition.rst",
            category="Figures",
            labels={"figure": "composition of the loss (C3)"},
        ),
        pdf=f"{RESULTS}/figures/loss-composition.pdf",
    log:
        f"{RESULTS}/logs/figures/loss-composition.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/loss-composition.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        scale=SCALE,
        code=code("loss_composition.py"),
    message:
        "Loss composition: fidelity and realism"
    script:
        "../workflow_scripts/loss_composition.py"


rule discriminators_data:
    input:
        column(COMPARED, "history", "provenance"),
        gains=f"{RESULTS}/analysis/grid/gains.csv",
    output:
        scores=f"{RESULTS}/figures/data/discriminators.csv",
        curves=f"{RESULTS}/figures/data/discriminators-curves.csv",
    log:
        f"{RESULTS}/logs/figures/discriminators-data.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/discriminators-data.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        cells=COMPARED,
        facts=FACTS,
        objective=config["figures"]["fig7"]["objective"],
        weight=PLAN.claims.reference_weight() or 0.0,
        code=code("discriminators_data.py"),
    message:
        "Discriminators: data"
    script:
        "../workflow_scripts/discriminators_data.py"


rule discriminators:
    input:
        scores=rules.discriminators_data.output.scores,
        curves=rules.discriminators_data.output.curves,
    output:
        png=report(
            f"{RESULTS}/figures/discriminators.png",
            caption="../report/discriminators.rst",
            category="Figures",
            labels={"figure": "discriminators (C5, C6)"},
        ),
        pdf=f"{RESULTS}/figures/discriminators.pdf",
    log:
        f"{RESULTS}/logs/figures/discriminators.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/discriminators.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        scale=SCALE,
        among=DISCRIMINATORS,
        code=code("discriminators.py"),
    message:
        "Discriminators: scores and stability"
    script:
        "../workflow_scripts/discriminators.py"


rule transfer_figure_data:
    input:
        rules.transfer_scores.output,
    output:
        f"{RESULTS}/figures/data/transfer.csv",
    log:
        f"{RESULTS}/logs/figures/transfer-data.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/transfer-data.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        initialisations=SOURCES,
        architectures=PLAN.claims.facts()["backbones"],
        code=code("transfer_figure_data.py"),
    message:
        "Transfer figure: data"
    script:
        "../workflow_scripts/transfer_figure_data.py"


rule transfer_figure:
    name:
        "transfer"
    input:
        rules.transfer_figure_data.output,
    output:
        png=report(
            f"{RESULTS}/figures/transfer.png",
            caption="../report/transfer.rst",
            category="Figures",
            labels={"figure": "quality models (C7, C8)"},
        ),
        pdf=f"{RESULTS}/figures/transfer.pdf",
    log:
        f"{RESULTS}/logs/figures/transfer.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/transfer.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        scale=PLAN.transfer.scale(),
        code=code("transfer_figure.py"),
    message:
        "Transfer figure: quality models by initialisation"
    script:
        "../workflow_scripts/transfer_figure.py"


rule training_curves_data:
    input:
        column(TRAININGS, "history", "provenance"),
    output:
        f"{RESULTS}/figures/data/training-curves.csv",
    log:
        f"{RESULTS}/logs/figures/training-curves-data.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/training-curves-data.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        cells=TRAININGS,
        code=code("training_curves_data.py"),
    message:
        "Training curves: data"
    script:
        "../workflow_scripts/training_curves_data.py"


rule training_curves:
    name:
        "training-curves"
    input:
        rules.training_curves_data.output,
    output:
        png=report(
            f"{RESULTS}/figures/training-curves.png",
            caption="../report/training-curves.rst",
            category="Figures",
            labels={"figure": "training curves"},
        ),
        pdf=f"{RESULTS}/figures/training-curves.pdf",
    log:
        f"{RESULTS}/logs/figures/training-curves.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/training-curves.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        scale=SCALE,
        code=code("training_curves.py"),
    message:
        "Training curves: every term of every training"
    script:
        "../workflow_scripts/training_curves.py"
