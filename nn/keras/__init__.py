"""Networks to Keras and back; the tasks in Keras, step for step or plain.

Keras, with TensorFlow behind it, is imported only where it is used.
"""

from .baseline import KerasBaseline, network, train_baseline
from .convert import from_keras, to_keras
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
