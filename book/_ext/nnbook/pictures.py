"""Pictures of the pages: smaller files, known sizes, fetched when seen.

Each PNG becomes a WebP file: one with a palette keeps half of its colours,
and a large one loses a little if that makes it smaller, as in photographs;
all others stay as they are. So do the stills of the interactive figures,
which are inside the notebooks' HTML. Plots and photographs get classes of
their own, because in the dark only plots may change their colours. On a
narrow screen a picture stays so wide that its labels can be read, and
scrolls in a frame.
"""

import base64
import hashlib
import io
import math
import posixpath
import re

from PIL import Image

from nn.figures._figure import SHOWN, shown

IMAGE = re.compile(r'<img\b([^>]*?)\bsrc="([^"]+)"([^>]*?)\s*/?>')
INLINE = "data:image/png;base64,"
SIZED = re.compile(r"\b(?:width|height|loading)=")
FOLDER = "_images"
CARD = 480  # pixels
LARGE = 40_000  # bytes without any loss
COLOURS = 128  # of a picture with a palette
GROUND = 0.06  # the part of a picture that is black if it has photographs
SMALLEST = 8  # points: the smallest labels of the chapters' pictures
READABLE = 9  # CSS pixels: their smallest size on a page
LEAST = READABLE / (SMALLEST * SHOWN / 72)  # of a picture's own width
# where an .output_area in .nboutput scrolls, the theme lets Tab stop
FRAME = (
    '<span class="nboutput nn-still" style="--nn-least:{}px">'
    '<span class="output_area">{}</span></span>'
)


def lighten(text, page, out):
    """Return the text of the page ``page`` with its pictures lightened.

    ``out`` is the folder of the site, ``page`` a path below it. Pictures
    are written to, and read from, the folder _images.
    """
    to_root = posixpath.relpath(".", page.parent.as_posix())

    def put(match):
        before, address, after = match.groups()
        if address.startswith(INLINE):
            data = base64.b64decode(address.removeprefix(INLINE))
        elif address.endswith(".png") and ":" not in address:
            place = posixpath.join(page.parent.as_posix(), address)
            data = (out / posixpath.normpath(place)).read_bytes()
        else:
            return match[0]
        rest = f"{before}{after}".strip()
        small = "nn-thumb" in rest
        name = write(data, out / FOLDER, small=small)
        new = f"{to_root}/{FOLDER}/{name}"
        if "_static/" in address:  # the theme's, of a size it sets
            return match[0].replace(address, new)
        width, height = shown(data)
        size = (
            ""
            if SIZED.search(rest)
            else (f' width="{width}" height="{height}"')
        )
        kind = "nn-photograph" if has_photographs(data) else "nn-drawn"
        rest = rest.replace(' class="nn-thumb"', "")
        kinds = f"nn-thumb {kind}" if small else kind
        image = (
            f'<img src="{new}"{size} loading="lazy" decoding="async" '
            f'{rest} class="{kinds}">'
        )
        if small or address.startswith(INLINE):
            return image
        return FRAME.format(math.ceil(width * LEAST), image)

    return IMAGE.sub(put, text)


def has_photographs(png):
    """Whether a picture shows photographs, whose ground is black."""
    counts = Image.open(io.BytesIO(png)).convert("L").histogram()
    return sum(counts[:20]) > GROUND * sum(counts)


def webp(picture, **options):
    """Return the bytes of a picture as WebP."""
    data = io.BytesIO()
    picture.save(data, "webp", method=4, **options)
    return data.getvalue()


def write(png, folder, *, small=False):
    """Write a picture as WebP, if it is not there; return its name.

    A small one has the width of a card, and loses a little detail.
    """
    picture = Image.open(io.BytesIO(png))
    if small:
        picture = picture.convert("RGB")
        picture.thumbnail((CARD, CARD))
    kind = "-small" if small else ""
    name = f"{hashlib.sha256(png).hexdigest()[:16]}{kind}.webp"
    target = folder / name
    if not target.exists():
        folder.mkdir(exist_ok=True)
        if picture.mode == "P":
            picture = picture.convert("RGB").quantize(
                COLOURS, dither=Image.Dither.NONE
            )
        if small:
            data = webp(picture, quality=80)
        else:
            data = webp(picture, lossless=True, exact=True)
            if len(data) > LARGE:
                data = min(data, webp(picture, quality=90), key=len)
        target.write_bytes(data)
    return name
