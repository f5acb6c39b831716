import os
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from asymmetry import images
from asymmetry.errors import UserError


def noise(height=12, width=20):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def deep_png(colour_type, channels):
    """A PNG of 4 x 4 pixels with 16 bits a channel."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = (b"\0" + bytes(range(4 * channels * 2))) * 4
    header = struct.pack(">IIBBBBB", 4, 4, 16, colour_type, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_png_round_trip_and_same_bytes(tmp_path):
    path = tmp_path / "folder" / "picture.png"
    images.write(noise(), path)
    first = path.read_bytes()
    assert np.array_equal(images.read(path), noise())
    images.write(noise() / 255, path)
    assert path.read_bytes() == first, "floats in [0, 1] are the same picture"
    assert images.read(path).dtype == np.uint8
    assert list(path.parent.iterdir()) == [path]


def test_quantize_rounds_and_clips():
    values = np.array([-1, 0, 0.4 / 255, 0.6 / 255, 254.4 / 255, 254.6 / 255, 1, 7])
    assert images.quantize(values).tolist() == [0, 0, 0, 1, 254, 255, 255, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_exif_says(tmp_path, orientation):
    stored = noise()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    # EXIF 2.3: which row and column of the scene the stored first row and column are
    upright = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(stored, 1),
    }[orientation]
    assert np.array_equal(images.read(tmp_path / "a.png"), upright)


def test_grey_is_repeated_and_alpha_dropped(tmp_path):
    grey, alpha = noise()[..., 0], noise()[..., 1]
    Image.fromarray(grey).save(tmp_path / "grey.png")
    assert np.array_equal(images.read(tmp_path / "grey.png"), np.dstack([grey] * 3))
    Image.fromarray(np.dstack([noise(), alpha]), "RGBA").save(tmp_path / "rgba.png")
    assert np.array_equal(images.read(tmp_path / "rgba.png"), noise()), "no blending with a background"
    Image.fromarray(np.dstack([grey, alpha]), "LA").save(tmp_path / "la.png")
    assert np.array_equal(images.read(tmp_path / "la.png"), np.dstack([grey] * 3))
    Image.fromarray(grey > 127).save(tmp_path / "bits.png")
    assert np.array_equal(images.read(tmp_path / "bits.png"), np.dstack([(grey > 127) * np.uint8(255)] * 3))


@pytest.mark.parametrize("transparency", [None, 1])
def test_palette(tmp_path, transparency):
    image = Image.fromarray(np.arange(20, dtype=np.uint8).reshape(4, 5) % 3, "P")
    image.putpalette([10, 20, 30, 200, 100, 0, 0, 0, 255])
    image.save(tmp_path / "p.png", **({} if transparency is None else {"transparency": transparency}))
    read = images.read(tmp_path / "p.png")
    assert read[0, :3].tolist() == [[10, 20, 30], [200, 100, 0], [0, 0, 255]]


@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_16_bit_png_is_refused(tmp_path, colour_type, channels):
    """Of 16-bit colour Pillow silently drops the lower half."""
    (tmp_path / "deep.png").write_bytes(deep_png(colour_type, channels))
    with pytest.raises(UserError, match=r"deep\.png has more than 8 bits a channel"):
        images.read(tmp_path / "deep.png")


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_deep_tiff_is_refused(tmp_path, mode):
    Image.new(mode, (4, 4)).save(tmp_path / "deep.tif")
    with pytest.raises(UserError, match=r"deep\.tif has more than 8 bits a channel"):
        images.read(tmp_path / "deep.tif")


@pytest.mark.filterwarnings("ignore:Truncated File Read")
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "bmp"])
def test_truncated_pictures(tmp_path, suffix):
    whole, cut = tmp_path / f"whole.{suffix}", tmp_path / f"cut.{suffix}"
    Image.fromarray(noise(40, 40)).save(whole)
    assert images.read(whole).shape == (40, 40, 3)
    content = whole.read_bytes()
    for share in (0, 0.01, 0.1, 0.5, 0.9):
        cut.write_bytes(content[: int(share * len(content))])
        with pytest.raises(UserError, match=rf"cut\.{suffix} is not a readable image"):
            images.read(cut)


def test_what_is_no_picture(tmp_path):
    (tmp_path / "text.png").write_text("not a picture")
    for path in (tmp_path / "text.png", tmp_path / "none.png", tmp_path):
        with pytest.raises(UserError, match="is not a readable image"):
            images.read(path)


@pytest.mark.parametrize("size", [(1, 1), (20_000, 1), (1, 20_000), (20_000, 30)])
def test_very_small_and_very_wide_pictures(tmp_path, size):
    picture = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    assert np.array_equal(images.read(tmp_path / "a.png"), picture)


@pytest.mark.parametrize(("mode", "suffix"), [("CMYK", "jpg"), ("CMYK", "tif"), ("LAB", "tif")])
def test_colours_that_need_a_profile_are_refused(tmp_path, mode, suffix):
    Image.new(mode, (8, 8)).save(tmp_path / f"a.{suffix}")
    with pytest.raises(UserError, match=f"is {mode}, whose colours depend on a profile"):
        images.read(tmp_path / f"a.{suffix}")


@pytest.mark.parametrize("suffix", ["png", "gif", "webp", "tif"])
def test_several_pictures_in_a_file_are_refused(tmp_path, suffix):
    first, second = (Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (0, 200))
    first.save(tmp_path / f"a.{suffix}", save_all=True, append_images=[second], duration=40)
    with pytest.raises(UserError, match="holds 2 pictures"):
        images.read(tmp_path / f"a.{suffix}")


def test_of_a_phones_photograph_the_preview_is_left_out(tmp_path):
    Image.fromarray(noise()).save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[Image.new("RGB", (4, 4))])
    with Image.open(tmp_path / "a.jpg") as image:
        assert (image.format, image.n_frames) == ("MPO", 2)
    assert images.read(tmp_path / "a.jpg").shape == (12, 20, 3)


def test_ycbcr_jpeg_is_read_as_rgb(tmp_path):
    Image.new("RGB", (16, 16), (200, 30, 60)).save(tmp_path / "a.jpg", quality=95)
    assert np.abs(images.read(tmp_path / "a.jpg").astype(int) - [200, 30, 60]).max() <= 3


def test_decompression_bombs_are_refused(tmp_path):
    """A header that promises 30,000 x 30,000 pixels, in a file of 100 bytes; nothing of that size is allocated."""
    content = bytearray(deep_png(2, 3))
    content[16:24] = struct.pack(">II", 30_000, 30_000)
    content[24] = 8
    content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
    (tmp_path / "bomb.png").write_bytes(content)
    with pytest.raises(UserError, match=r"bomb\.png is not a readable image \(Image size \(900000000 pixels\) exceeds"):
        images.read(tmp_path / "bomb.png")


def test_postscript_is_not_interpreted(tmp_path, monkeypatch):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    monkeypatch.setattr("subprocess.check_call", lambda *_, **__: pytest.fail("Ghostscript was called"))
    with pytest.raises(UserError, match="cannot identify image file"):
        images.read(tmp_path / "a.png")


def test_what_is_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    for path in (tmp_path / "pipe.png", tmp_path / "loop.png", "/dev/zero", tmp_path / ("a" * 300), "a\0.png"):
        with pytest.raises(UserError, match="no such file"):
            images.read(path)


def test_crop_to_takes_the_centre():
    wide = np.zeros((30, 90, 3), np.uint8)
    wide[:, 30:60] = 200
    assert images.crop_to(wide, 30).min() == 200
    assert images.crop_to(wide, 10).shape == (10, 10, 3)
    assert images.crop_to(wide.transpose(1, 0, 2), 10).shape == (10, 10, 3)


def test_tensors_and_arrays():
    tensor = images.to_tensor(noise())
    assert tensor.shape == (1, 3, 12, 20)
    assert tensor.dtype == torch.float32
    assert tensor[0, 2, 5, 7].item() == pytest.approx(noise()[5, 7, 2] / 255)
    assert np.array_equal(images.to_array(tensor), noise())
    assert np.array_equal(images.to_array(tensor[0]), noise())
    assert images.to_array(torch.tensor([-0.5, 0.5, 1.5]).view(3, 1, 1)).tolist() == [[[0, 128, 255]]]
    every = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert np.array_equal(images.to_array(images.to_tensor(every)), every)


def test_luma_is_matlabs():
    """MATLAB's rgb2ycbcr: Y = 16 + 65.481 R + 128.553 G + 24.966 B on a scale of 255, R, G, B in [0, 1]."""
    colours = {(0, 0, 0): 16, (1, 1, 1): 235, (1, 0, 0): 81.481, (0, 1, 0): 144.553, (0, 0, 1): 40.966}
    colours[0.2, 0.5, 0.8] = 16 + 0.2 * 65.481 + 0.5 * 128.553 + 0.8 * 24.966
    pixels = torch.tensor(list(colours), dtype=torch.float64).T.reshape(1, 3, 1, -1)
    luma = images.luma(pixels)
    assert luma.shape == (1, 1, 1, len(colours))
    assert (luma.flatten() * 255).tolist() == pytest.approx(list(colours.values()), abs=1e-9)
    grey = images.luma(torch.full((2, 3, 4, 5), 0.5))
    assert torch.allclose(grey, torch.full((2, 1, 4, 5), (16 + 219 / 2) / 255))


def test_the_two_lumas_differ_in_range_alone():
    pixels = torch.rand(1, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    full = images.full_range_luma(pixels[0].permute(1, 2, 0).numpy())
    assert (images.luma(pixels)[0, 0].numpy() * 255).tolist() == pytest.approx(16 + 219 * full, abs=1e-3)
    white = images.full_range_luma(np.full((2, 2, 3), 255, np.uint8))
    assert white.tolist() == [pytest.approx([255, 255])] * 2
