# Written by tools/export.py from notebooks/: change the chapters.
"""Neural networks from scratch with NumPy: the package the book writes.

Every name of the modules is here. Modules, folders and NumPy are loaded
when one of their names is used. The book says what each name needs,
returns and raises, with an example:
https://abdullah2240.github.io/neural-network-from-scratch/book/api.html
"""

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:  # type checkers and editors take it as true
    from . import activations as activations
    from . import autodiff as autodiff
    from . import checkpoint as checkpoint
    from . import cli as cli
    from . import datasets as datasets
    from . import distributed as distributed
    from . import estimators as estimators
    from . import export as export
    from . import figures as figures
    from . import gradcheck as gradcheck
    from . import instruments as instruments
    from . import keras as keras
    from . import layers as layers
    from . import losses as losses
    from . import metrics as metrics
    from . import model as model
    from . import optimizers as optimizers
    from . import regularizers as regularizers
    from . import tasks as tasks
    from . import training as training
    from . import weights as weights
    from .activations import Identity, ReLU, Softmax, softmax
    from .autodiff import Tensor
    from .distributed import fit_shards, npy_shards, processes
    from .gradcheck import (
        check_gradients,
        numerical_gradient,
        relative_error,
    )
    from .instruments import Instruments
    from .layers import (
        BatchNormalization,
        Dense,
        Dropout,
        Layer,
        Normalization,
        glorot_uniform,
        he_normal,
        normal,
    )
    from .losses import (
        CategoricalCrossEntropy,
        MeanSquaredError,
        SoftmaxCrossEntropy,
    )
    from .metrics import accuracy, mean_absolute_error, r2_score
    from .model import Sequential
    from .optimizers import (
        SGD,
        Adam,
        AdamW,
        Joint,
        Momentum,
        Optimizer,
        RMSProp,
        cosine,
    )
    from .regularizers import L1, L2
    from .training import (
        batches,
        evaluate,
        fit,
        predict,
        range_test,
        train_step,
    )
    from .weights import (
        WeightFileError,
        load_arrays,
        match_arrays,
        read_arrays,
        save_arrays,
    )

    __version__: str
else:  # and see no __getattr__, which any name would pass

    def __getattr__(name):
        if name in _LIGHT or name in _OTHERS:
            return importlib.import_module(f"{__name__}.{name}")
        if name in __all__:
            for module in map(__getattr__, _LIGHT):
                if name in module.__all__:
                    globals()[name] = getattr(module, name)  # from now on
                    return globals()[name]
        if name == "__version__":
            from importlib.metadata import PackageNotFoundError, version

            try:
                return version("from-one-neuron")
            except PackageNotFoundError:  # a folder that is not installed
                pass
        raise AttributeError(f"nn has no attribute {name!r}")


__all__ = [
    "L1",
    "L2",
    "SGD",
    "Adam",
    "AdamW",
    "BatchNormalization",
    "CategoricalCrossEntropy",
    "Dense",
    "Dropout",
    "Identity",
    "Instruments",
    "Joint",
    "Layer",
    "MeanSquaredError",
    "Momentum",
    "Normalization",
    "Optimizer",
    "RMSProp",
    "ReLU",
    "Sequential",
    "Softmax",
    "SoftmaxCrossEntropy",
    "Tensor",
    "WeightFileError",
    "accuracy",
    "batches",
    "check_gradients",
    "cosine",
    "evaluate",
    "fit",
    "fit_shards",
    "glorot_uniform",
    "he_normal",
    "load_arrays",
    "match_arrays",
    "mean_absolute_error",
    "normal",
    "npy_shards",
    "numerical_gradient",
    "predict",
    "processes",
    "r2_score",
    "range_test",
    "read_arrays",
    "relative_error",
    "save_arrays",
    "softmax",
    "train_step",
]

_LIGHT = [
    "activations",
    "autodiff",
    "distributed",
    "gradcheck",
    "instruments",
    "layers",
    "losses",
    "metrics",
    "model",
    "optimizers",
    "regularizers",
    "training",
    "weights",
]
_OTHERS = [
    "checkpoint",
    "cli",
    "datasets",
    "estimators",
    "export",
    "figures",
    "keras",
    "tasks",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_LIGHT, *_OTHERS})
