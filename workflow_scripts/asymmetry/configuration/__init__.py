"""The check of a configuration as a whole, before anything runs.

Light on purpose: the Snakefile imports this package, so it must not import torch, pandas or numpy.
"""

from collections.abc import Iterable
from pathlib import Path

from asymmetry.configuration import references, repeats, schema, sense
from asymmetry.errors import UserError, listing
from asymmetry.plan import Config


def check(config: Config, path: Path, files: Iterable[str | Path] = ()) -> None:
    """Refuse a configuration that cannot be run: every problem in one `UserError`, with its key and what is allowed.

    Args:
        config: the merged configuration.
        path: of the JSON schema.
        files: the config files that it was merged from.
    """
    problems = (
        [*repeats.problems(files)]
        or schema.problems(config, path)
        or [*references.problems(config)]
        or [*sense.problems(config)]
    )
    if problems:
        raise UserError(f"the configuration is not valid:\n{listing(problems)}")
