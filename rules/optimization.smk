# The grid. Needs the training corpus, the pretrained generator, metrics and discriminators' backbones; makes, a folder a cell,
# results/optimization/{task}/{generator}/{objective}/{discriminator}/weight-{weight}/seed-{seed}/model.safetensors,
# history.csv, provenance.json and (but for `none`) discriminator.safetensors.


ALONE = "{task}/{generator}/{objective}/none/weight-0/seed-{seed}"
TRAINING = {
    key: config["optimization"][key]
    for key in ("steps", "batch", "accumulate", "crop", "learning_rate", "measure_every")
}


rule calibrate:
    input:
        unpack(lambda wildcards: PLAN.metrics.files(wildcards.metric)),
        corpus=lambda wildcards: PLAN.pictures.packed(config["optimization"]["corpus"], wildcards.task),
        generator=f"{RESULTS}/{GENERATOR}/pretrained.safetensors",
    output:
        f"{RESULTS}/{GENERATOR}/calibration/{{metric}}.json",
    log:
        f"{RESULTS}/logs/{GENERATOR}/calibration/{{metric}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{GENERATOR}/calibration/{{metric}}.tsv"
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
        gpu=GPU,
    params:
        task=lambda wildcards: PLAN.defined("tasks", wildcards.task),
        generator=lambda wildcards: PLAN.defined("generators", wildcards.generator),
        metric=lambda wildcards: PLAN.metrics.settings(wildcards.metric),
        crop=config["optimization"]["crop"],
        batch=config["optimization"]["batch"],
        batches=config["optimization"]["calibration_batches"],
        device=DEVICE,
        code=code(
            "calibrate.py",
            lambda wildcards: PLAN.grid.restoration_entries(wildcards.task, wildcards.generator)
            + PLAN.metrics.entries(wildcards.metric),
        ),
    message:
        "Optimization: scale of {wildcards.metric} as a loss"
    script:
        "../workflow_scripts/calibrate.py"


rule optimize:
    input:
        unpack(lambda wildcards: PLAN.grid.objective_files(wildcards.objective)),
        corpus=lambda wildcards: PLAN.pictures.packed(config["optimization"]["corpus"], wildcards.task),
        generator=f"{RESULTS}/{GENERATOR}/pretrained.safetensors",
    output:
        model=f"{RESULTS}/optimization/{ALONE}/model.safetensors",
        history=f"{RESULTS}/optimization/{ALONE}/history.csv",
        provenance=f"{RESULTS}/optimization/{ALONE}/provenance.json",
    log:
        f"{RESULTS}/logs/optimization/{ALONE}.log",
    benchmark:
        f"{RESULTS}/benchmarks/optimization/{ALONE}.tsv"
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(3000),
        runtime=2880,  # the same in each attempt: a training goes on
        gpu=GPU,
    params:
        task=lambda wildcards: PLAN.defined("tasks", wildcards.task),
        generator=lambda wildcards: PLAN.defined("generators", wildcards.generator),
        objective=lambda wildcards: PLAN.grid.objective(wildcards.objective),
        training=TRAINING,
        acceleration=without(config["acceleration"], "workers"),
        device=DEVICE,
        code=code(
            "optimize.py",
            lambda wildcards: PLAN.grid.cell_entries(**names(wildcards, "task", "generator", "objective")),
        ),
    message:
        "Optimization: {wildcards.objective}, no discriminator, seed {wildcards.seed}"
    script:
        "../workflow_scripts/optimize.py"


rule optimize_adversarially:
    input:
        unpack(lambda wildcards: PLAN.grid.objective_files(wildcards.objective)),
        unpack(lambda wildcards: PLAN.grid.discriminator_files(wildcards.discriminator, wildcards.seed)),
        corpus=lambda wildcards: PLAN.pictures.packed(config["optimization"]["corpus"], wildcards.task),
        generator=f"{RESULTS}/{GENERATOR}/pretrained.safetensors",
    output:
        model=f"{RESULTS}/optimization/{CELL}/model.safetensors",
        discriminator=f"{RESULTS}/optimization/{CELL}/discriminator.safetensors",
        history=f"{RESULTS}/optimization/{CELL}/history.csv",
        provenance=f"{RESULTS}/optimization/{CELL}/provenance.json",
    log:
        f"{RESULTS}/logs/optimization/{CELL}.log",
    benchmark:
        f"{RESULTS}/benchmarks/optimization/{CELL}.tsv"
    wildcard_constraints:
        discriminator=f"(?!none/){NAME}",
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(3000),
        runtime=2880,  # the same in each attempt: a training goes on
        gpu=GPU,
    params:
        task=lambda wildcards: PLAN.defined("tasks", wildcards.task),
        generator=lambda wildcards: PLAN.defined("generators", wildcards.generator),
        objective=lambda wildcards: PLAN.grid.objective(wildcards.objective),
        discriminator=lambda wildcards: PLAN.grid.discriminator(wildcards.discriminator),
        weight=lambda wildcards: float(wildcards.weight),
        training=TRAINING,
        acceleration=without(config["acceleration"], "workers"),
        device=DEVICE,
        code=code(
            "optimize.py",
            lambda wildcards: PLAN.grid.cell_entries(
                **names(wildcards, "task", "generator", "objective", "discriminator")
            ),
        ),
    message:
        "Optimization: {wildcards.objective}, {wildcards.discriminator} at {wildcards.weight}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/optimize.py"
