# Written by tools/export.py from notebooks/: change the chapters.
"""A network: layers in sequence."""

from itertools import combinations, starmap

import numpy as np

from .layers import Layer
from .weights import load_arrays, save_arrays

__all__ = [
    "Sequential",
]


# chapter 9: p − y
def _by_position(dictionaries):
    return {
        f"{i}.{name}": array
        for i, arrays in enumerate(dictionaries)
        for name, array in arrays.items()
    }


# chapter 9: p − y
def _first_that_learns(layers):
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(f"Sequential expects layers, got {layer!r}")
    return next((layer for layer in layers if layer.parameters()), None)


# chapter 17: Where the time goes
class _Joined(Layer):
    """Layers whose parameters lie in one vector w: the arrays are views.

    A layer has its parameter "W" as W. The vector g is for the gradients.
    """

    w, parts = None, []

    def __init__(self, *layers):
        self.layers, self.first = layers, _first_that_learns(layers)
        self._move()

    def vectors(self):
        """All parameters and all gradients, as one vector each."""
        arrays, slopes = [], []
        for layer in self.layers:
            own, g = layer.parameters(), layer.gradients()
            arrays += own.values()
            slopes += [g[name] for name in own]
        if not self._holds(arrays) and not self._move():
            return super().vectors()
        for part, g in zip(self.slopes, slopes, strict=True):
            part[...] = g
        return {"all": self.w}, {"all": self.g}

    def _holds(self, arrays):
        return 0 < len(arrays) == len(self.parts) and all(
            a is part and a.base is self.w
            for a, part in zip(arrays, self.parts, strict=True)
        )

    def _move(self):
        """Move the arrays into w; False where that cannot be."""
        found = _owned(self.layers)
        if not found:
            return False
        arrays = [getattr(*place) for place in found]
        self.w, self.parts = _join(arrays)
        self.g, self.slopes = _join(arrays)
        for place, part in zip(found, self.parts, strict=True):
            setattr(*place, part)
        return True


# chapter 17: Where the time goes
class Sequential(_Joined):
    """Layers one after the other: Z = f_m(... f_2(f_1(X))).

    X (n, n_in), Z (n, n_out). Arrays are named by position: "0.W", "2.b".
    """

    def forward(self, X, training=False):
        for layer in self.layers:
            X = layer.forward(X, training)
        return X

    def backward(self, grad, /, *, input_gradient=True):
        for layer in reversed(self.layers):
            if layer is self.first and not input_gradient:
                return layer.backward(grad, input_gradient=False)
            grad = layer.backward(grad)
        return grad  # dL/dX, (n, n_in)

    def parameters(self):
        return _by_position(layer.parameters() for layer in self.layers)

    def gradients(self):
        return _by_position(layer.gradients() for layer in self.layers)

    def state(self):
        return _by_position(layer.state() for layer in self.layers)

    def penalty(self):
        return sum(layer.penalty() for layer in self.layers)

    def save(self, path):
        """Write the arrays of ``state()`` to the safetensors ``path``."""
        save_arrays(path, self.state())

    def load(self, path):
        """Take the arrays from the file ``path``; return the model."""
        load_arrays(path, into=self.state())
        return self

    def __repr__(self):
        return f"Sequential({', '.join(map(repr, self.layers))})"


# chapter 17: Where the time goes
def _join(arrays):
    """One vector with the numbers of all arrays, and its parts: views."""
    vector = np.concatenate(arrays, axis=None)  # (17.3)
    ends = np.cumsum([a.size for a in arrays])
    parts = np.split(vector, ends[:-1])
    shapes = [a.shape for a in arrays]
    return vector, [
        p.reshape(shape) for p, shape in zip(parts, shapes, strict=True)
    ]


# chapter 17: Where the time goes
def _owned(layers):
    """Pairs (layer, name) of all parameters; none if they cannot join."""
    found = [(layer, k) for layer in layers for k in layer.parameters()]
    arrays = [layer.parameters()[k] for layer, k in found]
    here = all(
        getattr(*place, None) is a
        for place, a in zip(found, arrays, strict=True)
    )
    shared = any(starmap(np.may_share_memory, combinations(arrays, 2)))
    types = {a.dtype for a in arrays}
    return found if here and not shared and len(types) == 1 else []
