"""Broken tables of ratings, and broken pictures."""

import io

import numpy as np
from hypothesis import strategies as st
from PIL import Image

FILES = ["a.png", "b.png", "c.png", "ref.png", "small.png", "broken.png", "absent.png", "../out.png", "/etc/passwd", ""]
FIELDS = [
    *FILES, "1", "2.5", "-3", "nan", "inf", "1e400", "1e308", "-1e308", "1_000", "0x10", "True", "None", "NA", "1,5",
    "²", "\u0661", '"', '""', "'", "a b", "=1+1", "@x", "a\0b", "\ufeff", "é", "日本", "a" * 300, "a" * 5000,
    "\r", "\n", ".", "..", "/", "./a.png",
]  # fmt: skip
COLUMNS = ["image", "reference", "score", "scene", "distortion", "family", "level"]
HEADS = [*COLUMNS, "distorted", "Image", " score ", "", "mos", "\ufeffimage"]
PICTURES = {
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "JPEG": ["L", "RGB", "CMYK"],
    "BMP": ["1", "RGB"],
    "TIFF": ["RGB", "F", "LAB"],
    "WEBP": ["RGB", "RGBA"],
    "GIF": ["P"],
    "PPM": ["RGB"],
    "JPEG2000": ["RGB"],
    "ICO": ["RGBA"],
    "EPS": ["RGB"],
}
KINDS = [(format, mode) for format, modes in PICTURES.items() for mode in modes]


def picture(format: str, mode: str, width: int, height: int, orientation: int) -> bytes:
    """An encoded picture of some mode."""
    noise = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    made = mode not in {"I;16", "LAB", "F"}
    image = Image.fromarray(noise).convert(mode) if made else Image.new(mode, (width, height))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "described"
    buffer = io.BytesIO()
    image.save(buffer, format, **({"exif": exif} if format in {"PNG", "JPEG", "WEBP"} else {}))
    return buffer.getvalue()


@st.composite
def pictures(draw: st.DrawFn) -> bytes:
    """An encoded picture with bytes changed, taken out or put in; now and then it is whole."""
    sizes = st.sampled_from([1, 2, 7, 16, 33])
    content = bytearray(picture(*draw(st.sampled_from(KINDS)), draw(sizes), draw(sizes), draw(st.integers(0, 9))))
    for _ in range(draw(st.integers(0, 6))):
        # Most of what a decoder can stumble over stands at the beginning.
        place = draw(st.integers(0, min(len(content), 120)) | st.integers(0, len(content)))
        match draw(st.sampled_from(["change", "cut", "out", "in"])):
            case "change" if place < len(content):
                content[place] = draw(st.sampled_from([0, 1, 127, 128, 255]) | st.integers(0, 255))
            case "cut":
                del content[place:]
            case "out":
                del content[place : place + draw(st.integers(1, 20))]
            case "in":
                content[place:place] = draw(st.binary(max_size=20))
    return bytes(content)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A table of ratings as a spreadsheet, a script or an accident may leave it."""
    heads = draw(st.just(COLUMNS) | st.just(COLUMNS[:3]) | st.lists(st.sampled_from(HEADS), max_size=8))
    good = {
        "image": ["a.png", "b.png", "c.png"],
        "reference": ["ref.png"],
        "score": ["1", "2", "3.5"],
        "level": ["", "2"],
    }
    rows = []
    for number in range(draw(st.integers(0, 5))):
        row = [good.get(name, [""]) for name in heads]
        row = [choices[number % len(choices)] for choices in row]
        if draw(st.integers(0, 3)) == 0 and row:
            row[draw(st.integers(0, len(row) - 1))] = draw(st.sampled_from(FIELDS) | st.text(max_size=8))
        more = draw(st.sampled_from([[], [""], ["x"]])) if draw(st.integers(0, 9)) == 0 else []
        rows.append(row + more)
    rows += rows[: draw(st.sampled_from([0, 0, 0, 1]))]
    separator, end = draw(st.sampled_from(",,,;\t|")), draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    quote = draw(st.sampled_from(["", "", '"']))
    text = end.join(separator.join(f"{quote}{field}{quote}" for field in row) for row in [heads, *rows])
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    return text.encode(encoding, errors="replace") + draw(st.just(b"") | st.binary(max_size=3))
