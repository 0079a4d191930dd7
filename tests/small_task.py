"""A task that trains in a moment, as a command that is easy to stop.

Dropout, a penalty and a schedule: a training that does not go on exactly
ends with other numbers. The command writes a byte when signals are caught.
"""

import os
import sys
from pathlib import Path

from nn import __main__ as entry

if __name__ == "__main__":  # before NumPy is loaded
    entry.prepare()
    os.write(1, b".")

import numpy as np

from nn import MeanSquaredError, Normalization, cli, mean_absolute_error
from nn.cli import _train
from nn.tasks import Settings, Task


def data(*, validation=0.0):
    """120 rows of 4 numbers, and a product to predict."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(160, 4)).astype(np.float32)
    y = X[:, :1] * X[:, 1:2]
    n = round(120 * (1 - validation))
    parts = (X[:n], y[:n]), (X[120:], y[120:]), (X[n:120], y[n:120])
    return parts if validation else parts[:2]


SMALL = Task(
    name="small",
    title="Small",
    data=data,
    locate=lambda folder=None: Path(),
    sizes=(4, 16, 8, 1),
    loss=MeanSquaredError,
    metrics={"mae": mean_absolute_error},
    scores={},
    columns={},
    settings={
        name: Settings(
            name,
            lambda X: [Normalization.of(X)],
            epochs=12,
            batch_size=32,
            l2=1e-3,
            dropout=0.2,
            lr=1e-2,
            cosine=cosine,
        )
        for name, cosine in (("classic", False), ("tuned", True))
    },
    read=lambda path: np.loadtxt(path, np.float32, ndmin=2),
    files="a text file",
    endings=(".txt",),
    example="x.txt",
    describe=lambda Z: [(f"{z}", {"product": float(z)}) for z in Z[:, 0]],
    preview=None,
    demo=None,
)

if __name__ == "__main__":
    # Matplotlib takes longer than all else
    _train.need = _train.picture = lambda _: b""
    sys.exit(entry.end(cli.main(tasks={"small": SMALL})))
