# Written by tools/export.py from notebooks/: change the chapters.
"""A network: layers in sequence."""

import numpy as np

from .checks import check_finite, check_named
from .layers import Layer
from .weights import load_arrays, match_arrays, save_arrays

__all__ = [
    "Sequential",
]


# chapters 9, 13, 14, 18
class Sequential(Layer):
    """Layers one after another: Z = f_m(... f_2(f_1(X))).

    X (n, n_in), Z (n, n_out). Arrays are named by position: "0.W", "2.b".
    Raises TypeError for what is not a layer, ValueError for one used twice.
    """

    def __init__(self, *layers):
        _check_once(_with_nested(layers))
        self.layers = layers

    def forward(self, X, training=False):
        for layer in self.layers:
            X = layer.forward(X, training)
        return X

    def backward(self, grad, /, *, input_gradient=True):
        first = None if input_gradient else _first_trainable(self.layers)
        layers = reversed(self.layers)
        for layer in layers:
            if layer is first:
                layer.backward(grad, **_without_input(layer.backward))
                for unasked in layers:  # those not reached yet
                    unasked.forget()
                return None
            grad = layer.backward(grad)
        return grad  # dL/dX, (n, n_in)

    def forget(self):
        for layer in self.layers:
            layer.forget()

    def parameters(self):
        return _by_position([layer.parameters() for layer in self.layers])

    def gradients(self):
        return _by_position([layer.gradients() for layer in self.layers])

    def __repr__(self):
        return f"Sequential({', '.join(map(repr, self.layers))})"

    # chapter 13
    def penalty(self):
        return sum(layer.penalty() for layer in self.layers)

    # chapter 14
    def state(self):
        return _by_position([layer.state() for layer in self.layers])

    # chapter 14
    def check_state(self, state):
        for i, layer in enumerate(self.layers):
            own = f"{i}."
            layer.check_state(
                {
                    name.removeprefix(own): array
                    for name, array in state.items()
                    if name.startswith(own)
                }
            )

    # chapter 14
    def save(self, path, *, about=None):
        """Write the arrays of ``state()`` to the safetensors ``path``.

        ``about`` maps names to texts that the file contains too. Returns
        its SHA-256. See ``save_arrays`` for the errors.
        """
        return save_arrays(path, self.state(), about=about)

    # chapter 14
    def load(self, path):
        """Read the arrays from the file ``path``; return the model."""
        load_arrays(path, into=self.state(), check=self.check_state)
        return self

    # chapter 18
    def load_state(self, state):
        """Copy the arrays of ``state`` into the model; return the model.

        ``state`` must be the ``state()`` of a model with the same layers.
        Raises ValueError, and changes nothing, if it does not fit.
        """
        check_named("state", state, np.ndarray)
        own = self.state()
        match_arrays("state", state, own)
        for name, array in state.items():
            check_finite(f"state[{name!r}]", array)
        self.check_state(state)
        for name, array in state.items():
            own[name][...] = array
        return self


# chapter 9: p − y
def _by_position(dictionaries):
    named = {}
    for i, arrays in enumerate(dictionaries):
        for name, array in arrays.items():
            named[f"{i}.{name}"] = array
    return named


# chapter 9: p − y
def _with_nested(layers):
    found = []
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(
                f"Sequential must hold layers, but {layer!r} is not one; "
                "pass layers such as ReLU()"
            )
        found += [layer, *_with_nested(getattr(layer, "layers", ()))]
    return found


# chapter 9: p − y
def _check_once(layers):
    twice = [a for a in layers if sum(a is b for b in layers) > 1]
    if twice:
        raise ValueError(
            "each layer must have one place in the network, but "
            f"{twice[0]!r} is in it twice; make a second one, and to share "
            "weights, give both the same arrays W and b"
        )


# chapter 9: p − y
def _first_trainable(layers):
    for layer in layers:
        if layer.parameters():
            return layer
    return None


# chapter 9: p − y
def _without_input(backward):
    known = getattr(backward, "__kwdefaults__", None) or {}
    return {"input_gradient": False} if "input_gradient" in known else {}
