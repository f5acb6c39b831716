# From scores to answers. Needs assessments, judgements and predictions; makes results/analysis/*.csv and results/run.json.
# {scope} says which cells are standardised together: `grid` (all) or `fig7` (the sweep of the weight).


ASSESSMENTS = PLAN.analysis.assessments()
PREFERENCES = PLAN.analysis.preferences()
TRANSFERS = PLAN.transfer.models()
SEEN = PLAN.analysis.trained_on()


rule assessment_scores:
    input:
        column(ASSESSMENTS, "assessment"),
    output:
        datasets=f"{RESULTS}/analysis/assessment-datasets.csv",
        comparisons=f"{RESULTS}/analysis/metric-comparisons.csv",
        scores=f"{RESULTS}/analysis/assessment-scores.csv",
    log:
        f"{RESULTS}/logs/analysis/assessment.log",
    benchmark:
        f"{RESULTS}/benchmarks/analysis/assessment.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
        gpu=0,
    params:
        cells=ASSESSMENTS,
        datasets=config["assessment"]["datasets"],
        trained_on=SEEN,
        code=code("analyse_assessment.py"),
    message:
        "Analysis: metrics against opinions"
    script:
        "../workflow_scripts/analyse_assessment.py"


rule optimization_scores:
    input:
        lambda wildcards: column(
            PLAN.grid.listed(PLAN.grid.scopes[wildcards.scope], *PLAN.judgement.tables()), *PLAN.judgement.tables()
        ),
        baselines=PLAN.judgement.baselines(PLAN.grid.generator_folder),
    output:
        judges=f"{RESULTS}/analysis/{{scope}}/judges.csv",
        means=f"{RESULTS}/analysis/{{scope}}/judge-means.csv",
        gains=f"{RESULTS}/analysis/{{scope}}/gains.csv",
        scores=f"{RESULTS}/analysis/{{scope}}/optimization-scores.csv",
    log:
        f"{RESULTS}/logs/analysis/{{scope}}/optimization.log",
    benchmark:
        f"{RESULTS}/benchmarks/analysis/{{scope}}/optimization.tsv"
    wildcard_constraints:
        scope="|".join(PLAN.grid.scopes),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
        gpu=0,
    params:
        cells=lambda wildcards: PLAN.grid.listed(PLAN.grid.scopes[wildcards.scope], *PLAN.judgement.tables()),
        standing=PLAN.judgement.standing(),
        trained=PLAN.analysis.trained_with(),
        code=code("analyse_optimization.py"),
    message:
        "Analysis: trained generators, scope {wildcards.scope}"
    script:
        "../workflow_scripts/analyse_optimization.py"


rule asymmetry:
    input:
        column(ASSESSMENTS, "assessment"),
        assessment=rules.assessment_scores.output.scores,
        optimization=f"{RESULTS}/analysis/grid/optimization-scores.csv",
        gains=f"{RESULTS}/analysis/grid/gains.csv",
    output:
        metrics=f"{RESULTS}/analysis/asymmetry-metrics.csv",
        summary=f"{RESULTS}/analysis/asymmetry.csv",
    log:
        f"{RESULTS}/logs/analysis/asymmetry.log",
    benchmark:
        f"{RESULTS}/benchmarks/analysis/asymmetry.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
        gpu=0,
    params:
        cells=ASSESSMENTS,
        datasets=config["assessment"]["datasets"],
        trained_on=SEEN,
        objectives=PLAN.analysis.losses(),
        settings=PLAN.analysis.settings(),
        code=code("analyse_asymmetry.py"),
    message:
        "Analysis: rank in assessment against rank in optimization"
    script:
        "../workflow_scripts/analyse_asymmetry.py"


rule assessment_breakdown:
    input:
        column(ASSESSMENTS, "assessment"),
    output:
        f"{RESULTS}/analysis/assessment-breakdown.csv",
    log:
        f"{RESULTS}/logs/analysis/breakdown.log",
    benchmark:
        f"{RESULTS}/benchmarks/analysis/breakdown.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
        gpu=0,
    params:
        cells=ASSESSMENTS,
        code=code("analyse_breakdown.py"),
    message:
        "Analysis: metrics against opinions, by distortion and scene"
    script:
        "../workflow_scripts/analyse_breakdown.py"


rule sensitivity:
    input:
        column(ASSESSMENTS, "assessment"),
        gains=f"{RESULTS}/analysis/grid/gains.csv",
    output:
        f"{RESULTS}/analysis/sensitivity.csv",
    log:
        f"{RESULTS}/logs/analysis/sensitivity.log",
    benchmark:
        f"{RESULTS}/benchmarks/analysis/sensitivity.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
        gpu=0,
    params:
        cells=ASSESSMENTS,
        datasets=config["assessment"]["datasets"],
        trained_on=SEEN,
        objectives=PLAN.analysis.losses(),
        settings=PLAN.analysis.settings(),
        code=code("analyse_sensitivity.py"),
    message:
        "Analysis: does the asymmetry depend on one judge, dataset, seed or metric"
    script:
        "../workflow_scripts/analyse_sensitivity.py"


rule in_domain:
    input:
        qualities=expand(f"{RESULTS}/assessment-of-outputs/{{metric}}.csv", metric=config["assessment"]["metrics"]),
        gains=f"{RESULTS}/analysis/grid/gains.csv",
    output:
        f"{RESULTS}/analysis/assessment-in-domain.csv",
    log:
        f"{RESULTS}/logs/analysis/in-domain.log",
    benchmark:
        f"{RESULTS}/benchmarks/analysis/in-domain.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
        gpu=0,
    params:
        code=code("analyse_in_domain.py"),
    message:
        "Analysis: metrics against the judges, on the outputs of trained generators"
    script:
        "../workflow_scripts/analyse_in_domain.py"


rule preference_agreement:
    input:
        column(PREFERENCES, "preferences"),
    output:
        f"{RESULTS}/analysis/preference-agreement.csv",
    log:
        f"{RESULTS}/logs/analysis/preference-agreement.log",
    benchmark:
        f"{RESULTS}/benchmarks/analysis/preference-agreement.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
        gpu=0,
    params:
        cells=PREFERENCES,
        code=code("analyse_preferences.py"),
    message:
        "Analysis: metrics against preferences between two"
    script:
        "../workflow_scripts/analyse_preferences.py"


rule transfer_scores:
    input:
        column(TRANSFERS, "predictions"),
    output:
        f"{RESULTS}/analysis/transfer.csv",
    log:
        f"{RESULTS}/logs/analysis/transfer.log",
    benchmark:
        f"{RESULTS}/benchmarks/analysis/transfer.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
        gpu=0,
    params:
        cells=TRANSFERS,
        code=code("analyse_transfer.py"),
    message:
        "Analysis: quality models by initialisation"
    script:
        "../workflow_scripts/analyse_transfer.py"


rule record:
    output:
        report(
            f"{RESULTS}/run.json",
            caption="../report/record.rst",
            category="Provenance",
            labels={"figure": "configuration and versions (JSON)"},
        ),
    log:
        f"{RESULTS}/logs/record.log",
    benchmark:
        f"{RESULTS}/benchmarks/record.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(5),
        gpu=0,
    params:
        config=config,
        code=code("record.py"),
    message:
        "Record: the merged configuration and the versions of this run"
    script:
        "../workflow_scripts/record.py"
