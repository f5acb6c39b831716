"""Pictures on disk and in memory.

In memory a picture is RGB in [0, 1]: an array (H, W, 3) of float64 where no gradient is wanted, a float32 tensor
(N, 3, H, W) for networks. On disk it is an 8-bit PNG; other formats that hold photographs are read.
"""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from asymmetry.artifacts import atomic
from asymmetry.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

# Not all that Pillow knows: of PostScript, for one, it starts an interpreter.
FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
MODES = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX"}
BT601 = np.array([0.299, 0.587, 0.114])


def read(path: str | Path) -> np.ndarray:
    """Decode a picture: uint8 (H, W, 3), upright as its EXIF says; grey is repeated, alpha is dropped.

    Colour profiles are ignored, as in the datasets. What could only be read by guessing is a `UserError`: more than 8
    bits a channel, several frames, other colours than RGB (CMYK). Pillow refuses pictures above 179 million pixels.
    """
    if not os.path.isfile(path):
        raise UserError(f"{path} is not a readable image (no such file).")
    try:
        with Image.open(path, formats=FORMATS) as image:
            cut = re.search(";16[BLN]", str(getattr(image, "tile", "")))  # Pillow silently reads 8 bits of 16 in colour
            if cut or image.mode.startswith("I;16") or image.mode in {"I", "F"}:
                raise UserError(f"{path} has more than 8 bits a channel.", "convert it to 8-bit PNG")
            if image.mode not in MODES:
                raise UserError(f"{path} is {image.mode}, whose colours depend on a profile.", "convert it to RGB")
            frames = getattr(image, "n_frames", 1)
            if frames > 1 and image.format != "MPO":  # a phone's photograph, with a preview
                raise UserError(f"{path} holds {frames} pictures.", "give each a file of its own")
            return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001  # a broken picture raises whatever its bytes happen to mean
        raise UserError(f"{path} is not a readable image ({error or type(error).__name__}).") from None


def write(image: np.ndarray, path: str | Path) -> None:
    """Write a picture as PNG: uint8 (H, W, 3), or floats in [0, 1], which are rounded to 8 bits."""
    if image.dtype != np.uint8:
        image = quantize(image)
    with atomic(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG", compress_level=3)


def quantize(image: np.ndarray) -> np.ndarray:
    """Floats in [0, 1] (clipped to it) as uint8."""
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)


def crop_to(image: np.ndarray, size: int) -> np.ndarray:
    """Resize a uint8 picture to a shorter side of `size` (bicubic, antialiased), then crop its centre to a square."""
    return np.array(ImageOps.fit(Image.fromarray(image), (size, size), method=Image.Resampling.BICUBIC))


def to_tensor(image: np.ndarray) -> "Tensor":
    """uint8 (H, W, 3) to a float32 tensor (1, 3, H, W) in [0, 1]."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float() / 255


def to_array(tensor: "Tensor") -> np.ndarray:
    """A tensor (1, 3, H, W) or (3, H, W), clamped to [0, 1], to uint8 (H, W, 3)."""
    return quantize(tensor.detach().cpu().double().reshape(-1, *tensor.shape[-2:]).permute(1, 2, 0).numpy())


def luma(image: "Tensor") -> "Tensor":
    """ITU-R BT.601 luma as MATLAB's rgb2ycbcr gives it, (N, 1, H, W) in [16/255, 235/255]: what judges see."""
    weights = image.new_tensor([65.481, 128.553, 24.966]) / 255
    return (image * weights.view(1, 3, 1, 1)).sum(1, keepdim=True) + 16 / 255


def full_range_luma(image: np.ndarray) -> np.ndarray:
    """ITU-R BT.601 luma without that offset, (H, W) of (H, W, 3), in its unit: for spectra and local variances."""
    return image @ BT601
