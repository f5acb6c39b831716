"""What all judges say about the outputs of one model."""

from collections.abc import Mapping

import pandas as pd
from torch import Tensor

from asymmetry.errors import UserError
from asymmetry.metrics.judges.base import Judge


def judge(outputs: Mapping[str, Tensor], references: Mapping[str, Tensor], judges: Mapping[str, Judge]) -> pd.DataFrame:
    """Rows of shape judgement, one for each judge and scene.

    Args:
        outputs: (1, 3, H, W) in [0, 1] by scene; judged as they would be stored, rounded to 8 bits.
        references: the same for at least these scenes.
        judges: by name.
    """
    stored = {scene: _stored(output) for scene, output in outputs.items()}
    pristine = {scene: _stored(reference) for scene, reference in references.items()}
    rows = []
    for name, asked in judges.items():
        values = asked.score(stored, pristine)
        if set(values) != set(stored):
            raise UserError(f"judge {name!r} scored {sorted(values)}, asked for {sorted(stored)}.")
        sign = 1 if asked.higher_is_better else -1
        rows += [
            {"scene": scene, "judge": name, "family": asked.family, "value": value, "quality": sign * value}
            for scene, value in values.items()
        ]
    return pd.DataFrame(rows, columns=["scene", "judge", "family", "value", "quality"])


def _stored(image: Tensor) -> Tensor:
    return (image.detach().cpu().float().clamp(0, 1) * 255).round() / 255
