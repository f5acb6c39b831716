"""What it saves that jobs keep the memory of large tensors (`python benchmarks/memory.py`; rules/common.smk sets it).

Each metric compares 100 pictures with a reference, with the settings and without, in processes of their own, in turn.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

LIBRARY = Path(__file__).parents[1] / "workflow_scripts"
sys.path.insert(0, str(LIBRARY))

ROUNDS, PICTURES, SIZE = 3, 100, 192
KEPT = {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**31)}


def work(name: str) -> None:
    """Print the seconds that a metric takes, and the most memory that the process had, in MB."""
    import torch

    from asymmetry.metrics.assessment import BATCH
    from asymmetry.metrics.create import create_metric
    from asymmetry.metrics.dists import Dists
    from asymmetry.networks.backbones import create_backbone

    torch.set_num_threads(1)
    metric = Dists(create_backbone(name)) if "vgg" in name else create_metric(name)
    pictures = torch.rand(BATCH["cpu"], 3, SIZE, SIZE)
    with torch.inference_mode():
        description = metric.describe(torch.rand(1, 3, SIZE, SIZE))
        start = time.perf_counter()
        for _ in range(PICTURES // len(pictures)):
            metric.compare(pictures, description)
    print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    for name in ("fsim", "vsi", "ssim", "narrow-vgg"):
        times: dict[str, list[float]] = {"as it is": [], "kept": []}
        memory = {}
        for _ in range(ROUNDS):
            for way, settings in zip(times, ({}, KEPT), strict=True):
                command = [sys.executable, __file__, name]
                done = subprocess.run(command, env=os.environ | settings, check=True, capture_output=True, text=True)
                seconds, memory[way] = map(float, done.stdout.split())
                times[way].append(seconds)
        slow, fast = map(min, times.values())
        sizes = ", ".join(f"{way} {size:.0f} MB" for way, size in memory.items())
        print(
            f"{name:10} as it is {slow:5.2f} s   kept {fast:5.2f} s   ratio {slow / fast:.2f}   ({sizes})", flush=True
        )


if __name__ == "__main__":
    work(sys.argv[1]) if sys.argv[1:] else main()
