"""The tasks in Keras: the twin, step for step, and plain Keras.

Keras, with TensorFlow behind it, is imported only where it is used.
"""

from .baseline import KerasBaseline, network, train_baseline
from .twin import KerasAdam, KerasTwin, compare, compare_all, train_twin

__all__ = [
    "KerasAdam",
    "KerasBaseline",
    "KerasTwin",
    "compare",
    "compare_all",
    "network",
    "train_baseline",
    "train_twin",
]
