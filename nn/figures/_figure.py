"""Interactive figures that need no kernel and no network.

A ``Figure`` is an ES module of this folder and the data it starts from. In
a notebook, on Colab and in the built book it is one piece of HTML with
everything inside it; where no script runs, its poster stands in.
"""

import base64
import hashlib
import html
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
SHARED = "shared.js"
ALT = 30  # characters that an alternative text has at least
DTYPES = ("float16", "float32", "float64", "uint8", "int32")
DPI = 220  # dots of a picture's file in an inch, for dense screens
SHOWN = 110  # CSS pixels in an inch of it, on a page
IMPORT = r'(?m)^import \{[^}]*\} from "\./shared\.js";\n'
PAGE = """\
<!doctype html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
html {{ background: #fff; color: #1f2328; font: 1rem/1.5 sans-serif; }}
html[data-theme="dark"] {{ background: #121212; color: #ced6dd; }}
body {{ margin: 1rem auto; max-width: 41rem; padding: 0 1rem; }}
</style>
<script>
if (matchMedia("(prefers-color-scheme: dark)").matches)
  document.documentElement.dataset.theme = "dark";
</script>
</head>
<body>
{figure}
</body>
</html>
"""


def names() -> list[str]:
    """The names of the interactive figures, sorted."""
    return sorted(p.stem for p in FOLDER.glob("*.js") if p.name != SHARED)


def check_alt(alt: str) -> str:
    """Return ``alt``; ValueError if it is too short to say anything."""
    if len(alt) < ALT:
        raise ValueError(
            f"alt must have {ALT} characters or more that say what the "
            f"figure shows, but is {alt!r}"
        )
    return alt


def png(fig: Any, *, dpi: float = DPI) -> bytes:
    """Return the Matplotlib figure ``fig`` as the bytes of a PNG.

    It has a palette of 256 colours. The same figure gives the same bytes:
    no date, no version is in them.
    """
    from PIL import Image

    drawn, picture = io.BytesIO(), io.BytesIO()
    fig.savefig(drawn, format="png", dpi=dpi)
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(dither=Image.Dither.NONE).save(
            picture, "png", optimize=True, dpi=(dpi, dpi)
        )
    return picture.getvalue()


def _is_png(value: object) -> bool:
    """Whether ``value`` is the bytes of a PNG."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(value)) as image:  # type: ignore[arg-type]
            return image.format == "PNG"
    except (OSError, TypeError):
        return False


def shown(png: bytes) -> tuple[int, int]:
    """The width and the height of a PNG on a page, in CSS pixels."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        scale = SHOWN / image.info.get("dpi", (SHOWN,))[0]
        return round(scale * image.width), round(scale * image.height)


class Figure:
    """An interactive figure: the module ``name`` and the data it shows.

    ``alt`` says in words what the figure shows. ``poster`` is a picture of
    it, the bytes of a PNG (``figures.png(fig)`` gives them), for readers
    without scripts, for print and for the notebook's other viewers. What
    else is given is the module's data: arrays of float16, float32, float64,
    uint8 or int32, numbers, strings, and lists and dictionaries of these.

    As the last value of a cell it shows itself. Its HTML depends on nothing
    but its arguments and the files of ``nn.figures``. Raises ValueError for
    an unknown name, an alt text of under 30 characters, a poster that is
    not a PNG, and data that cannot be written as JSON.
    """

    def __init__(
        self,
        name: str,
        /,
        *,
        alt: str,
        poster: bytes | None = None,
        **data: object,
    ) -> None:
        if name not in names():
            raise ValueError(
                f"name must be one of {', '.join(names())}, but is {name!r}"
            )
        if poster is not None and not _is_png(poster):
            raise ValueError(
                "poster must be the bytes of a PNG, as figures.png(fig) "
                f"returns them, but is of type {type(poster).__name__}"
            )
        self.name: str = name
        self.alt: str = check_alt(alt)
        self.poster: bytes | None = poster
        self.data: dict[str, Any] = {
            key: _encode(value, key) for key, value in data.items()
        }

    def html(self) -> str:
        """Return the figure as HTML that refers to nothing outside it."""
        state = json.dumps(
            self.data, allow_nan=False, separators=(",", ":")
        )
        state = state.replace("<", "\\u003c")  # no tag can end the script
        style = (FOLDER / "figure.css").read_text("utf-8")
        code = _module(self.name)
        text = "\0".join([self.name, self.alt, state, code, style])
        key = hashlib.sha256(text.encode()).hexdigest()[:12]
        return (
            f'<figure class="nn mathjax_ignore tex2jax_ignore" '
            f'data-nn="{self.name}" data-nn-key="{key}">\n'
            f"<style>\n{style}</style>\n"
            f'<div class="nn-poster">{self._still()}</div>\n'
            "<noscript><p>The picture stands in for an interactive figure: "
            "run the cell, or allow scripts.</p></noscript>\n"
            f'<script type="module">\n{code}\n'
            f'mount("{key}", figure, {state});\n}}\n</script>\n</figure>'
        )

    def page(self) -> str:
        """Return a whole HTML page with this figure alone."""
        title = f"{self.name}: a figure of From One Neuron"
        return PAGE.format(title=html.escape(title), figure=self.html())

    def _still(self) -> str:
        """What stands in for the figure where no script runs."""
        alt = html.escape(self.alt)
        if self.poster is None:
            return f"<p>{alt}</p>"
        picture = base64.b64encode(self.poster).decode("ascii")
        width, height = shown(self.poster)
        return (
            f'<img src="data:image/png;base64,{picture}" alt="{alt}" '
            f'width="{width}" height="{height}">'
        )

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, dict[str, object]]]:
        """What Jupyter shows: the HTML, the poster, the text; and alt."""
        data, metadata = {"text/html": self.html()}, {}
        data["text/plain"] = self.alt
        if self.poster is not None:
            picture = base64.b64encode(self.poster).decode("ascii")
            data["image/png"] = picture
            width, _ = shown(self.poster)
            metadata["image/png"] = {"alt": self.alt, "width": width}
        return data, metadata

    def __repr__(self) -> str:
        return f"Figure({self.name!r}, alt={self.alt!r})"


def _module(name: str) -> str:
    """The text of a figure's module with the shared one's before it."""
    shared = (FOLDER / SHARED).read_text("utf-8")
    shared = re.sub(r"(?m)^export ", "", shared)
    own = re.sub(IMPORT, "", (FOLDER / f"{name}.js").read_text("utf-8"))
    own = re.sub(r"(?m)^export default ", "const figure = ", own)
    code = f"{shared}\n{{\n{own}"  # a block: its names hide shared ones
    if wrong := re.search(r"(?m)^(import|export)\b.*|</script|<!--", code):
        raise ValueError(
            f"{name}.js cannot be put into a page because of {wrong[0]!r}"
        )
    return code


def _encode(value: object, where: str) -> Any:
    """Return ``value`` as JSON has it: arrays as type, shape, base64."""
    if isinstance(value, np.ndarray):
        if value.dtype.name not in DTYPES:
            raise ValueError(
                f"{where} must be an array of {', '.join(DTYPES)}, but "
                f"is one of {value.dtype}: use .astype(...)"
            )
        if not np.isfinite(value).all():
            raise ValueError(
                f"{where} must be finite, but has a NaN or an infinity"
            )
        flat = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
        return {
            "dtype": value.dtype.name,
            "shape": list(value.shape),
            "base64": base64.b64encode(flat.tobytes()).decode("ascii"),
        }
    if isinstance(value, dict):
        return {k: _encode(v, f"{where}[{k!r}]") for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(v, f"{where}[{i}]") for i, v in enumerate(value)]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        if isinstance(value, float) and not np.isfinite(value):
            raise ValueError(
                f"{where} must be a finite number, but is {value}"
            )
        return value
    raise ValueError(
        f"{where} must be an array, a number, a text, a list or a "
        f"dictionary, but is of type {type(value).__name__}"
    )
