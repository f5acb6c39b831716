"""Judges of other packages: BRISQUE and CLIP-IQA of piq, and the library's full-reference metrics on published weights.

Weights are looked for, and BRISQUE's and CLIP-IQA's downloaded, when the first picture is judged. piq would download
them by itself, but leave half a file of CLIP behind where the connection breaks, and take any file of the right name.
"""

import logging
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import piq
import pooch
import torch
from torch import Tensor, nn

from asymmetry import registry
from asymmetry.errors import UserError
from asymmetry.metrics.judges.base import Judge
from asymmetry.metrics.piq_metrics import made_quietly

logger = logging.getLogger(__name__)
PIQ = "https://github.com/photosynthesis-team/piq/releases/download"
BRISQUE_URL = f"{PIQ}/v0.4.0/brisque_svm_weights.pt"
TOKENS_URL = f"{PIQ}/v0.7.1/clipiqa_tokens.pt"
CLIP_SHA256 = "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762"
CLIP_URLS = (f"https://openaipublic.azureedge.net/clip/models/{CLIP_SHA256}/RN50.pt", f"{PIQ}/v0.7.1/RN50.pt")
CLIP_FOLDER = "~/.cache/clip"
WORST_BRISQUE = 100.0


class Brisque(Judge):
    """BRISQUE (Mittal, Moorthy & Bovik, TIP 2012) with its published regression on LIVE; lower is better.

    Ordinary pictures lie between about 0 and 100. It is not defined on a picture without contrast, which counts as 100.
    """

    family = "statistics"
    higher_is_better = False

    @cached_property
    def network(self) -> Callable[[Tensor], Tensor]:
        """The function of piq, with the support vectors where it looks for them."""
        path = fetched("BRISQUE", Path(torch.hub.get_dir()) / "checkpoints", None, BRISQUE_URL)
        with readable(path):
            _coefficients, _vectors = torch.load(path, map_location="cpu", weights_only=True)
        return piq.brisque

    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """See `base.Judge`."""
        network = self.network
        try:
            return network(output).item()
        except AssertionError as error:
            logger.warning("BRISQUE of %s counts as %g: %s", scene, WORST_BRISQUE, error)
            return WORST_BRISQUE


class ClipIqa(Judge):
    """CLIP-IQA (Wang, Chan & Loy, AAAI 2023) on CLIP's ResNet-50, prompts "Good photo." and "Bad photo."; in [0, 1]."""

    family = "learned"
    higher_is_better = True

    @cached_property
    def network(self) -> nn.Module:
        """The network of piq, with the weights and tokens where piq looks for them."""
        folder = Path(CLIP_FOLDER).expanduser()
        model = fetched("CLIP-IQA", folder, CLIP_SHA256, *CLIP_URLS)
        tokens = fetched("CLIP-IQA", folder, None, TOKENS_URL)
        with readable(model, tokens):
            return made_quietly(piq.CLIPIQA)

    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """See `base.Judge`."""
        return self.network(output).item()


class MetricJudge(Judge):
    """A full-reference metric of the library as a judge of fidelity.

    Args:
        metric: its name in the registry.
        options: of that metric.
    """

    family = "full-reference"

    def __init__(self, metric: str, **options: object) -> None:
        self.higher_is_better = bool(registry.entry("metrics", metric).higher_is_better)
        self.metric = metric
        self.options = options

    @cached_property
    def network(self) -> nn.Module:
        """The metric itself."""
        return registry.create("metrics", self.metric, **self.options)

    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """See `base.Judge`."""
        return self.network(prediction=output, reference=reference).item()


def fetched(judge: str, folder: Path, sha256: str | None, *urls: str) -> Path:
    """The file of these addresses in a folder, downloaded from the first one that gives it if it is not there.

    It is written whole or not at all; a file with another hash than the known one is replaced. A `UserError` says which
    file is wanted, from where, and where to put it.
    """
    path = folder / urls[0].rpartition("/")[2]
    reasons = []
    for url in urls:
        try:
            pooch.retrieve(url, sha256 and f"sha256:{sha256}", path.name, folder)
            return path
        except (OSError, ValueError) as error:
            logger.warning("%s: %s", url, error)
            reasons.append(type(error).__name__)
    state = "is not whole" if path.exists() else "is not there"
    known = f" (sha256 {sha256})" if sha256 else ""
    raise UserError(
        f"{judge} needs the file {path}, which {state} and could not be downloaded ({', '.join(reasons)}).",
        f"download {urls[0]}{known} elsewhere and put it there, or leave the judge out of judgement.judges",
    )


@contextmanager
def readable(*paths: Path) -> Iterator[None]:
    """Turn what is raised while files of weights are loaded into a `UserError` that names them."""
    try:
        yield
    except (OSError, EOFError, RuntimeError, TypeError, ValueError, AttributeError, pickle.UnpicklingError) as error:
        reason = " ".join(str(error).split())[:200]
        names = " or ".join(map(str, paths))
        raise UserError(f"{names} cannot be loaded ({reason}).", "delete it and run again") from error
