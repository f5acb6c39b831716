# Metrics against opinions. Needs rated datasets and backbones; makes results/assessment/{dataset}/{metric}.csv,
# results/preferences/{dataset}/{metric}.csv, results/assessment-of-outputs/{metric}.csv and, for fitted
# metrics, results/metrics/{metric}/channel-weights.safetensors.

OUTPUTS = PLAN.grid.listed(PLAN.grid.cells, "outputs")


rule channel_weights:
    input:
        unpack(lambda wildcards: PLAN.metrics.fitting_files(wildcards.metric)),
    output:
        f"{RESULTS}/metrics/{{metric}}/channel-weights.safetensors",
    log:
        f"{RESULTS}/logs/metrics/{{metric}}/channel-weights.log",
    benchmark:
        f"{RESULTS}/benchmarks/metrics/{{metric}}/channel-weights.tsv"
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
        gpu=GPU,
    params:
        metric=lambda wildcards: PLAN.metrics.settings(wildcards.metric),
        seed=config["seed"],
        device=DEVICE,
        code=code("fit_channel_weights.py", lambda wildcards: PLAN.metrics.entries(wildcards.metric)),
    message:
        "Assessment: channel weights of {wildcards.metric}"
    script:
        "../workflow_scripts/fit_channel_weights.py"


rule assess:
    input:
        unpack(lambda wildcards: PLAN.metrics.files(wildcards.metric)),
        rated=lambda wildcards: PLAN.pictures.rated(wildcards.dataset),
    output:
        f"{RESULTS}/assessment/{{dataset}}/{{metric}}.csv",
    log:
        f"{RESULTS}/logs/assessment/{{dataset}}/{{metric}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/assessment/{{dataset}}/{{metric}}.tsv"
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
        gpu=GPU,
    params:
        metric=lambda wildcards: PLAN.metrics.settings(wildcards.metric),
        device=DEVICE,
        code=code("assess.py", lambda wildcards: PLAN.metrics.entries(wildcards.metric)),
    message:
        "Assessment: {wildcards.metric} on {wildcards.dataset}"
    script:
        "../workflow_scripts/assess.py"


rule assess_outputs:
    input:
        unpack(lambda wildcards: PLAN.metrics.files(wildcards.metric)),
        pictures=column(OUTPUTS, "outputs"),
        references=f"{PLAN.grid.generator_folder}/baselines",
    output:
        f"{RESULTS}/assessment-of-outputs/{{metric}}.csv",
    log:
        f"{RESULTS}/logs/assessment-of-outputs/{{metric}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/assessment-of-outputs/{{metric}}.tsv"
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
        gpu=GPU,
    params:
        metric=lambda wildcards: PLAN.metrics.settings(wildcards.metric),
        cells=OUTPUTS,
        device=DEVICE,
        code=code("assess_outputs.py", lambda wildcards: PLAN.metrics.entries(wildcards.metric)),
    message:
        "Assessment: {wildcards.metric} on the outputs of all trained generators"
    script:
        "../workflow_scripts/assess_outputs.py"


rule assess_pairs:
    input:
        unpack(lambda wildcards: PLAN.metrics.files(wildcards.metric)),
        pairs=lambda wildcards: PLAN.pictures.rated(wildcards.dataset),
    output:
        f"{RESULTS}/preferences/{{dataset}}/{{metric}}.csv",
    log:
        f"{RESULTS}/logs/preferences/{{dataset}}/{{metric}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/preferences/{{dataset}}/{{metric}}.tsv"
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
        gpu=GPU,
    params:
        metric=lambda wildcards: PLAN.metrics.settings(wildcards.metric),
        device=DEVICE,
        code=code("assess_pairs.py", lambda wildcards: PLAN.metrics.entries(wildcards.metric)),
    message:
        "Assessment: {wildcards.metric} on the pairs of {wildcards.dataset}"
    script:
        "../workflow_scripts/assess_pairs.py"
