# Pictures. Needs the installed packages (and what the user names); makes
# results/corpora/{corpus}/manifest.csv and results/rated/{dataset}/manifest.csv, each with a folder images/.


rule corpus:
    input:
        lambda wildcards: PLAN.pictures.corpus_files(wildcards.corpus),
    output:
        manifest=f"{RESULTS}/corpora/{{corpus}}/manifest.csv",
        images=directory(f"{RESULTS}/corpora/{{corpus}}/images"),
    log:
        f"{RESULTS}/logs/corpora/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/corpora/{{corpus}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
        gpu=0,
    params:
        settings=lambda wildcards: PLAN.defined("corpora", wildcards.corpus),
        seed=config["seed"],
        code=code("make_corpus.py", lambda wildcards: [PLAN.entry("corpora", wildcards.corpus)]),
    message:
        "Pictures: corpus {wildcards.corpus}"
    script:
        "../workflow_scripts/make_corpus.py"


rule rated_dataset:
    input:
        unpack(lambda wildcards: PLAN.pictures.rated_files(wildcards.dataset)),
    output:
        manifest=f"{RESULTS}/rated/{{dataset}}/manifest.csv",
        images=directory(f"{RESULTS}/rated/{{dataset}}/images"),
    log:
        f"{RESULTS}/logs/rated/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/rated/{{dataset}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
        gpu=0,
    params:
        settings=lambda wildcards: PLAN.pictures.rated_settings(wildcards.dataset),
        seed=config["seed"],
        code=code("make_rated.py", lambda wildcards: [PLAN.entry("rated", wildcards.dataset)]),
    message:
        "Pictures: rated dataset {wildcards.dataset}"
    script:
        "../workflow_scripts/make_rated.py"
