"""How many jobs a configuration takes, as Snakemake itself counts them."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from asymmetry.errors import UserError
from asymmetry.plan import Config

TARGET = "all"


def planned_jobs(config: Config, snakefile: Path) -> dict[str, int]:
    """Jobs by rule of everything that the config asks for, whatever is there already; nothing is run or locked.

    Snakemake plans the target `all` in a process of its own, from a copy of the config.

    Raises:
        UserError: the config cannot be planned; with Snakemake's own words.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder, "config.json")
        file.write_text(json.dumps(config), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", TARGET, "--snakefile", str(snakefile), "--configfile", str(file)]
        command += ["--dry-run", "--forceall", "--rerun-incomplete", "--nolock", "--nocolor", "--cores", "1"]
        command += ["--profile", "none", "--workflow-profile", "none", "--quiet", "rules", "reason"]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    if done.returncode:
        raise UserError(f"the run cannot be planned:\n{done.stdout[-2000:]}")
    return counted(done.stdout)


def counted(output: str) -> dict[str, int]:
    """The table `Job stats` of a dry run: jobs by rule, without their total and the target, which computes nothing."""
    match = re.search(r"^Job stats:\n.*\n[- ]+\n((?:.+\n)*?)total +(\d+)$", output, re.MULTILINE)
    if match is None:
        raise UserError("Snakemake printed no table of jobs.", "please report this, with the version of Snakemake")
    jobs = {name: int(count) for name, count in (line.rsplit(maxsplit=1) for line in match[1].splitlines())}
    if sum(jobs.values()) != int(match[2]):
        raise UserError(f"Snakemake's table of jobs adds up to {sum(jobs.values())}, it says {match[2]}.")
    jobs.pop(TARGET, None)
    return jobs


RULE = r'^rule +(\w+):(?:\n +name:\n +"([^"]+)")?'  # its `name`, where it has one, is what Snakemake lists
INCLUDE = r'^include: "(rules/\w+\.smk)"$'


def stages(snakefile: Path) -> dict[str, str]:
    """The stage of each rule: the name of the file in `rules/` that holds it, in the order of inclusion."""
    found = {}
    for included in re.findall(INCLUDE, snakefile.read_text(encoding="utf-8"), re.MULTILINE):
        file = snakefile.parent / included
        rules = re.findall(RULE, file.read_text(encoding="utf-8"), re.MULTILINE)
        found |= {name or rule: file.stem for rule, name in rules}
    return found


def by_stage(jobs: Mapping[str, int], stages: Mapping[str, str]) -> dict[str, int]:
    """Jobs by stage, in the order of `stages`; stages without jobs are left out."""
    found = dict.fromkeys([*stages.values(), "other"], 0)
    for rule, count in jobs.items():
        found[stages.get(rule, "other")] += count
    return {stage: count for stage, count in found.items() if count}
