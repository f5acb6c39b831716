# Figures of what the analysis found, and the report's front page. Needs analysis; makes results/figures/{name}.{png,pdf} and
# results/report/answers.rst. As in figures.smk the data and the drawing are rules apart: restyling computes nothing.


rule distortion_types_data:
    input:
        rules.assessment_breakdown.output,
    output:
        f"{RESULTS}/figures/data/distortion-types.csv",
    log:
        f"{RESULTS}/logs/figures/distortion-types-data.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/distortion-types-data.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        initialisations={
            name: config["metrics"][name].get("initialisation", "") for name in config["assessment"]["metrics"]
        },
        code=code("distortion_types_data.py"),
    message:
        "Distortion types: data"
    script:
        "../workflow_scripts/distortion_types_data.py"


rule distortion_types:
    name:
        "distortion-types"
    input:
        rules.distortion_types_data.output,
    output:
        png=report(
            f"{RESULTS}/figures/distortion-types.png",
            caption="../report/distortion-types.rst",
            category="Figures",
            labels={"figure": "agreement with opinions by distortion type"},
        ),
        pdf=f"{RESULTS}/figures/distortion-types.pdf",
    log:
        f"{RESULTS}/logs/figures/distortion-types.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/distortion-types.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        scale=f"Rated sets: {RATED}.",
        code=code("distortion_types.py"),
    message:
        "Distortion types: where each metric agrees with opinions"
    script:
        "../workflow_scripts/distortion_types.py"


rule judges_data:
    input:
        column(OPINIONS, *PLAN.judgement.tables()),
        judges=f"{RESULTS}/analysis/grid/judges.csv",
    output:
        f"{RESULTS}/figures/data/judges.csv",
    log:
        f"{RESULTS}/logs/figures/judges-data.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/judges-data.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        cells=OPINIONS,
        code=code("judges_data.py"),
    message:
        "Judges: data"
    script:
        "../workflow_scripts/judges_data.py"


rule judges:
    input:
        rules.judges_data.output,
    output:
        png=report(
            f"{RESULTS}/figures/judges.png",
            caption="../report/judges.rst",
            category="Figures",
            labels={"figure": "agreement of the judges"},
        ),
        pdf=f"{RESULTS}/figures/judges.pdf",
    log:
        f"{RESULTS}/logs/figures/judges.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/judges.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        scale=SCALE,
        code=code("judges.py"),
    message:
        "Judges: how far they agree"
    script:
        "../workflow_scripts/judges.py"


rule pareto:
    input:
        rules.advice.output[0],
    output:
        png=report(
            f"{RESULTS}/figures/pareto.png",
            caption="../report/pareto.rst",
            category="Answers",
            labels={"figure": "fidelity against realism, and what to pick"},
        ),
        pdf=f"{RESULTS}/figures/pareto.pdf",
    log:
        f"{RESULTS}/logs/figures/pareto.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/pareto.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        scale=SCALE,
        code=code("pareto.py"),
    message:
        "Pareto front: fidelity against realism"
    script:
        "../workflow_scripts/pareto.py"


rule claims_figure:
    name:
        "claims-figure"
    input:
        rules.claims.output[0],
    output:
        png=report(
            f"{RESULTS}/figures/claims.png",
            caption="../report/claims.rst",
            category="Answers",
            labels={"figure": "claims C1 to C9"},
        ),
        pdf=f"{RESULTS}/figures/claims.pdf",
    log:
        f"{RESULTS}/logs/figures/claims.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/claims.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        level=config["claims"]["level"],
        code=code("claims_figure.py"),
    message:
        "Claims: estimates, intervals, verdicts"
    script:
        "../workflow_scripts/claims_figure.py"


rule sensitivity_figure:
    name:
        "sensitivity-figure"
    input:
        rules.sensitivity.output,
    output:
        png=report(
            f"{RESULTS}/figures/sensitivity.png",
            caption="../report/sensitivity.rst",
            category="Answers",
            labels={"figure": "does the ranking depend on one judge?"},
        ),
        pdf=f"{RESULTS}/figures/sensitivity.pdf",
    log:
        f"{RESULTS}/logs/figures/sensitivity.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/sensitivity.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        scale=SCALE,
        code=code("sensitivity_figure.py"),
    message:
        "Sensitivity: one thing left out"
    script:
        "../workflow_scripts/sensitivity_figure.py"


rule report_answers:
    input:
        claims=rules.claims.output[0],
        asymmetry=rules.asymmetry.output.summary,
        sensitivity=rules.sensitivity.output[0],
        judges=f"{RESULTS}/analysis/grid/judges.csv",
        scores=f"{RESULTS}/analysis/grid/optimization-scores.csv",
        curves=rules.training_curves_data.output[0],
        record=rules.record.output[0],
    output:
        f"{RESULTS}/report/answers.rst",
    log:
        f"{RESULTS}/logs/figures/report-answers.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/report-answers.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
    params:
        in_domain=rules.in_domain.output[0],  # read if it is there, no input: it costs minutes, so it is a target of its own
        code=code("report_answers.py"),
    message:
        "Report: its front page"
    script:
        "../workflow_scripts/report_answers.py"
