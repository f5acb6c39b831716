# Judges of pyiqa, in an environment of their own (envs/judges.yaml). Need the PNG of judged generators and of the baselines;
# make external-judgement.csv beside each model and external-baselines.csv beside its baselines.


rule external_baselines:
    input:
        pictures=f"{RESULTS}/{GENERATOR}/baselines",
    output:
        f"{RESULTS}/{GENERATOR}/external-baselines.csv",
    log:
        f"{RESULTS}/logs/{GENERATOR}/external-baselines.log",
    benchmark:
        f"{RESULTS}/benchmarks/{GENERATOR}/external-baselines.tsv"
    conda:
        "../envs/judges.yaml"
    threads: THREADS
    resources:
        mem_mb=growing(24000),
        runtime=growing(120),
        gpu=GPU,
    params:
        judges=PLAN.judgement.external,
        outputs=["reference", "noisy-reference", "pretrained", "bicubic"],
        device=DEVICE,
        code=code("external_judgement.py"),
    message:
        "Judgement: reference, noisy reference, bicubic and pretrained {wildcards.generator}, by pyiqa"
    script:
        "../workflow_scripts/external_judgement.py"


rule external_judgement:
    input:
        pictures=f"{RESULTS}/optimization/{CELL}/outputs",
        references=ancient(f"{RESULTS}/{GENERATOR}/baselines"),
    output:
        f"{RESULTS}/optimization/{CELL}/external-judgement.csv",
    log:
        f"{RESULTS}/logs/external-judgement/{CELL}.log",
    benchmark:
        f"{RESULTS}/benchmarks/external-judgement/{CELL}.tsv"
    conda:
        "../envs/judges.yaml"
    threads: THREADS
    resources:
        mem_mb=growing(24000),
        runtime=growing(120),
        gpu=GPU,
    params:
        judges=PLAN.judgement.external,
        device=DEVICE,
        code=code("external_judgement.py"),
    message:
        "Judgement: {wildcards.objective}, {wildcards.discriminator} at {wildcards.weight}, seed {wildcards.seed}, by pyiqa"
    script:
        "../workflow_scripts/external_judgement.py"
