# What a configuration takes, before anything is downloaded: `snakemake estimate --configfile presets/paper.yaml`. Needs nothing;
# makes results/estimate.{json,md}, and prints the latter each time it is asked. `estimate` only prints, so it has no benchmark.


rule estimate:
    input:
        f"{RESULTS}/estimate.md",
    log:
        f"{RESULTS}/logs/estimate-print.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(100),
        runtime=growing(5),
        gpu=0,
    message:
        "Estimate"
    shell:
        "cat -- {input:q} 2> {log:q}"


rule estimate_figures:
    output:
        multiext(f"{RESULTS}/estimate", ".json", ".md"),
    log:
        f"{RESULTS}/logs/estimate.log",
    benchmark:
        f"{RESULTS}/benchmarks/estimate.tsv"
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
        gpu=GPU,
    params:
        config=config,
        snakefile=str(BASE / "Snakefile"),
        code=code("estimate.py"),
    message:
        "Estimate: planning, probing networks for at most a minute"
    script:
        "../workflow_scripts/estimate.py"
