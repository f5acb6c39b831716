"""What all parts of a plan share: the config, where results lie, and how a name of the config is looked up."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from asymmetry.errors import UserError, unknown

Config = Mapping[str, Any]
Entries = list[tuple[str, str]]
Files = dict[str, Any]
NONE = "none"
MISREAD = re.compile(r"""^['"]|[$`"\\{}]""")


def misread(path: str) -> bool:
    """Whether Snakemake would take a part of a path for a wildcard, or a shell on Slurm misread or even run it.

    Snakemake looks for braces in every input. Its executor for Slurm puts the names of a job's inputs, quoted by
    Python's `repr`, into double quotes on the command line of `sbatch`: a shell there runs `$(...)`, and what begins
    with a quote is not quoted at all.
    """
    return MISREAD.search(path) is not None or not path.isprintable()


def pattern(names: Iterable[str]) -> str:
    """A regular expression that matches these names and nothing else; without names, nothing at all."""
    return "|".join(names) or "(?!)"


class Definitions:
    """The definitions of one config, which `configuration.check` has passed."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.results = config["results"]

    def defined(self, section: str, name: str) -> Config:
        """A definition of the config; a name that is not there is a `UserError` that says which are."""
        if name not in self.config[section]:
            raise UserError(unknown(f"name in {section}", name, self.config[section]))
        return self.config[section][name]

    def entry(self, section: str, name: str) -> tuple[str, str]:
        """The registry entry of a definition: (kind, object)."""
        return section, self.defined(section, name)["object"]
