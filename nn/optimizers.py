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

    entrywise = False  # True: w_k needs g_k only, of any array (ch. 17)

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
    v' = v / (1 - beta2^t) (Kingma and Ba, 2015, algorithm 1). Kept are
    the sums M = m / (1 - beta1) and V = v / (1 - beta2).
    """

    entrywise = True

    def __init__(
        self, lr=1e-3, *, beta1=0.9, beta2=0.999, eps=1e-7, lr_decay=0.0
    ):
        super().__init__(lr, lr_decay=lr_decay)
        self.beta1 = _check_share("beta1", beta1)
        self.beta2 = _check_share("beta2", beta2)
        self.eps = _check_eps(eps)

    def start(self, w):
        return np.zeros_like(w), np.zeros_like(w)

    def update(self, w, g, state, lr):
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
        d *= lr * a / c  # (17.5)
        w -= d


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
