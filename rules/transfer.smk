# Backbones as quality models. Needs rated datasets and backbones (of trained discriminators too); makes
# results/transfer/{mode}/{dataset}/{backbone}/{init}/seed-{seed}/predictions.csv.

# What changes the numbers of a finetuned backbone. The features of a frozen one are always plain float32.
SWITCHES = ("autocast", "channels_last", "fused") if config["transfer"]["protocol"] == "finetune" else ()


rule quality_model:
    input:
        rated=lambda wildcards: PLAN.pictures.rated(wildcards.dataset),
        weights=lambda wildcards: PLAN.networks.weights(wildcards.backbone, wildcards.init, wildcards.seed),
    output:
        f"{RESULTS}/transfer/{{mode}}/{{dataset}}/{{backbone}}/{{init}}/seed-{{seed}}/predictions.csv",
    log:
        f"{RESULTS}/logs/transfer/{{mode}}/{{dataset}}/{{backbone}}/{{init}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/transfer/{{mode}}/{{dataset}}/{{backbone}}/{{init}}/seed-{{seed}}.tsv"
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(8000),
        runtime=growing(960),
        gpu=GPU,
    params:
        backbone=lambda wildcards: PLAN.networks.backbone(wildcards.backbone),
        settings=lambda wildcards: PLAN.transfer.settings(wildcards.mode, wildcards.dataset),
        acceleration={switch: config["acceleration"][switch] for switch in SWITCHES},
        device=DEVICE,
        code=code("quality_model.py", lambda wildcards: [PLAN.entry("backbones", wildcards.backbone)]),
    message:
        "Transfer: {wildcards.mode} model on {wildcards.dataset} from {wildcards.backbone}, {wildcards.init}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/quality_model.py"
