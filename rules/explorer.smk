# A page to look at pictures. Needs outputs and judgements of all cells; makes results/explorer/index.html, which is opened
# from disk and refers to the pictures where they lie: results/ can be moved or sent as a whole.

EXPLORED = PLAN.grid.listed(PLAN.grid.cells, "outputs", *PLAN.judgement.tables())


rule explorer:
    input:
        column(EXPLORED, "outputs", *PLAN.judgement.tables()),
        baselines=PLAN.judgement.baselines(PLAN.grid.generator_folder),
        pictures=f"{PLAN.grid.generator_folder}/baselines",
        judges=f"{RESULTS}/analysis/grid/judges.csv",
        sources=[
            str(BASE / "workflow_scripts" / "asymmetry" / "explorer" / name)
            for name in ("page.html", "explorer.css", "explorer.js")
        ],
    output:
        page=f"{RESULTS}/explorer/index.html",
        inputs=directory(f"{RESULTS}/explorer/inputs"),
    log:
        f"{RESULTS}/logs/figures/explorer.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/explorer.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
        gpu=0,
    params:
        cells=EXPLORED,
        start=PLAN.grid.listed(PLAN.figures.pictured()[:2]),
        task=PLAN.defined("tasks", config["optimization"]["task"]),
        scale=PLAN.figures.scale(),
        code=code("explorer.py", lambda wildcards: [PLAN.entry("tasks", config["optimization"]["task"])]),
    message:
        "Explorer: all pictures on one page"
    script:
        "../workflow_scripts/explorer.py"
