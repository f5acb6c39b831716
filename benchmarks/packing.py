"""What packing a corpus saves each training (`python benchmarks/packing.py [FOLDER]`).

Before, every cell of the grid decoded and degraded the whole corpus by itself. Both ways are timed in turn in the same
process, up to the first batch; the ratio is what counts. FOLDER holds pictures; without it, those of the embedded
training pool are taken.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

import torch

from asymmetry import images
from asymmetry.data.batches import PairedCrops
from asymmetry.data.corpora import each_picture, make_corpus
from asymmetry.data.degradations import SuperResolution
from asymmetry.data.packing import pack

ROUNDS, SCALE, CROP, BATCH = 3, 4, 64, 8
POOL = {"object": "training-pool", "max_size": 512, "procedural_images": 48, "procedural_size": 256}


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def every_time(manifest: Path) -> list[object]:
    """What a training did: decode and degrade all."""
    task = SuperResolution(SCALE)
    pairs = []
    for _, array in each_picture(manifest):
        height, width = (length - length % SCALE for length in array.shape[:2])
        hr = images.to_tensor(array[:height, :width])
        pairs.append([(side[0] * 255).round().to(torch.uint8) for side in (task.degrade(hr), hr)])
    return pairs


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        manifest, index = Path(folder) / "manifest.csv", Path(folder) / "packed.csv"
        own = {"object": "folder", "path": sys.argv[1]} if len(sys.argv) > 1 else POOL
        make_corpus(manifest, seed=0, **own)

        def packed() -> object:
            return PairedCrops(index, SCALE, CROP, BATCH, 0).batch_at(1)

        once = seconds(lambda: pack(manifest, index, object="super-resolution", scale=SCALE))
        rounds = [(seconds(lambda: every_time(manifest)), seconds(packed)) for _ in range(ROUNDS)]
        before, after = (min(column) for column in zip(*rounds, strict=True))
        crops = PairedCrops(index, SCALE, CROP, BATCH, 0)
        batch = seconds(lambda: [crops.batch_at(step) for step in range(100)]) / 100
        size = index.with_suffix(".npy").stat().st_size
    print(f"packing once {once:.2f} s, {size / 1e6:.0f} MB")
    print(f"start of a training: decoding {before:.2f} s, packed {after:.4f} s, ratio {before / after:.0f}")
    print(f"a batch of {BATCH} crops of {CROP} pixels: {1000 * batch:.2f} ms")


if __name__ == "__main__":
    main()
