# Written by tools/export.py from notebooks/: change the chapters.
"""Slopes by machine: a tape of operations, walked backwards."""

from functools import partial
from itertools import count

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .checks import (
    as_constant,
    as_matrix,
    check_axis,
    check_operation,
    check_single,
    refuse_truth,
)

__all__ = [
    "Tensor",
]


# chapter 20: Slopes by machine
_outer = np.multiply.outer


# chapter 20: Slopes by machine
_RULES = {  # for each input: its local slope times d, the slope from above
    np.add: (lambda d, y, a, b: d, lambda d, y, a, b: d),
    np.subtract: (lambda d, y, a, b: d, lambda d, y, a, b: -d),
    np.negative: (lambda d, y, a: -d,),
    np.multiply: (lambda d, y, a, b: d * b, lambda d, y, a, b: d * a),
    np.divide: (lambda d, y, a, b: d / b, lambda d, y, a, b: -d * y / b),
    np.power: (
        lambda d, y, a, b: d * b * a ** np.where(b == 0, 0, b - 1),
        lambda d, y, a, b: d * y * np.log(np.where(a == 0, 1, a)),
    ),
    np.matmul: (  # (20.4)
        lambda d, y, a, b: d @ b.T if b.ndim > 1 else _outer(d, b),
        lambda d, y, a, b: a.T @ d if a.ndim > 1 else _outer(a, d),
    ),
    np.maximum: (
        lambda d, y, a, b: d * (a > b),
        lambda d, y, a, b: d * (b > a),
    ),
    np.exp: (lambda d, y, a: d * y,),
    np.log: (lambda d, y, a: d / a,),
}


# chapter 20: Slopes by machine
_SUMS = np.sum, np.mean


# chapter 20: Slopes by machine
_counter = count()


# chapter 20: Slopes by machine
class Tensor(NDArrayOperatorsMixin):
    """A number, a vector or a matrix, and how it was computed.

    Operators, ``np.maximum``, ``np.exp``, ``np.log``, ``np.sum`` and
    ``np.mean`` make new tensors. After ``L.backward()``, ``grad`` is
    dL/d(value), in the shape of ``value``, for L and every tensor from
    which L was computed (Linnainmaa, 1970).
    """

    operation, values, links, grad = "given", (), (), None

    __bool__ = refuse_truth

    def __init__(self, value):
        self.value = as_matrix("value", value)
        self.number = next(_counter)  # inputs have smaller ones

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        extra = {method, *options} - {"__call__"}
        check_operation(ufunc, (*_RULES, *_SUMS), extra)
        return _record(ufunc.__name__, ufunc, inputs, _RULES[ufunc])

    def __array_function__(self, function, types, inputs, options):
        check_operation(function, (*_RULES, *_SUMS), ())
        return getattr(Tensor, function.__name__)(*inputs, **options)

    def sum(self, axis=None, keepdims=False):
        """Return the sum over an axis, or of all entries."""
        check_axis(axis, self.value, keepdims)

        def rule(d, y, a):  # (20.5)
            kept = axis is None or keepdims
            d = d if kept else np.expand_dims(d, axis)
            return np.broadcast_to(d, a.shape)

        add = partial(np.sum, axis=axis, keepdims=bool(keepdims))
        return _record("sum", add, (self,), (rule,))

    def mean(self, axis=None, keepdims=False):
        """Return the mean over an axis, or of all entries."""
        total = self.sum(axis, keepdims)
        return total / (self.value.size / total.value.size)

    def __repr__(self):
        return f"Tensor({self.value})"

    def tape(self):
        """Return the tensors from which this one was computed, in order."""
        found, waiting = {}, [self]
        while waiting:
            tensor = waiting.pop()
            if id(tensor) not in found:
                found[id(tensor)] = tensor
                waiting += [x for x, _ in tensor.links]
        return sorted(found.values(), key=lambda tensor: tensor.number)

    def backward(self):
        """Assign dL/d(value) to ``grad`` along the tape of L, this tensor.

        Raises ValueError if L is not one number.
        """
        check_single("L", self.value)
        entries = self.tape()
        for tensor in entries:
            tensor.grad = np.zeros_like(tensor.value)
        self.grad[...] = 1  # dL/dL
        for tensor in reversed(entries):
            for x, rule in tensor.links:
                d = rule(tensor.grad, tensor.value, *tensor.values)
                x.grad += _undo_broadcast(d, x.value.shape)  # (20.3)


# chapter 20: Slopes by machine
def _record(operation, compute, inputs, rules):
    """Return the result of an operation as a new entry of the tape."""
    values = [
        x.value if isinstance(x, Tensor) else as_constant(x) for x in inputs
    ]
    result = Tensor(compute(*values))
    result.operation, result.values = operation, values
    pairs = zip(inputs, rules, strict=True)
    result.links = [(x, r) for x, r in pairs if isinstance(x, Tensor)]
    return result


# chapter 20: Slopes by machine
def _undo_broadcast(d, shape):
    """Add the slopes d of all uses of an input with this shape."""
    if d.shape == shape:
        return d
    new = d.ndim - len(shape)
    ones = (new + k for k, size in enumerate(shape) if size == 1)
    return d.sum(axis=(*range(new), *ones)).reshape(shape)  # (20.6)
