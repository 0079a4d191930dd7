"""Networks to Keras and back; the tasks in Keras, step for step or plain.

Keras, with TensorFlow behind it, is imported only where it is used.
"""

from typing import TYPE_CHECKING, Any

from .baseline import KerasBaseline, network, train_baseline
from .twin import KerasAdam, KerasTwin, compare, compare_all, train_twin

__all__ = [
    "KerasAdam",
    "KerasBaseline",
    "KerasTwin",
    "compare",
    "compare_all",
    "from_keras",
    "network",
    "to_keras",
    "train_baseline",
    "train_twin",
]

if TYPE_CHECKING:
    from .convert import from_keras, to_keras


def __getattr__(name: str) -> Any:
    """Load ``convert``, which needs chapter 21, when it is used."""
    if name not in {"from_keras", "to_keras"}:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from . import convert

    return getattr(convert, name)
