"""The figure of three spirals, on which a network trains in the page."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ._data import Array, network
from ._figure import Figure, png

POINTS = 100  # of each arm for training, and half as many for validation
ORDERS = 5  # epochs, after which the order of the rows repeats


def spirals(
    start: Mapping[str, Array],
    *,
    alt: str,
    question: str,
    task: str,
    knobs: Sequence[str],
    epochs: int = 200,
    noise: float = 0.15,
    scale: float = 1.0,
    **settings: Any,
) -> Figure:
    """Return a figure in which a network learns three spirals in the page.

    ``start`` holds the weights and biases before training, of a network
    with two inputs, three outputs and ReLU between its layers, as
    ``Sequential.parameters()`` gives them. ``alt`` says what the figure
    shows, ``question`` what it asks and ``task`` what the reader is to do.
    ``knobs`` names its controls: "rate", "batch", "units", "penalty",
    "noise", "scale", "bend" and "equal"; ``noise``, ``scale`` and
    ``settings`` are their first values.
    """
    rng = np.random.default_rng(0)
    order = [rng.permutation(3 * POINTS) for _ in range(ORDERS)]
    train = arms(POINTS, seed=0)
    return Figure(
        "spirals",
        alt=alt,
        poster=_poster(start, train, noise, scale),
        train=train,
        validation=arms(POINTS // 2, seed=1),
        start=network(start),
        order=np.stack(order).astype(np.int32),
        epochs=epochs,
        question=question,
        task=task,
        settings={**settings, "noise": noise, "scale": scale},
        knobs=list(knobs),
    )


def arms(n: int, *, seed: int) -> dict[str, Array]:
    """Radius, angle, noise and class of 3 n points on three arms."""
    radius = np.tile(np.linspace(0.05, 1, n), 3)
    arm = np.repeat(range(3), n)
    angle = 4.2 * radius + 2 * np.pi / 3 * arm
    jitter = np.random.default_rng(seed).normal(size=3 * n)
    columns = {"radius": radius, "angle": angle, "jitter": jitter}
    return {
        **{k: v.astype(np.float32) for k, v in columns.items()},
        "labels": arm.astype(np.uint8),
    }


def _poster(
    start: Mapping[str, Array],
    points: Mapping[str, Array],
    noise: float,
    scale: float,
) -> bytes:
    """The plane and the network before the first step, as a PNG."""
    import matplotlib.pyplot as plt

    from . import CYCLE, subplots

    fig, axes = subplots(1, 2, figsize=(6.4, 3.4))
    axes[0].set(aspect="equal", xlabel="$x_0$", ylabel="$x_1$")
    arrays = list(start.values())
    pairs = [
        (scale * W, b)
        for W, b in zip(arrays[::2], arrays[1::2], strict=True)
    ]
    side = np.linspace(-1.08, 1.08, 217)
    square = np.stack(np.meshgrid(side, side), axis=-1)
    values = square.reshape(-1, 2)
    for W, b in pairs[:-1]:
        values = np.maximum(values @ W + b, 0)
    W, b = pairs[-1]
    chosen = (values @ W + b).argmax(axis=1).reshape(square.shape[:2])
    levels, inks = [-0.5, 0.5, 1.5, 2.5], CYCLE[:3]
    axes[0].contourf(side, side, chosen, levels, colors=inks, alpha=0.3)
    angle = points["angle"] + noise * points["jitter"]
    x, y = points["radius"] * np.stack([np.sin(angle), np.cos(angle)])
    for c, mark in enumerate("os^"):
        own = points["labels"] == c
        axes[0].plot(x[own], y[own], mark, ms=3, color=inks[c])
    axes[1].axis("off")
    axes[1].invert_yaxis()  # unit 0 is at the top
    sizes = [len(W) for W, _ in pairs] + [len(b)]
    heights = [np.arange(m) - (m - 1) / 2 for m in sizes]
    for k, (W, _) in enumerate(pairs):
        for (i, j), w in np.ndenumerate(W):
            ends = [heights[k][i], heights[k + 1][j]]
            look = {"color": CYCLE[int(w < 0)], "lw": 1.5 * abs(w)}
            axes[1].plot([k, k + 1], ends, "--" if w < 0 else "-", **look)
    for k, at in enumerate(heights):
        look = {"ms": 8, "mfc": "white", "mec": "#555555", "zorder": 3}
        axes[1].plot(np.full(len(at), k), at, "s", **look)
    plt.close(fig)
    return png(fig)
