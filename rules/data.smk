# Pictures. Needs the installed packages, datasets of the catalogue, and what the user names; makes
# results/corpora/{corpus}/manifest.csv and results/rated/{dataset}/manifest.csv, each with a folder images/.


ruleorder: published_corpus > corpus
ruleorder: published_rated_dataset > rated_dataset


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
        mem_mb=growing(2000),
        runtime=growing(30),
        gpu=0,
    params:
        settings=lambda wildcards: PLAN.pictures.corpus_settings(wildcards.corpus),
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
        mem_mb=growing(2000),
        runtime=growing(60),
        gpu=0,
    params:
        settings=lambda wildcards: PLAN.pictures.rated_settings(wildcards.dataset),
        seed=config["seed"],
        code=code("make_rated.py", lambda wildcards: [PLAN.entry("rated", wildcards.dataset)]),
    message:
        "Pictures: rated dataset {wildcards.dataset}"
    script:
        "../workflow_scripts/make_rated.py"


rule published_corpus:
    input:
        lambda wildcards: PLAN.pictures.dataset("corpora", wildcards.corpus),
    output:
        f"{RESULTS}/corpora/{{corpus}}/manifest.csv",
    log:
        f"{RESULTS}/logs/corpora/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/corpora/{{corpus}}.tsv"
    wildcard_constraints:
        corpus=PLAN.pictures.published_pattern("corpora"),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
        gpu=0,
    params:
        dataset=lambda wildcards: PLAN.defined("corpora", wildcards.corpus)["dataset"],
        expected=lambda wildcards: PLAN.pictures.expected("corpora", wildcards.corpus),
        code=code("index_published.py", lambda wildcards: PLAN.pictures.layout("corpora", wildcards.corpus)),
    message:
        "Pictures: published corpus {wildcards.corpus}"
    script:
        "../workflow_scripts/index_published.py"


rule published_rated_dataset:
    input:
        lambda wildcards: PLAN.pictures.dataset("rated", wildcards.dataset),
    output:
        f"{RESULTS}/rated/{{dataset}}/manifest.csv",
    log:
        f"{RESULTS}/logs/rated/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/rated/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=PLAN.pictures.published_pattern("rated"),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
        gpu=0,
    params:
        dataset=lambda wildcards: PLAN.defined("rated", wildcards.dataset)["dataset"],
        expected=lambda wildcards: PLAN.pictures.expected("rated", wildcards.dataset),
        code=code("index_published.py", lambda wildcards: PLAN.pictures.layout("rated", wildcards.dataset)),
    message:
        "Pictures: published dataset {wildcards.dataset}"
    script:
        "../workflow_scripts/index_published.py"


rule packed_corpus:
    input:
        manifest=f"{RESULTS}/corpora/{{corpus}}/manifest.csv",
    output:
        index=f"{RESULTS}/corpora/{{corpus}}/packed/{{task}}.csv",
        pixels=f"{RESULTS}/corpora/{{corpus}}/packed/{{task}}.npy",
    log:
        f"{RESULTS}/logs/corpora/{{corpus}}/packed/{{task}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/corpora/{{corpus}}/packed/{{task}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
        gpu=0,
    params:
        task=lambda wildcards: PLAN.defined("tasks", wildcards.task),
        code=code("pack_corpus.py", lambda wildcards: [PLAN.entry("tasks", wildcards.task)]),
    message:
        "Pictures: corpus {wildcards.corpus} packed for {wildcards.task}"
    script:
        "../workflow_scripts/pack_corpus.py"
