"""The book's two tasks on real data; ``python -m nn`` works on them.

``load("fashion-mnist")`` and ``load("california-housing")`` return trained
networks that ship with the package; they take raw rows, as
``nn.datasets`` gives them.
"""

from ..model import Sequential
from ..typing import StrPath
from ._task import Settings, Task, get
from .california_housing import CALIFORNIA_HOUSING, HousingFeatures
from .fashion_mnist import FASHION_MNIST

TASKS = {task.name: task for task in (FASHION_MNIST, CALIFORNIA_HOUSING)}

__all__ = [
    "CALIFORNIA_HOUSING",
    "FASHION_MNIST",
    "TASKS",
    "HousingFeatures",
    "Settings",
    "Task",
    "load",
]


def load(
    name: str, settings: str | None = None, *, path: StrPath | None = None
) -> Sequential:
    """Return a trained network of the task ``name``, ready for ``predict``.

    "fashion-mnist" takes X uint8 (n, 784) and gives logits (n, 10);
    "california-housing" takes X (n, 8) in raw units and gives prices
    (n, 1) in 100,000 USD. ``settings`` and ``path`` are those of
    ``Task.load``. ValueError for an unknown name.
    """
    return get(TASKS, name, "the task").load(settings, path=path)
