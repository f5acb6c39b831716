"""What a configuration will take, before anything is downloaded: jobs, bytes, hours.

Jobs are counted by Snakemake, bytes taken from the catalogue, hours from short probes of the networks. Everything that
is assumed stands under the table.
"""

import json
from pathlib import Path
from typing import Any

import torch

from asymmetry.artifacts import atomic, write_json
from asymmetry.estimation import jobs as counting
from asymmetry.estimation import report, volume, work
from asymmetry.estimation.probe import Probes
from asymmetry.plan import Config


def estimate(config: Config, snakefile: Path, output: Path) -> None:
    """Write what a config takes as JSON and, beside it with the suffix .md, as tables for people.

    Networks are probed on the config's device if this machine has it, else on the CPU.

    Args:
        config: checked, merged.
        snakefile: of the workflow, with its folder `rules`.
        output: path of the JSON.

    Raises:
        UserError: the config cannot be planned.
    """
    content = figures(config, counting.planned_jobs(config, snakefile), counting.stages(snakefile))
    write_json(json.loads(json.dumps(content), parse_constant=lambda name: None), output)  # JSON has no NaN
    with atomic(output.with_suffix(".md")) as temporary:
        temporary.write_text(report.markdown(content), encoding="utf-8")


def figures(config: Config, jobs: dict[str, int], stages: dict[str, str]) -> dict[str, Any]:
    """The estimate as plain values; see `report.markdown` for what they mean.

    Args:
        config: checked, merged.
        jobs: by rule.
        stages: of each rule.
    """
    probes = Probes(present(config["device"]))
    costs = work.Costs(config, probes)
    for compute in work.STAGES.values():  # measures all networks, so that the costliest of each kind is known below
        compute(config, jobs, costs)
    made = {stage: compute(config, jobs, costs) for stage, compute in work.STAGES.items()}
    downloads = volume.datasets(config)
    planned, listed = jobs.get("download_dataset", 0), sum(size != (0, 0) for size in downloads.values())
    if planned != listed:
        costs.notes.append(f"Snakemake plans {planned} downloads of datasets, {listed} are listed.")
    return {
        "jobs": jobs,
        "stages": report.stages(counting.by_stage(jobs, stages), made),
        "machine": {"device": str(probes.device), "threads": torch.get_num_threads()},
        "parameters": costs.parameters,
        "downloads": {name: size._asdict() for name, size in downloads.items()},
        "weights": volume.public_weights(config),
        "results": volume.results(config, jobs, costs.parameters),
        "notes": report.notes(costs.notes, probes.skipped, str(probes.device)),
    }


def present(device: str) -> torch.device:
    """The device of that name if this machine has it, else the CPU."""
    there = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    return torch.device(device if there.get(device, lambda: False)() else "cpu")
