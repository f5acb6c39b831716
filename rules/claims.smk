# What the study claims, and what to do about it. Needs scores, outputs, assessments and predictions; makes
# results/claims.csv and .md, results/advice.csv and .md, results/analysis/artefacts.csv and claims-details.csv.


JUDGED = PLAN.grid.listed(PLAN.grid.cells, "outputs", "provenance")


rule artefacts:
    input:
        column(JUDGED, "outputs", "provenance"),
        baselines=f"{PLAN.grid.generator_folder}/baselines",
    output:
        f"{RESULTS}/analysis/artefacts.csv",
    log:
        f"{RESULTS}/logs/analysis/artefacts.log",
    benchmark:
        f"{RESULTS}/benchmarks/analysis/artefacts.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
        gpu=0,
    params:
        cells=JUDGED,
        scale=PLAN.defined("tasks", config["optimization"]["task"])["scale"],
        code=code("artefacts.py"),
    message:
        "Analysis: artefacts of all outputs"
    script:
        "../workflow_scripts/artefacts.py"


rule claims:
    input:
        column(ASSESSMENTS, "assessment"),
        column(TRANSFERS, "predictions"),
        PLAN.claims.provenance().values(),
        PLAN.claims.weights().values(),
        gains=f"{RESULTS}/analysis/grid/gains.csv",
        judges=f"{RESULTS}/analysis/grid/judges.csv",
        sweep=[f"{RESULTS}/analysis/fig7/gains.csv"] if PLAN.claims.swept() else [],
        artefacts=f"{RESULTS}/analysis/artefacts.csv",
    output:
        claims=report(
            f"{RESULTS}/claims.csv",
            caption="../report/claims-table.rst",
            category="Answers",
            labels={"figure": "claims, as a table (CSV)"},
        ),
        words=f"{RESULTS}/claims.md",
        details=report(
            f"{RESULTS}/analysis/claims-details.csv",
            caption="../report/claims-details.rst",
            category="Answers",
            labels={"figure": "claims, every single comparison (CSV)"},
        ),
    log:
        f"{RESULTS}/logs/analysis/claims.log",
    benchmark:
        f"{RESULTS}/benchmarks/analysis/claims.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
        gpu=0,
    params:
        facts=PLAN.claims.facts(),
        margins=config["claims"],
        assessments=ASSESSMENTS,
        datasets=config["assessment"]["datasets"],
        trained_on=SEEN,
        models=TRANSFERS,
        provenance=PLAN.claims.provenance(),
        weights=PLAN.claims.weights(),
        scale=PLAN.figures.scale(),
        transfer_scale=PLAN.transfer.scale(),
        code=code("claims.py"),
    message:
        "Claims: C1 to C9"
    script:
        "../workflow_scripts/claims.py"


rule advice:
    input:
        gains=f"{RESULTS}/analysis/grid/gains.csv",
        judges=f"{RESULTS}/analysis/grid/judges.csv",
    output:
        table=report(
            f"{RESULTS}/advice.csv",
            caption="../report/advice.rst",
            category="Answers",
            labels={"figure": "advice, as a table (CSV)"},
        ),
        words=report(
            f"{RESULTS}/advice.md",
            caption="../report/advice.rst",
            category="Answers",
            labels={"figure": "advice, in words"},
        ),
    log:
        f"{RESULTS}/logs/analysis/advice.log",
    benchmark:
        f"{RESULTS}/benchmarks/analysis/advice.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
        gpu=0,
    params:
        fidelity=config["advice"]["fidelity"],
        unit=PLAN.judgement.unit(config["advice"]["fidelity"]),
        preferences=config["advice"]["preferences"],
        scale=PLAN.figures.scale(),
        code=code("advice.py"),
    message:
        "Advice: which objective and discriminator to pick"
    script:
        "../workflow_scripts/advice.py"
