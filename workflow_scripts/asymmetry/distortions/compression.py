"""Compressions (KADID-10k types 9 and 10): a picture (H, W, 3) in [0, 1] through an encoder of Pillow and back."""

import io

import numpy as np
from PIL import Image

from asymmetry.images import quantize

WAVELET_LEVELS = 5


def jpeg2000(image: np.ndarray, ratio: float) -> np.ndarray:
    """JPEG 2000 at a compression ratio of `ratio`, as a bare codestream: the boxes of a file weigh too much here."""
    levels = min(WAVELET_LEVELS, min(image.shape[:2]).bit_length() - 1)
    rate = {"quality_mode": "rates", "quality_layers": [ratio], "num_resolutions": levels + 1}
    return decode(encode(image, "JPEG2000", no_jp2=True, irreversible=True, **rate))


def jpeg(image: np.ndarray, quality: float) -> np.ndarray:
    """Baseline JPEG of the given quality (1 to 100), chroma halved (4:2:0)."""
    return decode(encode(image, "JPEG", quality=int(quality), subsampling="4:2:0"))


def encode(image: np.ndarray, codec: str, **options: object) -> bytes:
    """The file that Pillow writes of a picture, rounded to 8 bits."""
    file = io.BytesIO()
    Image.fromarray(quantize(image)).save(file, format=codec, **options)
    return file.getvalue()


def decode(file: bytes) -> np.ndarray:
    """The picture in a file's bytes, in [0, 1]."""
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) / 255
