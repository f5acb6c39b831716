# What trained generators are worth. Needs models, the held-out corpus, and for fitted judges a rated dataset; makes
# judgement.csv and outputs/*.png beside each model, and results/generators/{task}/{generator}/baselines.csv.


rule fit_judge:
    input:
        unpack(lambda wildcards: PLAN.judgement.fitted_on(wildcards.judge)),
    output:
        f"{RESULTS}/judges/{{judge}}.safetensors",
    log:
        f"{RESULTS}/logs/judges/{{judge}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/judges/{{judge}}.tsv"
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(3000),
        runtime=growing(240),
        gpu=0,
    params:
        judge=lambda wildcards: PLAN.defined("judges", wildcards.judge),
        seed=config["seed"],
        code=code("fit_judge.py", lambda wildcards: [PLAN.entry("judges", wildcards.judge)]),
    message:
        "Judgement: fitting {wildcards.judge}"
    script:
        "../workflow_scripts/fit_judge.py"


rule judge_baselines:
    input:
        **PLAN.judgement.files(),
        corpus=PLAN.pictures.corpus(config["judgement"]["corpus"]),
        generator=f"{RESULTS}/{GENERATOR}/pretrained.safetensors",
    output:
        table=f"{RESULTS}/{GENERATOR}/baselines.csv",
        outputs=directory(f"{RESULTS}/{GENERATOR}/baselines"),
    log:
        f"{RESULTS}/logs/{GENERATOR}/baselines.log",
    benchmark:
        f"{RESULTS}/benchmarks/{GENERATOR}/baselines.tsv"
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(3000),
        runtime=growing(120),
        gpu=GPU,
    params:
        task=lambda wildcards: PLAN.defined("tasks", wildcards.task),
        generator=lambda wildcards: PLAN.defined("generators", wildcards.generator),
        judges=PLAN.judgement.judges,
        noise=config["judgement"]["noise"],
        seed=config["seed"],
        device=DEVICE,
        code=code(
            "judge_baselines.py",
            lambda wildcards: PLAN.grid.restoration_entries(wildcards.task, wildcards.generator)
            + PLAN.judgement.entries(),
        ),
    message:
        "Judgement: reference, noisy reference, bicubic and pretrained {wildcards.generator}"
    script:
        "../workflow_scripts/judge_baselines.py"


rule judge:
    input:
        **PLAN.judgement.files(),
        corpus=PLAN.pictures.corpus(config["judgement"]["corpus"]),
        model=f"{RESULTS}/optimization/{CELL}/model.safetensors",
    output:
        table=f"{RESULTS}/optimization/{CELL}/judgement.csv",
        outputs=directory(f"{RESULTS}/optimization/{CELL}/outputs"),
    log:
        f"{RESULTS}/logs/judgement/{CELL}.log",
    benchmark:
        f"{RESULTS}/benchmarks/judgement/{CELL}.tsv"
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(3000),
        runtime=growing(120),
        gpu=GPU,
    params:
        task=lambda wildcards: PLAN.defined("tasks", wildcards.task),
        generator=lambda wildcards: PLAN.defined("generators", wildcards.generator),
        judges=PLAN.judgement.judges,
        device=DEVICE,
        code=code(
            "judge.py",
            lambda wildcards: PLAN.grid.restoration_entries(wildcards.task, wildcards.generator)
            + PLAN.judgement.entries(),
        ),
    message:
        "Judgement: {wildcards.objective}, {wildcards.discriminator} at {wildcards.weight}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/judge.py"
