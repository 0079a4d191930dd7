# Written by tools/export.py from notebooks/: change the chapters.
"""A network: layers in sequence."""

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


# chapter 14: Fashion-MNIST
class Sequential(Layer):
    """Layers one after the other: Z = f_m(... f_2(f_1(X))).

    X (n, n_in), Z (n, n_out). Arrays are named by position: "0.W", "2.b".
    """

    def __init__(self, *layers):
        self.layers, self.first = layers, _first_that_learns(layers)

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
