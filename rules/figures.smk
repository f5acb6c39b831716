# Pictures and tables for people. Needs analysis; makes results/figures/{name}.{png,pdf} and results/tables/{name}.{csv,md,tex}.
# Of each figure the data (results/figures/data/{name}.csv) and the drawing are rules apart: restyling computes nothing.

SCALE = PLAN.figures.scale()
RATED = ", ".join(f"{name} ({config['rated'][name]['object']})" for name in config["assessment"]["datasets"])
OPINIONS = PLAN.grid.listed(PLAN.grid.cells, *PLAN.judgement.tables())
SWEEP = PLAN.grid.listed(PLAN.grid.scopes["fig7"], "history")


rule fig1_data:
    input:
        metrics=rules.asymmetry.output.metrics,
        summary=rules.asymmetry.output.summary,
    output:
        f"{RESULTS}/figures/data/fig1.csv",
    log:
        f"{RESULTS}/logs/figures/fig1-data.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/fig1-data.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        code=code("fig1_data.py"),
    message:
        "Figure 1: data"
    script:
        "../workflow_scripts/fig1_data.py"


rule fig1:
    input:
        rules.fig1_data.output,
    output:
        png=report(
            f"{RESULTS}/figures/fig1.png",
            caption="../report/fig1.rst",
            category="Figures",
            labels={"figure": "assessment against optimization"},
        ),
        pdf=f"{RESULTS}/figures/fig1.pdf",
    log:
        f"{RESULTS}/logs/figures/fig1.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/fig1.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        scale=f"Datasets of A: {', '.join(config['assessment']['datasets'])}. {SCALE}",
        code=code("fig1.py"),
    message:
        "Figure 1: assessment against optimization"
    script:
        "../workflow_scripts/fig1.py"


rule fig7_data:
    input:
        column(SWEEP, "history"),
        scores=f"{RESULTS}/analysis/fig7/optimization-scores.csv",
    output:
        f"{RESULTS}/figures/data/fig7.csv",
    log:
        f"{RESULTS}/logs/figures/fig7-data.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/fig7-data.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        cells=SWEEP,
        objective=config["figures"]["fig7"]["objective"],
        discriminators=sorted({row["discriminator"] for row in SWEEP} - {plan.NONE}),
        code=code("fig7_data.py"),
    message:
        "Figure 7: data"
    script:
        "../workflow_scripts/fig7_data.py"


rule fig7:
    input:
        rules.fig7_data.output,
    output:
        png=report(
            f"{RESULTS}/figures/fig7.png",
            caption="../report/fig7.rst",
            category="Figures",
            labels={"figure": "adversarial weight"},
        ),
        pdf=f"{RESULTS}/figures/fig7.pdf",
    log:
        f"{RESULTS}/logs/figures/fig7.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/fig7.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        among=sorted({cell.discriminator for cell in PLAN.grid.cells} - {plan.NONE}),
        scale=SCALE,
        code=code("fig7.py"),
    message:
        "Figure 7: adversarial weight by discriminator"
    script:
        "../workflow_scripts/fig7.py"


rule qualitative_data:
    input:
        PLAN.figures.panel_files(),
    output:
        f"{RESULTS}/figures/data/qualitative.csv",
    log:
        f"{RESULTS}/logs/figures/qualitative-data.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/qualitative-data.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        panels=PLAN.figures.panels(),
        references=f"{PLAN.grid.generator_folder}/baselines/reference",
        scenes=config["figures"]["qualitative"]["scenes"],
        judges=config["judgement"]["judges"],
        crop=config["figures"]["qualitative"]["crop"],
        scale=config["tasks"][config["optimization"]["task"]]["scale"],
        code=code("qualitative_data.py"),
    message:
        "Qualitative figure: data"
    script:
        "../workflow_scripts/qualitative_data.py"


rule qualitative:
    input:
        PLAN.figures.panel_files(),
        table=rules.qualitative_data.output[0],
    output:
        png=report(
            f"{RESULTS}/figures/qualitative.png",
            caption="../report/qualitative.rst",
            category="Figures",
            labels={"figure": "crops side by side"},
        ),
        pdf=f"{RESULTS}/figures/qualitative.pdf",
    log:
        f"{RESULTS}/logs/figures/qualitative.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/qualitative.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        scale=SCALE,
        code=code("qualitative.py"),
    message:
        "Qualitative figure: crops side by side"
    script:
        "../workflow_scripts/qualitative.py"


rule distortions:
    input:
        corpus=PLAN.pictures.corpus(config["judgement"]["corpus"]),
        level_means=plan.LEVEL_MEANS,
    output:
        png=f"{RESULTS}/figures/distortions.png",
        pdf=f"{RESULTS}/figures/distortions.pdf",
    log:
        f"{RESULTS}/logs/figures/distortions.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/distortions.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        scene=config["figures"]["qualitative"]["scenes"][0],
        seed=config["seed"],
        code=code("distortions.py"),
    message:
        "Contact sheet: 25 distortions at 5 levels"
    script:
        "../workflow_scripts/distortions.py"


rule table1:
    input:
        column(OPINIONS, *PLAN.judgement.tables()),
        means=f"{RESULTS}/analysis/grid/judge-means.csv",
        judges=f"{RESULTS}/analysis/grid/judges.csv",
        scores=f"{RESULTS}/analysis/grid/optimization-scores.csv",
        gains=f"{RESULTS}/analysis/grid/gains.csv",
    output:
        multiext(f"{RESULTS}/tables/table1", ".csv", ".md", ".tex"),
        html=report(
            f"{RESULTS}/tables/table1.html",
            caption="../report/table1.rst",
            category="Tables",
            labels={"figure": "Table 1: objective and discriminator by judge"},
        ),
    log:
        f"{RESULTS}/logs/tables/table1.log",
    benchmark:
        f"{RESULTS}/benchmarks/tables/table1.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        cells=OPINIONS,
        scale=SCALE,
        code=code("table1.py"),
    message:
        "Table 1: objective and discriminator by judge"
    script:
        "../workflow_scripts/table1.py"


rule table2:
    input:
        column(TRANSFERS, "predictions"),
        transfer=rules.transfer_scores.output[0],
    output:
        multiext(f"{RESULTS}/tables/table2", ".csv", ".md", ".tex"),
        html=report(
            f"{RESULTS}/tables/table2.html",
            caption="../report/table2.rst",
            category="Tables",
            labels={"figure": "Table 2: quality models by initialisation"},
        ),
    log:
        f"{RESULTS}/logs/tables/table2.log",
    benchmark:
        f"{RESULTS}/benchmarks/tables/table2.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        cells=TRANSFERS,
        scale=PLAN.transfer.scale(),
        code=code("table2.py"),
    message:
        "Table 2: quality models by initialisation"
    script:
        "../workflow_scripts/table2.py"


rule correlations:
    input:
        datasets=rules.assessment_scores.output.datasets,
        breakdown=rules.assessment_breakdown.output[0],
        preferences=rules.preference_agreement.output if PREFERENCES else [],
    output:
        multiext(f"{RESULTS}/tables/correlations", ".csv", ".md", ".tex"),
        multiext(f"{RESULTS}/tables/correlations-by-family", ".csv", ".md", ".tex"),
        html=report(
            f"{RESULTS}/tables/correlations.html",
            caption="../report/correlations.rst",
            category="Tables",
            labels={"figure": "metrics against opinions: all measures"},
        ),
        families=report(
            f"{RESULTS}/tables/correlations-by-family.html",
            caption="../report/correlations.rst",
            category="Tables",
            labels={"figure": "metrics against opinions: by family of distortions"},
        ),
    log:
        f"{RESULTS}/logs/tables/correlations.log",
    benchmark:
        f"{RESULTS}/benchmarks/tables/correlations.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        scale=f"Rated sets: {RATED}.",
        code=code("correlations.py"),
    message:
        "Metrics against opinions: all measures, and by family of distortions"
    script:
        "../workflow_scripts/correlations.py"


rule reproduction:
    input:
        published=str(BASE / "workflow_scripts" / "data" / "published_figures.csv"),
        measured=rules.assessment_scores.output.datasets,
        agreement=rules.preference_agreement.output if config["assessment"]["pairs"] else [],
        baselines=[f"{PLAN.grid.generator_folder}/baselines.csv"] if PLAN.analysis.published_restorations() else [],
    output:
        csv=f"{RESULTS}/tables/reproduction.csv",
        md=f"{RESULTS}/tables/reproduction.md",
    log:
        f"{RESULTS}/logs/tables/reproduction.log",
    benchmark:
        f"{RESULTS}/benchmarks/tables/reproduction.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        objects=PLAN.analysis.published_metrics(),
        datasets=PLAN.pictures.catalogued(),
        restored=PLAN.analysis.published_restorations(),
        code=code("reproduction.py"),
    message:
        "Published figures beside ours"
    script:
        "../workflow_scripts/reproduction.py"
