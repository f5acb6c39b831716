# Weights. Needs corpora, and for gan-... trained discriminators; makes
# results/backbones/{backbone}/{init}/seed-{seed}.safetensors and results/generators/{task}/{generator}/pretrained.safetensors.


rule random_backbone:
    input:
        corpus=PLAN.pictures.corpus(config["optimization"]["corpus"]),
    output:
        f"{RESULTS}/backbones/{{backbone}}/{{init}}/seed-{{seed}}.safetensors",
    log:
        f"{RESULTS}/logs/backbones/{{backbone}}/{{init}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/backbones/{{backbone}}/{{init}}/seed-{{seed}}.tsv"
    wildcard_constraints:
        init=PLAN.networks.initialisation_pattern("random"),
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
        gpu=0,
    params:
        backbone=lambda wildcards: PLAN.networks.backbone(wildcards.backbone),
        code=code("random_backbone.py", lambda wildcards: [PLAN.entry("backbones", wildcards.backbone)]),
    message:
        "Networks: {wildcards.backbone} with random weights, seed {wildcards.seed}"
    script:
        "../workflow_scripts/random_backbone.py"


rule pretrained_backbone:
    input:
        corpus=lambda wildcards: PLAN.pictures.corpus(config["initialisations"][wildcards.init]["corpus"]),
    output:
        f"{RESULTS}/backbones/{{backbone}}/{{init}}/seed-{{seed}}.safetensors",
    log:
        f"{RESULTS}/logs/backbones/{{backbone}}/{{init}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/backbones/{{backbone}}/{{init}}/seed-{{seed}}.tsv"
    wildcard_constraints:
        init=PLAN.networks.initialisation_pattern("pretraining"),
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(3000),
        runtime=growing(120),
        gpu=GPU,
    params:
        backbone=lambda wildcards: PLAN.networks.backbone(wildcards.backbone),
        settings=lambda wildcards: PLAN.networks.pretraining(wildcards.init),
        device=DEVICE,
        code=code("pretrain_backbone.py", lambda wildcards: [PLAN.entry("backbones", wildcards.backbone)]),
    message:
        "Networks: {wildcards.backbone}, {wildcards.init} pretraining"
    script:
        "../workflow_scripts/pretrain_backbone.py"


rule published_backbone:
    output:
        f"{RESULTS}/backbones/{{backbone}}/{{init}}/seed-{{seed}}.safetensors",
    log:
        f"{RESULTS}/logs/backbones/{{backbone}}/{{init}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/backbones/{{backbone}}/{{init}}/seed-{{seed}}.tsv"
    wildcard_constraints:
        init=PLAN.networks.initialisation_pattern("published"),
    localrule: True  # it downloads, and nodes of a cluster often have no internet
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
        gpu=0,
    params:
        backbone=lambda wildcards: PLAN.networks.backbone(wildcards.backbone),
        record=lambda wildcards: published.entry(PLAN.networks.backbone(wildcards.backbone)["object"]).sha256,
        code=code("published_backbone.py", lambda wildcards: [PLAN.entry("backbones", wildcards.backbone)]),
    message:
        "Networks: published weights of {wildcards.backbone}"
    script:
        "../workflow_scripts/published_backbone.py"


rule discriminator_backbone:
    input:
        discriminator=lambda wildcards: PLAN.grid.source(wildcards.init, wildcards.seed),
    output:
        f"{RESULTS}/backbones/{{backbone}}/{{init}}/seed-{{seed}}.safetensors",
    log:
        f"{RESULTS}/logs/backbones/{{backbone}}/{{init}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/backbones/{{backbone}}/{{init}}/seed-{{seed}}.tsv"
    wildcard_constraints:
        init=PLAN.networks.initialisation_pattern("discriminator"),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
        gpu=0,
    params:
        backbone=lambda wildcards: PLAN.networks.backbone(wildcards.backbone),
        code=code("discriminator_backbone.py", lambda wildcards: [PLAN.entry("backbones", wildcards.backbone)]),
    message:
        "Networks: {wildcards.backbone} from discriminator {wildcards.init}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/discriminator_backbone.py"


rule file_backbone:
    input:
        weights=lambda wildcards: config["initialisations"][wildcards.init]["path"],
    output:
        f"{RESULTS}/backbones/{{backbone}}/{{init}}/seed-{{seed}}.safetensors",
    log:
        f"{RESULTS}/logs/backbones/{{backbone}}/{{init}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/backbones/{{backbone}}/{{init}}/seed-{{seed}}.tsv"
    wildcard_constraints:
        init=PLAN.networks.initialisation_pattern("file"),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
        gpu=0,
    params:
        backbone=lambda wildcards: PLAN.networks.backbone(wildcards.backbone),
        preprocessing=lambda wildcards: config["initialisations"][wildcards.init]["preprocessing"],
        code=code("file_backbone.py", lambda wildcards: [PLAN.entry("backbones", wildcards.backbone)]),
    message:
        "Networks: {wildcards.backbone} from the file of {wildcards.init}"
    script:
        "../workflow_scripts/file_backbone.py"


rule pretrained_generator:
    input:
        corpus=lambda wildcards: PLAN.pictures.packed(config["optimization"]["corpus"], wildcards.task),
        held_out=PLAN.pictures.corpus(config["judgement"]["corpus"]),
    output:
        model=f"{RESULTS}/{GENERATOR}/pretrained.safetensors",
    log:
        f"{RESULTS}/logs/{GENERATOR}/pretrained.log",
    benchmark:
        f"{RESULTS}/benchmarks/{GENERATOR}/pretrained.tsv"
    wildcard_constraints:
        generator=PLAN.networks.generator_pattern(published=False),
    priority: 1  # everything waits for it
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
        training=without(config["pretraining"], "checkpoint_every"),
        acceleration=without(config["acceleration"], "workers"),
        device=DEVICE,
        code=code(
            "pretrain_generator.py",
            lambda wildcards: PLAN.grid.restoration_entries(wildcards.task, wildcards.generator),
        ),
    message:
        "Networks: L1 pretraining of {wildcards.generator} for {wildcards.task}"
    script:
        "../workflow_scripts/pretrain_generator.py"


rule published_generator:
    input:
        weights=lambda wildcards: config["generators"][wildcards.generator]["weights"],
        corpus=lambda wildcards: PLAN.pictures.packed(config["optimization"]["corpus"], wildcards.task),
        held_out=PLAN.pictures.corpus(config["judgement"]["corpus"]),
    output:
        model=f"{RESULTS}/{GENERATOR}/pretrained.safetensors",
    log:
        f"{RESULTS}/logs/{GENERATOR}/pretrained.log",
    benchmark:
        f"{RESULTS}/benchmarks/{GENERATOR}/pretrained.tsv"
    wildcard_constraints:
        generator=PLAN.networks.generator_pattern(published=True),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(10),
        gpu=0,
    params:
        task=lambda wildcards: PLAN.defined("tasks", wildcards.task),
        generator=lambda wildcards: PLAN.defined("generators", wildcards.generator),
        code=code(
            "published_generator.py",
            lambda wildcards: PLAN.grid.restoration_entries(wildcards.task, wildcards.generator),
        ),
    message:
        "Networks: published weights of {wildcards.generator}"
    script:
        "../workflow_scripts/published_generator.py"
