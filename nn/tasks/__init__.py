"""The book's two tasks on real data, and the commands ``python -m nn``.

``load("fashion-mnist")`` and ``load("california-housing")`` return trained
networks that ship with the package; they take raw rows, as
``nn.datasets`` gives them.
"""

from pathlib import Path

import numpy as np

from ._task import Settings, Task
from .california_housing import CALIFORNIA_HOUSING, HousingFeatures
from .fashion_mnist import FASHION_MNIST

TASKS = {task.name: task for task in (FASHION_MNIST, CALIFORNIA_HOUSING)}
WEIGHTS = Path(__file__).with_name("weights")

__all__ = [
    "CALIFORNIA_HOUSING",
    "FASHION_MNIST",
    "TASKS",
    "HousingFeatures",
    "Settings",
    "Task",
    "load",
]


def choose(name):
    """Return the task called ``name``; ValueError if there is none."""
    if name not in TASKS:
        raise ValueError(f"the tasks are {', '.join(TASKS)}, got {name!r}")
    return TASKS[name]


def load(name, settings="better", *, path=None):
    """Return a trained network of the task ``name``, ready for ``predict``.

    ``settings`` names how it was trained: those of ``TASKS[name]``.
    ``path`` is a weight file of your own, trained with these settings.
    "fashion-mnist" takes X uint8 (n, 784) and gives logits (n, 10);
    "california-housing" takes X (n, 8) in raw units and gives prices
    (n, 1) in 100,000 USD. ValueError for unknown names, a damaged file,
    or the weights of another network.
    """
    task = choose(name)
    chosen = task.choose(settings)
    X, y = np.ones((1, task.sizes[0])), np.zeros((1, task.sizes[-1]))
    model, _ = task.build(chosen, X, y, seed=0)
    return model.load(path or WEIGHTS / f"{name}-{settings}.safetensors")
