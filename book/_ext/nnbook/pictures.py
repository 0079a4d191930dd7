"""Pictures of the pages: smaller files, known sizes, fetched when seen.

Each PNG becomes a WebP file, without any loss unless it is made of large
photographs; so do the stills of the interactive figures, which are inside
the notebooks' HTML.
"""

import base64
import hashlib
import io
import posixpath
import re

from PIL import Image

IMAGE = re.compile(r'<img\b([^>]*?)\bsrc="([^"]+)"([^>]*?)\s*/?>')
INLINE = "data:image/png;base64,"
SIZED = re.compile(r"\b(?:width|height|loading)=|\bstyle=")
FOLDER = "_images"
CARD = 480  # pixels
LARGE = 40_000  # bytes without any loss: photographs


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
        rest = f"{before}{after}"
        small = "nn-thumb" in rest
        name, (width, height) = write(data, out / FOLDER, small=small)
        if "/_static/" in address:  # the theme's, of a size it sets
            new = f"{to_root}/{FOLDER}/{name}"
            return match[0].replace(address, new)
        size = (
            ""
            if SIZED.search(rest)
            else (f' width="{width}" height="{height}"')
        )
        address = f"{to_root}/{FOLDER}/{name}"
        return (
            f'<img src="{address}"{size} loading="lazy" '
            f'decoding="async" {rest.strip()}>'
        )

    return IMAGE.sub(put, text)


def write(png, folder, *, small=False):
    """Write a picture as WebP, if it is not there; its name and size.

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
        if not small:
            picture.save(target, method=4, lossless=True, exact=True)
        if small or target.stat().st_size > LARGE:
            quality = 80 if small else 90
            picture.save(target, method=4, quality=quality)
    return name, picture.size
