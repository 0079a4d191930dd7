# Written by tools/export.py from notebooks/: change the chapters.
"""Optimizers: rules that turn gradients into changes of parameters."""

import copy
import math
import weakref
from operator import is_

import numpy as np

from .checks import (
    Bounded,
    as_count,
    as_keys,
    as_like,
    as_number,
    as_rate,
    check_lengths,
)

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Joint",
    "Momentum",
    "Optimizer",
    "RMSProp",
    "cosine",
]


# chapters 10, 22
class Optimizer:
    """Adds to every parameter, in place, the change that a rule returns.

    The step size after t steps is lr / (1 + lr_decay t); lr is a number,
    or a function of t that returns one. ``state`` keeps what the rule
    remembers of each parameter, under its name and shape.
    """

    # chapter 22
    lr_decay = Bounded("lr_decay", least=0)
    # chapter 22
    clip = Bounded("clip", above=0, optional=True)

    # chapter 22
    def __init__(self, lr, *, lr_decay=0.0, clip=None):
        self.lr = as_rate(lr)
        self.lr_decay, self.clip = lr_decay, clip
        self.t = 0  # steps taken
        self.state, self.changed = {}, ()

    def rate(self):
        """Return the step size of the next step, a float."""
        name, lr = "lr", self.lr
        if callable(lr):
            name, lr = f"lr({self.t})", lr(self.t)
        lr = as_number(name, lr, least=0)
        return lr / (1 + self.lr_decay * self.t)  # (10.4)

    # chapter 22
    @np.errstate(over="raise")  # too large for the type is an error
    def step(self, parameters, gradients):
        """Change every parameter in place, by the rule and its gradient."""
        keys, gradients, lr = self._prepare(parameters, gradients)
        for key in keys:
            w, g = parameters[key[0]], gradients[key[0]]
            if key not in self.state:
                self.state[key] = self.init_state(w)
            change = self.change(g, self.state[key], lr)
            self._apply(w, as_like("change", change, g), lr)

    def init_state(self, w):
        """Return the arrays that the rule keeps for w: by default, none."""
        return ()

    def change(self, g, state, lr):
        """Return the change of w, an array of the shape of g = dL/dw."""
        raise NotImplementedError(f"{type(self).__name__} has no rule")

    def begin(self, parameters, gradients):
        """Check the arrays, count the step; return keys and step size."""
        keys = as_keys(parameters, gradients)
        self.changed = _same_network(self.changed, parameters)
        lr = self.rate()
        self.t += 1
        return keys, lr

    def __getstate__(self):  # a copy may serve a copy of the network
        return self.__dict__ | {"changed": ()}

    def __copy__(self):  # what a rule remembers must not be shared
        return copy.deepcopy(self)

    # chapter 22
    def _prepare(self, parameters, gradients):
        """Begin a step; return keys, limited gradients and step size."""
        keys, lr = self.begin(parameters, gradients)
        if self.clip is None:
            return keys, gradients, lr
        with np.errstate(over="ignore"):  # an infinite length is refused
            norms = {k: np.linalg.norm(gradients[k]) for k in parameters}
        check_lengths(norms)
        length = math.hypot(*norms.values())  # (22.5)
        scale = self.clip / max(length, self.clip)
        shorter = {k: scale * gradients[k] for k in parameters}  # (22.6)
        return keys, shorter, lr

    # chapter 22
    def _apply(self, w, change, lr):
        w += change


# chapter 10: Descend
def _same_network(known, parameters):
    """Return references to the parameters; refuse another network's."""
    arrays = [
        w.base if isinstance(w.base, np.ndarray) else w
        for w in parameters.values()
    ]
    old = [reference() for _, reference in known]
    if len(old) == len(arrays) and all(map(is_, old, arrays)):
        return known
    gone = {
        name: w
        for (name, _), w in zip(known, old, strict=True)
        if id(w) not in map(id, arrays)
    }
    alive = [k for k in gone if k in parameters and gone[k] is not None]
    if arrays and old and (alive or len(gone) == len(old)):
        raise ValueError(
            "an optimizer must stay with the parameters of its first step, "
            "whose slopes it may remember, but has been given others; make "
            "a new optimizer for each network"
        )
    return [*zip(parameters, map(weakref.ref, arrays), strict=True)]


# chapters 17, 22
class Joint(Optimizer):
    """A rule that changes each number by its own gradient and memory.

    Arrays of up to ``small`` numbers are changed together: their gradients
    are laid end to end (17.3), the rule is called once, and each array
    gets its part of the change. ``places`` holds their keys and slices,
    ``vectors`` what the rule remembers of them. For each of the ``large``
    arrays, the rule is called for ``block`` numbers at a time.
    """

    small, block = 8_192, 131_072

    keys, places, large, vectors = None, (), (), ()

    # chapter 22
    @np.errstate(over="raise")
    def step(self, parameters, gradients):
        keys, gradients, lr = self._prepare(parameters, gradients)
        if keys != self.keys:
            self._lay_out(keys, parameters)
        if self.places:
            joined = [gradients[name] for (name, _), _ in self.places]
            g = np.concatenate(joined, axis=None)
            change = as_like("change", self.change(g, self.vectors, lr), g)
            for (name, shape), place in self.places:
                part = change[place].reshape(shape)
                self._apply(parameters[name], part, lr)
        for key in self.large:
            self._step_large(key, parameters[key[0]], gradients[key[0]], lr)

    # chapter 22
    def _step_large(self, key, w, g, lr):
        if key not in self.state:
            self.state[key] = self.init_state(w)
        rows = max(1, self.block * len(w) // w.size)
        for start in range(0, len(w), rows):
            block = slice(start, start + rows)
            memory = [array[block] for array in self.state[key]]
            change = self.change(g[block], memory, lr)
            self._apply(w[block], as_like("change", change, w[block]), lr)

    def _lay_out(self, keys, parameters):
        """Bring what the rule remembers into the order of the keys."""
        for key, place in self.places:
            self.state[key] = [v[place].copy() for v in self.vectors]
        few = {
            key: parameters[key[0]]
            for key in keys
            if parameters[key[0]].size <= self.small
        }
        self.keys = keys
        self.large = [key for key in keys if key not in few]
        ends = np.cumsum([w.size for w in few.values()]).tolist()
        places = map(slice, [0, *ends], ends)
        self.places = [*zip(few, places, strict=False)]
        if few:
            w = np.concatenate([*few.values()], axis=None)
            self.vectors = self.init_state(w)
        for key, place in self.places:
            memory = self.state.pop(key, ())
            for new, old in zip(self.vectors, memory, strict=False):
                new[place] = old


# chapters 10, 17, 22
class SGD(Joint):
    """Gradient descent: w <- w - lr g (Cauchy, 1847).

    With gradients of mini-batches, this is stochastic gradient descent
    (Robbins and Monro, 1951).
    """

    # chapter 22
    def __init__(self, lr=0.01, *, lr_decay=0.0, clip=None):
        Joint.__init__(self, lr, lr_decay=lr_decay, clip=clip)

    def change(self, g, state, lr):
        return -lr * g  # (10.3)


# chapters 12, 17, 22
class Momentum(Joint):
    """u <- momentum u - lr g;  w <- w + u (Polyak, 1964)."""

    # chapter 22
    momentum = Bounded("momentum", least=0, below=1)

    # chapter 22
    def __init__(self, lr=0.01, *, momentum=0.9, lr_decay=0.0, clip=None):
        Joint.__init__(self, lr, lr_decay=lr_decay, clip=clip)
        self.momentum = momentum

    def init_state(self, w):
        return (np.zeros_like(w),)

    def change(self, g, state, lr):
        (u,) = state
        u *= self.momentum
        u -= lr * g  # (12.1)
        return u  # (12.2)


# chapters 12, 17, 22
class RMSProp(Joint):
    """v <- rho v + (1 - rho) g^2;  w <- w - lr g / (sqrt(v) + eps).

    Tieleman and Hinton, 2012.
    """

    # chapter 22
    rho = Bounded("rho", least=0, below=1)
    # chapter 22
    eps = Bounded("eps", above=0)

    # chapter 22
    def __init__(
        self, lr=1e-3, *, rho=0.9, eps=1e-7, lr_decay=0.0, clip=None
    ):
        Joint.__init__(self, lr, lr_decay=lr_decay, clip=clip)
        self.rho, self.eps = rho, eps

    def init_state(self, w):
        return (np.zeros_like(w),)

    def change(self, g, state, lr):
        (v,) = state
        v += (1 - self.rho) * (g * g - v)  # (12.5)
        return -lr * g / (np.sqrt(v) + self.eps)  # (12.6)


# chapters 12, 17, 22
class Adam(Joint):
    """Running means m of g and v of g^2, corrected for starting at zero.

    m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,
    w <- w - lr m' / (sqrt(v') + eps) with m' = m / (1 - beta1^t) and
    v' = v / (1 - beta2^t) (Kingma and Ba, 2015, algorithm 1). The state
    holds the sums M = m / (1 - beta1) and V = v / (1 - beta2).
    """

    # chapter 22
    beta1 = Bounded("beta1", least=0, below=1)
    # chapter 22
    beta2 = Bounded("beta2", least=0, below=1)
    # chapter 22
    eps = Bounded("eps", above=0)

    # chapter 22
    def __init__(
        self,
        lr=1e-3,
        *,
        beta1=0.9,
        beta2=0.999,
        eps=1e-7,
        lr_decay=0.0,
        clip=None,
    ):
        Joint.__init__(self, lr, lr_decay=lr_decay, clip=clip)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def init_state(self, w):
        return np.zeros_like(w), np.zeros_like(w)

    # chapter 17
    def change(self, g, state, lr):
        M, V = state
        b1, b2, t = self.beta1, self.beta2, self.t
        a = (1 - b1) / (1 - b1**t)  # m' = a M
        c = math.sqrt((1 - b2) / (1 - b2**t))  # sqrt(v') = c sqrt(V)
        M *= b1
        M += g  # (17.4)
        d = g * g
        V *= b2
        V += d  # (17.4)
        np.sqrt(V, out=d)
        d += self.eps / c
        np.divide(M, d, out=d)
        d *= -lr * a / c  # (17.5)
        return d


# chapter 12: Momentum, RMSProp, Adam
def cosine(lr, t, steps):
    """Return lr (1 + cos(pi t / steps)) / 2, the step size after t steps.

    It falls from lr at t = 0 to 0 at t = steps (Loshchilov and Hutter,
    2017). Raises ValueError for any other t.
    """
    lr, steps = as_number("lr", lr, least=0), as_count("steps", steps)
    if as_number("t", t, least=0) > steps:
        raise ValueError(f"t must be at most steps, {steps}, but is {t}")
    return lr * (1 + math.cos(math.pi * t / steps)) / 2  # (12.12)


# chapter 22: A recipe
class AdamW(Adam):
    """Adam with decoupled weight decay.

    Each step first multiplies the weights, which are the arrays with two
    axes or more, by 1 - lr weight_decay; then Adam makes its step. Biases,
    with one axis, do not decay (Loshchilov and Hutter, 2019).
    """

    weight_decay = Bounded("weight_decay", least=0)

    def __init__(
        self,
        lr=1e-3,
        *,
        weight_decay=0.01,
        beta1=0.9,
        beta2=0.999,
        eps=1e-7,
        lr_decay=0.0,
        clip=None,
    ):
        more = {"beta1": beta1, "beta2": beta2, "eps": eps}
        super().__init__(lr, lr_decay=lr_decay, clip=clip, **more)
        self.weight_decay = weight_decay

    def _apply(self, w, change, lr):
        if w.ndim > 1:
            w *= 1 - lr * self.weight_decay
        w += change  # (22.8)
