"""What all judges say about the outputs of one model."""

from collections.abc import Iterable, Mapping

import pandas as pd
import torch
from torch import Tensor

from asymmetry.errors import UserError
from asymmetry.metrics.judges.base import Judge


@torch.no_grad()
def judge(outputs: Iterable[tuple[str, Tensor, Tensor]], judges: Mapping[str, Judge]) -> pd.DataFrame:
    """Rows of shape judgement, one for each judge and scene: judges in their order, the scenes of each in theirs.

    Args:
        outputs: scene, output and reference, both (1, 3, H, W) in [0, 1]; judged as they would be stored, rounded to 8
            bits. They are taken one at a time, so that an iterator need not hold them all.
        judges: by name.

    Raises:
        UserError: there is no output, or one of another shape than its reference's or with values that are not finite.
    """
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in judges}
    for scene, output, reference in outputs:
        _check(scene, output, reference)
        pair = _stored(output), _stored(reference)
        for name, asked in judges.items():
            value = float(asked.value(scene, *pair))
            quality = value if asked.higher_is_better else -value
            row = {"scene": scene, "judge": name, "family": asked.family, "value": value, "quality": quality}
            rows[name].append(row)
    if not any(rows.values()):
        raise UserError("there are no outputs to judge.")
    columns = ["scene", "judge", "family", "value", "quality"]
    return pd.DataFrame([row for own in rows.values() for row in own], columns=columns)


def _check(scene: str, output: Tensor, reference: Tensor) -> None:
    if output.shape != reference.shape or output.ndim != 4 or output.shape[:2] != (1, 3):
        shapes = f"{tuple(output.shape)}, its reference {tuple(reference.shape)}"
        raise UserError(f"the output of {scene} has the shape {shapes}; both must be (1, 3, H, W).")
    if not output.isfinite().all():
        raise UserError(f"the output of {scene} has values that are not finite.")


def _stored(image: Tensor) -> Tensor:
    return (image.detach().cpu().float().clamp(0, 1) * 255).round() / 255
