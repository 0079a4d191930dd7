"""The command curves, and the picture that train draws."""

import json
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..datasets._text import printable
from ..tasks._files import decoding, open_file
from ..typing import History
from .output import written
from .packages import need

MAX_BYTES = 100_000_000  # of a file of metrics


def run_curves(options: Namespace) -> None:
    """Draw the training curves in files of metrics, a row for each."""
    need("matplotlib.pyplot")
    paths = [p / "metrics.json" if p.is_dir() else p for p in options.files]
    drawn = picture([(str(p.parent), history_in(p)) for p in paths])
    written(options, options.out or Path("runs", "curves.png"), drawn)


def history_in(path: Path) -> History:
    """Return the history in a file that train wrote; ValueError if none."""
    expected = "a metrics.json that train wrote"
    with open_file(path, MAX_BYTES) as file, decoding(path, expected):
        history: History = json.load(file)["history"]
        rows = np.array([*history.values()], float)
        if rows.ndim != 2 or rows.size == 0:
            raise ValueError("its history is not one of epochs")
    return history


def picture(named: Sequence[tuple[str, History]]) -> bytes:
    """The bytes of a picture: a row of curves for each (name, history)."""
    import matplotlib.pyplot as plt

    from .. import figures

    followed = [
        [name for name in history if not name.startswith("val_")]
        for _, history in named
    ]
    if followed != followed[:1] * len(named):
        raise ValueError(
            "the files must have followed the same quantities, but have "
            f"followed {' and '.join(map(', '.join, followed))}"
        )
    height, width = len(named), len(followed[0])
    figure, rows = figures.subplots(
        height,
        width,
        figsize=(3.6 * width, 3 * height),
        squeeze=False,
        sharey="col",
    )
    for axes, (name, history) in zip(rows, named, strict=True):
        figures.training_curves(history, axes=axes)
        axes[0].set_ylabel(printable(name), parse_math=False)
    plt.close(figure)  # it is drawn for a file, not kept for a screen
    return figures.png(figure)
