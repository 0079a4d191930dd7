"""The book's figures: one style, and a picture that says what it shows.

``subplots`` gives Matplotlib axes in the style of the book, ``show`` ends a
notebook cell: the picture with its alternative text. ``Figure`` is a figure
that answers to the reader's hand. The colours are those of Okabe and Ito
(2008), which stay apart for colour-blind readers.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ._data import network
from ._figure import Figure, check_alt, png, shown
from ._spirals import spirals

BLACK = "#000000"
ORANGE = "#e69f00"
SKY = "#56b4e9"
GREEN = "#009e73"
YELLOW = "#f0e442"
BLUE = "#0072b2"
VERMILLION = "#d55e00"
PURPLE = "#cc79a7"
CYCLE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK)

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "image.cmap": "gray",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.facecolor": "white",
}

__all__ = [
    "BLACK",
    "BLUE",
    "CYCLE",
    "GREEN",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILLION",
    "YELLOW",
    "Figure",
    "network",
    "png",
    "show",
    "spirals",
    "subplots",
    "training_curves",
]


def subplots(
    nrows: int = 1,
    ncols: int = 1,
    *,
    figsize: tuple[float, float] = (6.4, 3.6),
    **options: Any,
) -> tuple[Any, Any]:
    """A figure and its axes in the style of the book.

    Takes what ``matplotlib.pyplot.subplots`` takes, with a constrained
    layout, and returns the same: the figure, and one axes or an array of
    axes. Matplotlib's defaults are set to the style of the book.
    """
    import matplotlib.pyplot as plt
    from cycler import cycler

    plt.rcParams.update(STYLE | {"axes.prop_cycle": cycler(color=CYCLE)})
    return plt.subplots(
        nrows, ncols, figsize=figsize, layout="constrained", **options
    )


def show(fig: Any, *, alt: str) -> None:
    """Display ``fig`` in a notebook, once, as a picture with a text.

    ``alt`` says in words what the picture shows, for readers who cannot
    see it: it becomes the alternative text of the image and the plain-text
    form of the output. Raises ValueError for a text of under 30 characters.
    """
    import matplotlib.pyplot as plt
    from IPython.display import display

    check_alt(alt)
    picture = png(fig)
    plt.close(fig)
    data = base64.b64encode(picture).decode("ascii")
    display(
        {"image/png": data, "text/plain": alt},
        raw=True,
        metadata={"image/png": {"alt": alt, "width": shown(picture)[0]}},
    )


def training_curves(
    history: Mapping[str, Sequence[float]], *, axes: Any = None
) -> Any:
    """Draw what ``nn.fit`` returned: one axes for each quantity.

    ``history`` maps names to lists with one value per epoch; a name and
    its ``val_`` twin share an axes. ``axes`` is a sequence with one axes
    for each quantity, new ones by default. Returns the array of axes.
    """
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    names = [name for name in history if not name.startswith("val_")]
    if axes is None:
        _, axes = subplots(
            1, len(names), figsize=(3.6 * len(names), 3), squeeze=False
        )
    axes = np.ravel(axes)
    if len(axes) != len(names):
        raise ValueError(
            f"axes must be one for each of {names}, but are {len(axes)}"
        )
    for ax, name in zip(axes, names, strict=True):
        epochs = range(1, len(history[name]) + 1)
        more = {"marker": "o"} if len(epochs) == 1 else {}  # no line
        ax.plot(epochs, history[name], color=BLUE, label="training", **more)
        if f"val_{name}" in history:
            more |= {"color": VERMILLION, "label": "validation"}
            ax.plot(epochs, history[f"val_{name}"], "--", **more)
        ax.set(xlabel="epoch", title=name)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend()
    return axes
