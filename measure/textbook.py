"""A network in the style of many tutorials, for comparison only.

Layers keep inputs, outputs and gradients as attributes, everything is
float64, masks come from NumPy's global generator, and Adam is a loop over
the layers. The mathematics is the same as in the book.
"""

# ruff: noqa: NPY002
import numpy as np

PENALTY, RATE, LR = 5e-4, 0.1, 1e-3


class Dense:
    """A layer that keeps all it sees."""

    def __init__(self, n_in, n_out, penalty):
        self.weights = np.random.randn(n_in, n_out) * np.sqrt(2 / n_in)
        self.biases = np.zeros((1, n_out))
        self.penalty = penalty
        self.weight_momentums = np.zeros_like(self.weights)
        self.weight_cache = np.zeros_like(self.weights)
        self.bias_momentums = np.zeros_like(self.biases)
        self.bias_cache = np.zeros_like(self.biases)

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        if self.penalty > 0:
            self.dweights += 2 * self.penalty * self.weights
        self.dinputs = np.dot(dvalues, self.weights.T)


class Relu:
    """max(0, x)."""

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class Dropout:
    """Inverted dropout with binomial masks."""

    def forward(self, inputs):
        keep = 1 - RATE
        self.mask = np.random.binomial(1, keep, size=inputs.shape) / keep
        self.output = inputs * self.mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.mask


class SoftmaxLoss:
    """Softmax and cross-entropy, clipped; the metric is the accuracy."""

    def forward(self, inputs, y):
        e = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = e / np.sum(e, axis=1, keepdims=True)
        clipped = np.clip(self.output, 1e-7, 1 - 1e-7)
        losses = -np.log(clipped[range(len(y)), y])
        hits = np.argmax(self.output, axis=1) == y
        return np.mean(losses), np.mean(hits)

    def backward(self, y):
        self.dinputs = self.output.copy()
        self.dinputs[range(len(y)), y] -= 1
        self.dinputs = self.dinputs / len(y)


class SquaredLoss:
    """Mean squared error; the metric is the mean absolute error."""

    def forward(self, inputs, y):
        self.inputs = inputs
        error = y - inputs
        return np.mean(error**2), np.mean(np.abs(error))

    def backward(self, y):
        self.dinputs = -2 * (y - self.inputs) / self.inputs.size


class Adam:
    """Adam, one layer at a time."""

    def __init__(self):
        self.iterations = 0

    def update(self, layer):
        rate = LR / (1 + 1e-4 * self.iterations)
        n = self.iterations + 1
        for name in ("weight", "bias"):
            plural = "weights" if name == "weight" else "biases"
            g = getattr(layer, f"d{plural}")
            m = 0.9 * getattr(layer, f"{name}_momentums") + 0.1 * g
            v = 0.999 * getattr(layer, f"{name}_cache") + 0.001 * g**2
            setattr(layer, f"{name}_momentums", m)
            setattr(layer, f"{name}_cache", v)
            m_hat, v_hat = m / (1 - 0.9**n), v / (1 - 0.999**n)
            w = getattr(layer, plural)
            w += -rate * m_hat / (np.sqrt(v_hat) + 1e-7)


class Network:
    """Layers in a list, a loss, an optimizer."""

    def __init__(self, sizes):
        n_in, *widths, n_out = sizes
        self.layers = []
        for width in widths:
            self.layers += [Dense(n_in, width, PENALTY), Relu(), Dropout()]
            n_in = width
        self.layers.append(Dense(n_in, n_out, 0))
        self.loss = SoftmaxLoss() if n_out > 1 else SquaredLoss()
        self.optimizer = Adam()

    def step(self, X, y):
        """One training step; returns loss and metric."""
        for layer in self.layers:
            layer.forward(X)
            X = layer.output
        loss, metric = self.loss.forward(X, y)
        for layer in self.layers:
            if isinstance(layer, Dense) and layer.penalty > 0:
                loss += layer.penalty * np.sum(layer.weights**2)
        self.loss.backward(y)
        dvalues = self.loss.dinputs
        for layer in reversed(self.layers):
            layer.backward(dvalues)
            dvalues = layer.dinputs
        for layer in self.layers:
            if isinstance(layer, Dense):
                self.optimizer.update(layer)
        self.optimizer.iterations += 1
        return loss, metric

    def predict(self, X):
        """Outputs without dropout."""
        for layer in self.layers:
            if not isinstance(layer, Dropout):
                layer.forward(X)
                X = layer.output
        return X
