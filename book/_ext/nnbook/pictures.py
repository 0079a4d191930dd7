"""Pictures of the pages: smaller files, known sizes, fetched when seen.

Each PNG becomes a WebP file without any loss; so do the stills of the
interactive figures, which are inside the notebooks' HTML.
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
        elif f"/{FOLDER}/" in address and address.endswith(".png"):
            name = address.rpartition("/")[2]
            data = (out / FOLDER / name).read_bytes()
        else:
            return match[0]
        name, (width, height) = write(data, out / FOLDER)
        rest = f"{before}{after}"
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


def write(png, folder):
    """Write a picture as WebP, if it is not there; its name and size."""
    picture = Image.open(io.BytesIO(png))
    name = f"{hashlib.sha256(png).hexdigest()[:16]}.webp"
    target = folder / name
    if not target.exists():
        folder.mkdir(exist_ok=True)
        picture.save(target, lossless=True, exact=True, method=4)
    return name, picture.size
