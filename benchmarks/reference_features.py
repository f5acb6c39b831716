"""What describing each reference once saves, against once for every pair (`python benchmarks/reference_features.py`).

Both ways are timed in the same process, in turn, on the same 50 pictures of one reference; the ratio is what counts.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

import torch

from asymmetry.metrics.dists import Dists
from asymmetry.networks.backbones import create_backbone, initialise

ROUNDS, PICTURES, SIZE = 5, 50, 192


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    torch.set_num_threads(1)
    for name in ("narrow-vgg", "narrow-vit", "vgg-16"):
        backbone = create_backbone(name)
        initialise(backbone, 0)
        metric = Dists(backbone)
        reference = torch.rand(1, 3, SIZE, SIZE)
        pictures = (reference + 0.1 * torch.randn(PICTURES, 3, SIZE, SIZE)).clamp(0, 1).split(5)

        def every_pair(metric=metric, pictures=pictures, reference=reference) -> None:
            for batch in pictures:
                metric(prediction=batch, reference=reference.expand_as(batch))

        def once(metric=metric, pictures=pictures, reference=reference) -> None:
            described = metric.describe(reference)
            for batch in pictures:
                metric.compare(batch, described)

        with torch.inference_mode():
            pairs = [(seconds(every_pair), seconds(once)) for _ in range(ROUNDS if name != "vgg-16" else 1)]
        slow, fast = (min(column) for column in zip(*pairs, strict=True))
        print(f"{name:12} every pair {slow:6.2f} s   once {fast:6.2f} s   ratio {slow / fast:.2f}")


if __name__ == "__main__":
    main()
