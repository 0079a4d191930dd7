# Written by tools/export.py from notebooks/: change the chapters.
"""Optimizers: rules that turn gradients into changes of parameters."""

import math

import numpy as np

__all__ = [
    "SGD",
    "Adam",
    "Momentum",
    "Optimizer",
    "RMSProp",
    "cosine",
]


# chapter 10: Descend
class Optimizer:
    """Changes every parameter in place by the rule in ``update``.

    The step size after t steps is lr / (1 + lr_decay t). ``state`` keeps
    what a rule remembers of each parameter, by its name.
    """

    def __init__(self, lr, *, lr_decay=0.0):
        if not 0 < lr < np.inf or not 0 <= lr_decay < np.inf:
            raise ValueError(
                f"{type(self).__name__} expects lr > 0 and lr_decay >= 0, "
                f"both finite, got lr={lr} and lr_decay={lr_decay}"
            )
        self.lr, self.lr_decay = float(lr), float(lr_decay)
        self.t = 0  # steps made
        self.state = {}

    def step(self, parameters, gradients):
        """One step down: change each parameter by its own gradient."""
        lr = self.lr / (1 + self.lr_decay * self.t)  # (10.4)
        self.t += 1
        for name, w in parameters.items():
            if name not in self.state:
                self.state[name] = self.start(w)
            self.update(w, gradients[name], self.state[name], lr)

    def start(self, w):
        """Return the arrays that the rule keeps for w, none by default."""
        return ()

    def update(self, w, g, state, lr):
        """Change w in place; g = dL/dw has its shape."""
        raise NotImplementedError(f"{type(self).__name__} has no rule")


# chapter 10: Descend
class SGD(Optimizer):
    """Gradient descent: w <- w - lr g (Robbins and Monro, 1951)."""

    def __init__(self, lr=0.01, *, lr_decay=0.0):
        super().__init__(lr, lr_decay=lr_decay)

    def update(self, w, g, state, lr):
        w -= lr * g  # (10.3)


# chapter 12: Momentum, RMSProp, Adam
class Momentum(Optimizer):
    """u <- momentum u - lr g;  w <- w + u (Polyak, 1964)."""

    def __init__(self, lr=0.01, *, momentum=0.9, lr_decay=0.0):
        super().__init__(lr, lr_decay=lr_decay)
        self.momentum = _check_share("momentum", momentum)

    def start(self, w):
        return (np.zeros_like(w),)

    def update(self, w, g, state, lr):
        (u,) = state
        u *= self.momentum
        u -= lr * g  # (12.1)
        w += u  # (12.2)


# chapter 12: Momentum, RMSProp, Adam
class RMSProp(Optimizer):
    """v <- rho v + (1 - rho) g^2;  w <- w - lr g / (sqrt(v) + eps).

    Tieleman and Hinton, 2012.
    """

    def __init__(self, lr=1e-3, *, rho=0.9, eps=1e-7, lr_decay=0.0):
        super().__init__(lr, lr_decay=lr_decay)
        self.rho, self.eps = _check_share("rho", rho), _check_eps(eps)

    def start(self, w):
        return (np.zeros_like(w),)

    def update(self, w, g, state, lr):
        (v,) = state
        v += (1 - self.rho) * (g * g - v)  # (12.5)
        w -= lr * g / (np.sqrt(v) + self.eps)  # (12.6)


# chapter 17: Where the time goes
class Adam(Optimizer):
    """Running means m of g and v of g^2, freed of their start at zero.

    m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,
    w <- w - lr m' / (sqrt(v') + eps) with m' = m / (1 - beta1^t) and
    v' = v / (1 - beta2^t) (Kingma and Ba, 2015, algorithm 1).
    """

    def __init__(
        self, lr=1e-3, *, beta1=0.9, beta2=0.999, eps=1e-7, lr_decay=0.0
    ):
        super().__init__(lr, lr_decay=lr_decay)
        self.beta1 = _check_share("beta1", beta1)
        self.beta2 = _check_share("beta2", beta2)
        self.eps = _check_eps(eps)
        self.joint = _Joint()

    def start(self, w):
        return np.zeros_like(w), np.zeros_like(w)

    def step(self, parameters, gradients):
        """One step down; the small arrays take it as one vector."""
        items = parameters.items()
        small = {name: w for name, w in items if w.size < 20_000}
        large = {name: w for name, w in items if name not in small}
        super().step(large, gradients)
        if small:
            lr = self.lr / (1 + self.lr_decay * (self.t - 1))
            self.joint.step(self, small, gradients, lr)

    def update(self, w, g, state, lr):
        m, v = state
        m *= self.beta1
        m += (1 - self.beta1) * g  # (12.7)
        v += (1 - self.beta2) * (g * g - v)  # (12.8)
        d = v / (1 - self.beta2**self.t)  # (12.10)
        np.sqrt(d, out=d)
        d += self.eps
        np.divide(m, d, out=d)
        d *= lr / (1 - self.beta1**self.t)  # (12.10)
        w -= d  # (12.11)


# chapter 12: Momentum, RMSProp, Adam
def _check_share(name, value):
    if not 0 <= value < 1:
        raise ValueError(f"{name} expects a number in [0, 1), got {value}")
    return float(value)


# chapter 12: Momentum, RMSProp, Adam
def _check_eps(eps):
    if not 0 < eps < np.inf:
        raise ValueError(f"eps expects a number > 0, got {eps}")
    return float(eps)


# chapter 12: Momentum, RMSProp, Adam
def cosine(lr, t, steps):
    """Step size lr (1 + cos(pi t / steps)) / 2 after t of ``steps``.

    It falls from lr at t = 0 to 0 at t = steps (Loshchilov and Hutter,
    2017). Raises ValueError for any other t.
    """
    if not (0 <= t <= steps and steps > 0):
        raise ValueError(
            f"cosine expects 0 <= t <= steps and steps > 0, got t={t} "
            f"and steps={steps}"
        )
    return lr * (1 + math.cos(math.pi * t / steps)) / 2  # (12.12)


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
class _Joint:
    """Small arrays that a rule updates as one vector, entry by entry.

    What the rule remembers is one vector as well; ``state`` by name holds
    its parts.
    """

    names = memory = ()

    def step(self, rule, arrays, gradients, lr):
        if not self.fits(rule.state, arrays):
            self.begin(rule, arrays)
        np.concatenate([*arrays.values()], axis=None, out=self.w)
        g = np.concatenate([gradients[n] for n in arrays], axis=None)
        rule.update(self.w, g, self.memory, lr)
        for w, part in zip(arrays.values(), self.parts, strict=True):
            w[...] = part

    def fits(self, state, arrays):
        """False at first, for other arrays, and for a copy of the rule."""
        return [*arrays] == self.names and all(
            state[n][0].base is self.memory[0] for n in self.names
        )

    def begin(self, rule, arrays):
        """Join the arrays and what the rule remembers of each."""
        for name, w in arrays.items():
            rule.state.setdefault(name, rule.start(w))
        self.names = [*arrays]
        self.w, self.parts = _join([*arrays.values()])
        kinds = zip(*(rule.state[n] for n in arrays), strict=True)
        vectors, parts = zip(*map(_join, kinds), strict=True)
        self.memory = vectors  # for Adam: all m, all v
        rule.state |= zip(arrays, zip(*parts, strict=True), strict=True)
