"""A corpus as raw pixels in one file: every picture and its degraded version, for trainings that decode nothing."""

import shutil
from pathlib import Path

import numpy as np

from asymmetry import images, registry, tables
from asymmetry.artifacts import atomic
from asymmetry.compute import progress
from asymmetry.data.corpora import content, each_picture
from asymmetry.errors import UserError, listing


def _bytes(sizes: np.ndarray, scale: int) -> np.ndarray:
    """Bytes of pictures of these heights and widths, (N, 2), and of their degraded versions: (N, 2)."""
    return np.stack([3 * sizes.prod(1), 3 * (sizes // scale).prod(1)], 1)


def pack(manifest: Path, output: Path, *, object: str, scale: int) -> None:
    """Decode and degrade every picture of a corpus once, one at a time.

    Pictures are cut at the lower right to multiples of the scale, and degraded as wholes, so that a crop's border is
    not that of a picture. The pixels lie beside the index in a `.npy` file of uint8, picture after picture: (H, W, 3),
    then its degraded version (H/scale, W/scale, 3). On disk that is 3 (1 + 1/scale^2) bytes a pixel.

    Args:
        manifest: of the corpus.
        output: the index, of shape packed.
        object: name or dotted path of the task.
        scale: of the task.

    Raises:
        UserError: too little room on the disk; a picture smaller than the scale, or of another size than its manifest
            says.
    """
    frame = tables.read(manifest, "corpus")
    task = registry.create("tasks", object, scale=scale)
    sizes = frame[["height", "width"]].to_numpy() // scale * scale
    if small := frame["scene"][sizes.min(1) == 0].tolist():
        raise UserError(f"{manifest}: pictures of less than {scale} pixels a side:\n{listing(small)}")
    total = int(_bytes(sizes, scale).sum())
    output.parent.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(output.parent).free) < total:
        raise UserError(
            f"the pixels of {manifest} take {total / 1e9:.1f} GB, {output.parent} has {free / 1e9:.1f} GB left."
        )
    output.unlink(missing_ok=True)  # it vouches for the pixels
    digests = []
    header = {"descr": "|u1", "fortran_order": False, "shape": (total,)}
    with atomic(output.with_suffix(".npy")) as temporary, open(temporary, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        pictures = progress(each_picture(manifest), f"packing {manifest.parent.name}", total=len(frame))
        for row, size, (scene, array) in zip(frame.itertuples(), sizes, pictures, strict=True):
            if array.shape[:2] != (row.height, row.width):
                found = f"{array.shape[1]} x {array.shape[0]}"
                raise UserError(
                    f"{manifest}: {scene} has {found} pixels, not {row.width} x {row.height}.",
                    "delete it and run again",
                )
            digests.append(content(array))
            whole = array[: size[0], : size[1]]
            file.write(whole.tobytes())
            file.write(images.to_array(task.degrade(images.to_tensor(whole))).tobytes())
    index = frame[["scene"]].assign(height=sizes[:, 0], width=sizes[:, 1], sha256=digests)
    tables.write(index, output, "packed")


class Packed:
    """A packed corpus: views of a memory-mapped file, read when they are looked at.

    Args:
        index: as `pack` wrote it, the pixels beside it.
        scale: of the task that it was packed for.

    Attributes:
        scenes: of the pictures, in order.
        sizes: their heights and widths, multiples of the scale, (N, 2).
    """

    def __init__(self, index: Path, scale: int) -> None:
        frame = tables.read(index, "packed")
        self.scale = scale
        self.scenes = frame["scene"].tolist()
        self.sizes = frame[["height", "width"]].to_numpy()
        self._ends = _bytes(self.sizes, scale).cumsum().reshape(-1, 2)
        file = index.with_suffix(".npy")
        again = f"delete {index} and run again"
        try:
            self._pixels = np.load(file, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise UserError(f"{file} cannot be read: {error}.", again) from None
        if self._pixels.shape != (self._ends[-1, 1],):
            raise UserError(f"{file} has {self._pixels.size} bytes, not the {self._ends[-1, 1]} of its index.", again)

    def __len__(self) -> int:
        return len(self.scenes)

    def pair(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The degraded and the whole picture, uint8 (h, w, 3) and (H, W, 3)."""
        size = self.sizes[number]
        middle, end = self._ends[number]
        start = middle - 3 * size.prod()
        whole = self._pixels[start:middle].reshape(*size, 3)
        return self._pixels[middle:end].reshape(*(size // self.scale), 3), whole


def check_disjoint(index: Path, manifest: Path) -> None:
    """Refuse a packed corpus that shares a scene or a picture with another one, which it would leak into.

    Pictures are compared by the SHA-256 of their pixels, wherever they lie; those of `manifest` are decoded for it,
    one at a time.
    """
    packed = tables.read(index, "packed")
    scenes = set(packed["scene"])
    known = dict(zip(packed["sha256"], packed["scene"], strict=True))
    problems = []
    for scene, array in each_picture(manifest):
        if scene in scenes:
            problems.append(f"scene {scene!r} is in both")
        elif twin := known.get(content(array)):
            problems.append(f"scene {scene!r} is the same picture as {twin!r}")
    if problems:
        message = f"{index.parent} and {manifest} share scenes:\n{listing(problems)}"
        raise UserError(message, "take them out of one of the two")
