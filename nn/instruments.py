# Written by tools/export.py from notebooks/: change the chapters.
"""Instruments: what happens inside a network during training."""

import copy

import numpy as np

from .checks import as_samples
from .gradcheck import relative_error
from .training import _check_training

__all__ = [
    "Instruments",
]


# chapter 23: The clinic
class Instruments:
    """Readings of a network: one at once, then one after each epoch.

    Pass it to ``fit`` as ``on_epoch``. A reading is a training step on the
    rows X and y, made by copies of the network and the optimizer, so that
    the training does not change. ``readings`` maps "dead", "mean" and
    "std" to layers, "gradient" and "update" to arrays, and each of these
    to a list of floats. ``outputs`` and ``gradients`` are the last ones.
    """

    def __init__(self, model, X, y, *, loss, optimizer):
        _check_training(model, loss, None, optimizer, None)
        self.parts, self.rows = (model, loss, optimizer), as_samples(X, y)
        self.readings = {}
        self(-1, {})

    @np.errstate(over="ignore", invalid="ignore")  # the readings will tell
    def __call__(self, epoch, history):
        model, loss, optimizer = copy.deepcopy(self.parts)
        A, y = self.rows
        self.outputs = {}
        for i, layer in enumerate(getattr(model, "layers", [model])):
            A = self.outputs[f"{i}"] = layer.forward(A, training=True)
            dead = (A == 0).all(axis=0).mean()
            self._note(f"{i}", dead=dead, mean=A.mean(), std=A.std())
        # train_step would refuse a loss that is not finite
        loss.forward(A, y)
        model.backward(loss.backward(), input_gradient=False)
        self.gradients = model.gradients()
        optimizer.step(model.parameters(), self.gradients)
        for name, w in self.parts[0].parameters().items():
            gradient = np.linalg.norm(self.gradients[name])
            update = relative_error(w, model.parameters()[name])  # (23.1)
            self._note(name, gradient=gradient, update=update)

    def _note(self, name, **values):
        for quantity, value in values.items():
            of = self.readings.setdefault(quantity, {})
            of.setdefault(name, []).append(float(value))
