# Shared by the other files: the checked configuration, the plan of the run, and names.
import os
import sys

from snakemake.exceptions import WorkflowError

BASE = Path(workflow.basedir)
sys.path.insert(0, str(BASE / "workflow_scripts"))

from asymmetry import configuration, digest, plan  # noqa: E402
from asymmetry.data import catalog  # noqa: E402
from asymmetry.errors import UserError  # noqa: E402
from asymmetry.networks import published  # noqa: E402

try:
    configuration.check(config, BASE / "schemas" / "config.schema.yaml", workflow.configfiles)
except UserError as error:
    raise WorkflowError(str(error)) from None

# Inherited by every job. By itself glibc gives large tensors back to the system and asks anew for each: half of the
# time of some metrics went into that (benchmarks/memory.py).
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(2**30))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**31))

config = plan.in_order(config)
PLAN = plan.Plan(config)
RESULTS = config["results"]
THREADS = config["threads"]
DEVICE = config["device"]
GPU = int(DEVICE == "cuda")
ENVIRONMENT = "../envs/asymmetry.yaml"
CELL = plan.CELL_FOLDER
GENERATOR = "generators/{task}/{generator}"
NAME = "[a-z0-9]+(-[a-z0-9]+)*"


wildcard_constraints:
    corpus=NAME,
    dataset=NAME,
    backbone=NAME,
    init=NAME,
    metric=NAME,
    task=NAME,
    generator=NAME,
    objective=NAME,
    discriminator=NAME,
    judge=NAME,
    weight=r"\d+(\.\d+)?",
    seed=r"\d+",
    mode="fr|nr",


def code(adapter, entries=lambda wildcards: ()):
    """A param that changes when the meaning of the code changes that a job runs (asymmetry.digest)."""
    return lambda wildcards: digest.of(adapter, entries(wildcards))


def download_size(dataset):
    """Bytes to be downloaded, 10 GB where the catalogue does not know."""
    return catalog.download_bytes(dataset, config["downloads"]["sources"].get(dataset)) or 10**10


def growing(first):
    """A resource of which a second attempt asks for twice as much, a third and later ones for three times."""
    return lambda wildcards, attempt: first * min(attempt, 3)


def without(settings, key):
    """Settings as a param, without one that changes no result: a job reads that from the config instead."""
    return {name: value for name, value in settings.items() if name != key}


def names(wildcards, *wanted):
    """Some wildcards as keyword arguments."""
    return {name: wildcards[name] for name in wanted}


def column(rows, *names):
    """The values of some keys of all rows, as a list of inputs."""
    return [row[name] for row in rows for name in names]
