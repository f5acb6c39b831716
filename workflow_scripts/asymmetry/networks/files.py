"""Weights from files that the user names: backbones with their preprocessing stated, published generators.

Nothing in such a file is executed: safetensors, npz without objects, or tensors that torch reads with `weights_only`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from asymmetry.artifacts import load_tensors, save_tensors, sha256
from asymmetry.errors import UserError, unknown
from asymmetry.networks.backbones import Backbone, check_fit, create_backbone, save_backbone, set_weights
from asymmetry.networks.generators import create_generator

MASK = ".attn_mask"  # of SwinIR: set by the size of its training patches alone, and made anew for every other size


def file_backbone(object: str, path: Path, preprocessing: Mapping[str, Any], output: Path, **options: object) -> None:
    """Write the weights of a file as those of a backbone that takes RGB in [0, 1], like all others.

    Names and shapes must be the backbone's. The order of the channels goes into the first convolution, range, mean and
    deviation become the backbone's own normalisation, which travels with the weights.

    Args:
        object: name or dotted path of the backbone.
        path: .safetensors or .npz.
        preprocessing: what the weights were trained with: `channels` (rgb or bgr), `range` (1 or 255: the value of
            white), and in that order and range the `mean` that is subtracted and the `std` that is divided by.
        output: safetensors.
        options: of the backbone.

    Raises:
        UserError: the file is unreadable, not finite or does not fit; the preprocessing makes no sense.
    """
    backbone = create_backbone(object, **options)
    set_weights(backbone, read_arrays(path), path)
    prepare(backbone, **preprocessing)
    facts = {"file": path.name, "sha256": sha256(path), "preprocessing": dict(preprocessing)}
    save_backbone(backbone, output, initialisation="file", **facts)


@torch.no_grad()
def prepare(backbone: Backbone, *, channels: str, range: float, mean: list[float], std: list[float]) -> None:
    """Make a backbone whose weights expect another input take RGB in [0, 1]; for the arguments see `file_backbone`."""
    if channels not in ("rgb", "bgr"):
        raise UserError(unknown("order of channels", channels, ("rgb", "bgr")))
    if range not in (1, 255) or len(mean) != 3 or len(std) != 3 or not min(std) > 0:
        raise UserError(
            f"preprocessing with range {range}, mean {mean} and std {std} makes no sense.",
            "range is 1 or 255; mean and std have three values each, std above 0",
        )
    if channels == "bgr":
        first = next((part for part in backbone.modules() if isinstance(part, nn.Conv2d)), None)
        if first is None or first.in_channels != 3:
            raise UserError(f"{type(backbone).__name__} does not begin with a convolution of three channels.")
        first.weight.copy_(first.weight.flip(1))
        mean, std = mean[::-1], std[::-1]
    for buffer, values in ((backbone.mean, mean), (backbone.std, std)):
        buffer.copy_(torch.tensor(values, dtype=torch.float64).view(1, 3, 1, 1) / range)


def read_arrays(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors or .npz file by name; one that is unreadable or not finite is a `UserError`."""
    match path.suffix:
        case ".safetensors":
            tensors = load_tensors(path)
        case ".npz":
            try:
                with np.load(path, allow_pickle=False) as arrays:
                    tensors = {name: torch.from_numpy(arrays[name]) for name in arrays}
            except Exception as error:  # noqa: BLE001  # a broken archive raises whatever its bytes happen to mean
                raise UserError(f"{path} is no readable npz file of plain arrays ({error}).") from None
        case _:
            raise UserError(f"{path}: weights come as .safetensors or .npz.")
    return _finite(tensors, path)


def _finite(tensors: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    if broken := [name for name, tensor in tensors.items() if not tensor.isfinite().all()]:
        raise UserError(f"{path}: {len(broken)} tensors are not finite, such as {broken[0]}.")
    return tensors


def published_generator(object: str, scale: int, options: Mapping[str, Any], path: Path, output: Path) -> None:
    """Write a generator's published weights as this project's pretrained ones, in the place of L1 pretraining.

    The file may hold its tensors under `params_ema` or `params`, with a prefix `module.`, and RRDB's under any of the
    names that its authors have used. Architecture, scale and sizes must be those of the definition.

    Args:
        object: name or dotted path of the generator; of one's own, the names must be its own.
        scale: of the task.
        options: of the generator.
        path: .pth, .pt or .safetensors.
        output: safetensors.

    Raises:
        UserError: the file is unreadable, not finite or does not fit.
    """
    generator = create_generator(object, scale, **options)
    own = generator.state_dict()
    weights = _in_spandrels_names(_read_state(path), own, path)
    weights |= {name: tensor for name, tensor in own.items() if name.endswith(MASK)}
    check_fit(weights, own, f"{path} does not fit {object} at scale {scale}")
    generator.load_state_dict(weights)
    save_tensors(generator.state_dict(), output, generator=object, file=path.name, sha256=sha256(path))


def _read_state(path: Path) -> dict[str, Tensor]:
    from spandrel import canonicalize_state_dict

    if path.suffix == ".safetensors":
        state = load_tensors(path)
    else:
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # noqa: BLE001  # a broken pickle raises whatever its bytes happen to mean
            raise UserError(
                f"{path} is no readable file of weights ({type(error).__name__}).",
                "it must hold tensors by name and nothing else: .safetensors, or a state_dict as torch.save writes it",
            ) from None
    state = canonicalize_state_dict(state) if isinstance(state, dict) else {}
    if not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise UserError(f"{path} holds no plain weights.", "take the file of a model, not that of a training")
    return _finite({name: value for name, value in state.items() if not name.endswith(MASK)}, path)


def _in_spandrels_names(weights: dict[str, Tensor], own: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The same weights as spandrel names them, where their own names do not fit and it knows the architecture."""
    from spandrel import MAIN_REGISTRY, UnsupportedModelError

    if weights.keys() <= own.keys():
        return weights
    try:
        renamed = dict(MAIN_REGISTRY.load(dict(weights)).model.state_dict())
    except (UnsupportedModelError, RuntimeError, KeyError, ValueError, TypeError):
        return weights
    if len(renamed) < len(weights):
        raise UserError(f"{path} holds {len(weights)} tensors, of which spandrel knows only {len(renamed)}.")
    return renamed
