# Public datasets. Needs the network (and what downloads.accept_terms must name); makes {downloads.folder}/{dataset}, the
# unpacked dataset with a receipt.json. Interrupted downloads lie in {downloads.folder}/.partial and are continued.
# Neither a digest of the code nor the acceptance of terms is a param: what is there must not be deleted and fetched again
# because a downloader was edited or another config leaves out what this one accepted.

DOWNLOADS = config["downloads"]["folder"]


onstart:  # all at once, and before anything else runs; not in a dry run
    planned = [job for job in workflow.dag.needrun_jobs() if job.rule.name == "download_dataset"]
    try:
        catalog.require_accepted({job.wildcards.dataset for job in planned}, config["downloads"]["accept_terms"])
    except UserError as error:
        raise WorkflowError(str(error)) from None


rule download_dataset:
    output:
        directory(f"{DOWNLOADS}/{{dataset}}"),
    log:
        f"{RESULTS}/logs/downloads/{{dataset}}.log",
    wildcard_constraints:
        dataset="|".join(catalog.downloadable()),
    cache: "omit-software"  # with `--cache`; Snakemake allows no benchmark beside it
    localrule: True  # nodes of a cluster often have no internet
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        disk_mb=lambda wildcards: int(download_size(wildcards.dataset) * 2.5 / 1e6),
        gpu=0,
        downloads=1,
    params:
        source=lambda wildcards: config["downloads"]["sources"].get(wildcards.dataset),
        content=lambda wildcards: catalog.digest(
            wildcards.dataset, config["downloads"]["sources"].get(wildcards.dataset)
        ),
    message:
        "Downloads: {wildcards.dataset}"
    script:
        "../workflow_scripts/download_dataset.py"
