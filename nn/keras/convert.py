"""Networks of ours in Keras, and networks of Keras here."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import layers
from ..activations import Identity, ReLU, Softmax
from ..checks import as_known, check_object, shown
from ..layers import Dense, Dropout, Layer, Normalization
from ..model import Sequential
from ..regularizers import L1, L2
from ..tasks.california_housing import Districts
from ..tasks.fashion_mnist import Pixels
from ..typing import Array


def to_keras(model: Layer) -> Any:
    """Return a ``keras.Sequential`` that computes what ``model`` does.

    It has one layer for each of ours, those of networks within a network in
    line, with copies of the arrays and with the penalties, whose strength
    Keras rounds to float32. A network without arrays computes in float32.
    Checks of X are left out. The network is not compiled: choose its loss
    and its optimizer.

    Raises TypeError for a layer or regularizer that Keras lacks, such as
    HousingFeatures or one of your own, and ValueError for a ``std`` by
    which Keras does not divide.
    """
    import keras

    methods = ["forward", "state"]
    check_object("model", model, methods, "Sequential(Dense(8, 1))")
    arrays = [*model.state().values()]
    dtype = np.result_type(*arrays) if arrays else np.dtype(np.float32)
    wide = [
        len(array) for array in arrays if array.ndim > 1 or len(array) > 1
    ]
    layers = [keras.Input((wide[0] if wide else None,), dtype=dtype.name)]
    for layer in _in_line(model) or [Identity()]:
        for array in layer.state().values():
            dtype = array.dtype
        layers.append(keras_layer(layer, dtype))
    return keras.Sequential(layers)


def from_keras(net: Any) -> Sequential:
    """Return a network that computes what the ``keras.Sequential`` does.

    An activation of a Dense layer becomes a layer of its own. A Dense layer
    without bias gets one of zeros, and a BatchNormalization without scale
    or center a gamma of ones or a beta of zeros. All of these can be
    trained.

    Raises TypeError for a layer, an activation or a setting that is not
    available here, and for what is not a ``keras.Sequential`` of rows
    (n, n_in).
    """
    import keras

    if not isinstance(net, keras.Sequential):
        raise TypeError(
            f"net must be a keras.Sequential, but is {shown(net)}; build "
            "one of the same layers"
        )
    if not net.built or len(net.input_shape) != 2:
        raise TypeError(
            "net must be built for rows (n, n_in), but is "
            + (f"for {net.input_shape}" if net.built else "not yet built")
            + "; begin it with keras.Input((n_in,))"
        )
    return _from_sequential(net)


# --- to Keras


def keras_layer(layer: Layer, dtype: DTypeLike) -> Any:
    """Return a layer of Keras that computes what ours does.

    ``dtype`` is the type in which a layer without arrays computes.
    """
    make = as_known(layer, TO_KERAS, "Keras has")
    return make(layer, np.dtype(dtype).name)


def _in_line(model: Layer) -> list[Layer]:
    """The layers of a network and of the networks in it, in order."""
    if (
        isinstance(model, Sequential)
        and type(model).forward is Sequential.forward
    ):
        return [a for layer in model.layers for a in _in_line(layer)]
    return [model]


def _to_dense(layer: Dense, dtype: str) -> Any:
    import keras

    penalty: Any = layer.regularizer
    n_in, n_out = layer.W.shape
    if type(penalty) in (L1, L2):
        kind = getattr(keras.regularizers, type(penalty).__name__)
        penalty = kind(penalty.lam)
    elif penalty is not None:
        raise TypeError(
            f"the regularizer of {layer} must be L1 or L2, which Keras has "
            f"too, but is {shown(penalty)}"
        )
    made = keras.layers.Dense(
        n_out, kernel_regularizer=penalty, dtype=layer.W.dtype.name
    )
    made.build((None, n_in))
    made.set_weights([layer.W, layer.b])
    return made


def _to_normalization(layer: Normalization, dtype: str) -> Any:
    import keras

    mean, std, one = layer.mean, layer.std, len(layer.mean) == 1
    with np.errstate(over="ignore"):  # Keras must get the square
        variance = std * std
    if (np.maximum(np.sqrt(variance), keras.config.epsilon()) != std).any():
        raise ValueError(
            f"std must be at least {keras.config.epsilon()} and have a "
            f"square in {std.dtype} for Keras, but lies between "
            f"{std.min():g} and {std.max():g}"
        )
    return keras.layers.Normalization(
        axis=None if one else -1,
        mean=mean[0] if one else mean,
        variance=variance[0] if one else variance,
        dtype=mean.dtype.name,
    )


def _to_batch_normalization(layer: Any, dtype: str) -> Any:
    import keras

    made = keras.layers.BatchNormalization(
        momentum=layer.momentum,
        epsilon=layer.eps,
        dtype=layer.gamma.dtype.name,
    )
    made.build((None, len(layer.gamma)))
    made.set_weights([*layer.state().values()])  # in the order of Keras
    return made


def _plain(name: str) -> Callable[[Layer, str], Any]:
    def make(layer: Layer, dtype: str) -> Any:
        import keras

        return getattr(keras.layers, name)(dtype=dtype)

    return make


def _to_dropout(layer: Dropout, dtype: str) -> Any:
    import keras

    return keras.layers.Dropout(layer.rate, dtype=dtype)


TO_KERAS: dict[Any, Callable[[Any, str], Any]] = {
    Dense.forward: _to_dense,
    ReLU.forward: _plain("ReLU"),
    Softmax.forward: _plain("Softmax"),
    Identity.forward: _plain("Identity"),
    Dropout.forward: _to_dropout,
    Normalization.forward: _to_normalization,
    Pixels.forward: _to_normalization,
    Districts.forward: _to_normalization,
}
# chapter 16 runs with the package of chapter 15, which has no such layer
if hasattr(layers, "BatchNormalization"):
    TO_KERAS[layers.BatchNormalization.forward] = _to_batch_normalization


# --- from Keras


def _from_sequential(net: Any) -> Sequential:
    import keras

    found: list[Layer] = []
    for layer in net.layers:
        name = type(layer).__name__
        kind = getattr(keras.layers, name, keras.Sequential)
        if name not in FROM_KERAS or type(layer) is not kind:
            raise TypeError(
                f"each layer must be one that nn has ("
                f"{', '.join(FROM_KERAS)}), but {layer.name!r} is of type "
                f"{name}; leave it out, and apply it separately"
            )
        if layer.dtype_policy.name != layer.variable_dtype:
            raise TypeError(
                f"{layer.name!r} must compute in the type of its weights, "
                f"but has the policy {layer.dtype_policy.name}"
            )
        make, settings = FROM_KERAS[name]
        if kind is not keras.Sequential:
            _check_settings(
                layer, [*settings, "name", "trainable", "dtype"]
            )
        found += make(layer)
    return Sequential(*found)


def _check_settings(layer: Any, known: Sequence[str]) -> None:
    """Refuse a layer that has more than the settings ``known``."""
    config = layer.get_config()
    plain = type(layer).from_config(
        {name: value for name, value in config.items() if name in known}
    )
    defaults = plain.get_config()
    for name, value in config.items():
        if value != defaults.get(name):
            raise TypeError(
                f"{type(layer).__name__} {layer.name!r} must leave {name} "
                "at its default, because nn does not have this setting, "
                f"but has {shown(value)}"
            )


def _activation(layer: Any) -> list[Layer]:
    import keras

    known: dict[str, list[Layer]] = {
        "linear": [],
        "relu": [ReLU()],
        "softmax": [Softmax()],
    }
    name = keras.activations.serialize(layer.activation)
    if not isinstance(name, str) or name not in known:
        raise TypeError(
            f"the activation of {layer.name!r} must be among "
            f"{', '.join(known)}, but is {shown(name)}, which nn does not "
            "have"
        )
    return known[name]


def _from_dense(layer: Any) -> list[Layer]:
    W = _array(layer.kernel)
    dense = Dense(
        *W.shape,
        init=lambda *_: W,
        regularizer=_penalty(layer),
        dtype=W.dtype,
    )
    if layer.use_bias:
        dense.b[...] = _array(layer.bias)
    return [dense, *_activation(layer)]


def _penalty(layer: Any) -> L1 | L2 | None:
    import keras

    penalty = layer.kernel_regularizer
    if penalty is None:
        return None
    config = keras.regularizers.serialize(penalty)
    lam = {name: lam for name, lam in config["config"].items() if lam}
    for name, kind in (("l1", L1), ("l2", L2)):
        if config["module"] == "keras.regularizers" and {*lam} <= {name}:
            return kind(lam.get(name, 0.0))
    raise TypeError(
        f"the regularizer of {layer.name!r} must be L1 or L2, but is "
        f"{shown(penalty)}, which nn does not have"
    )


def _from_normalization(layer: Any) -> list[Layer]:
    import keras

    if layer.mean is None or len(layer.mean) != 1:
        raise TypeError(
            f"{layer.name!r} must have a mean for each column, or one for "
            "all; call its adapt(X) first"
        )
    std = np.sqrt(_array(layer.variance).ravel())
    return [
        Normalization(
            _array(layer.mean).ravel(),
            np.maximum(std, std.dtype.type(keras.config.epsilon())),
            dtype=layer.compute_dtype,
        )
    ]


def _from_batch_normalization(layer: Any) -> list[Layer]:
    made = layers.BatchNormalization(
        layer.moving_mean.shape[0],
        momentum=layer.momentum,
        eps=layer.epsilon,
        dtype=layer.variable_dtype,
    )
    theirs = {
        "gamma": layer.gamma,
        "beta": layer.beta,
        "running_mean": layer.moving_mean,
        "running_var": layer.moving_variance,
    }
    for name, values in theirs.items():
        if values is not None:  # without scale, gamma stays 1
            made.state()[name][...] = _array(values)
    return [made]


def _array(value: Any) -> Array:
    import keras

    return np.array(keras.ops.convert_to_numpy(value))


FROM_KERAS: dict[str, tuple[Callable[[Any], list[Layer]], Sequence[str]]]
FROM_KERAS = {  # what makes ours, and the settings that it takes over
    "Sequential": (lambda net: [_from_sequential(net)], ()),
    "Dense": (
        _from_dense,
        (
            "units",
            "activation",
            "use_bias",
            "kernel_initializer",
            "bias_initializer",
            "kernel_regularizer",
        ),
    ),
    "ReLU": (lambda layer: [ReLU()], ()),
    "Softmax": (lambda layer: [Softmax()], ()),
    "Identity": (lambda layer: [Identity()], ()),
    "Activation": (
        lambda layer: _activation(layer) or [Identity()],
        ("activation",),
    ),
    "Dropout": (lambda layer: [Dropout(layer.rate)], ("rate", "seed")),
    "Normalization": (_from_normalization, ("axis", "mean", "variance")),
    "BatchNormalization": (
        _from_batch_normalization,
        (
            "axis",
            "momentum",
            "epsilon",
            "center",
            "scale",
            "beta_initializer",
            "gamma_initializer",
            "moving_mean_initializer",
            "moving_variance_initializer",
        ),
    ),
}
