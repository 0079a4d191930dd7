"""Fashion-MNIST: 28 x 28 grey pixels in, one of ten classes out."""

from ..datasets import fashion_mnist
from ..layers import Normalization, normal
from ..losses import SoftmaxCrossEntropy
from ..metrics import accuracy
from ._task import Settings, Task


def pixels(X):
    """Pixels from 0 to 255 become numbers from 0 to 1."""
    return [Normalization(mean=0, std=255)]


def standardized(X):
    """Each pixel gets mean 0 and standard deviation 1 over the rows."""
    return [Normalization.of(X)]


FASHION_MNIST = Task(
    name="fashion-mnist",
    data=fashion_mnist,
    sizes=(784, 128, 64, 10),
    loss=SoftmaxCrossEntropy,
    metrics={"accuracy": accuracy},
    scores={},
    settings={
        "classic": Settings(
            pixels,
            epochs=10,
            init=normal,
            penalty=5e-4,
            dropout=0.1,
            lr_decay=1e-4,
        ),
        "he": Settings(pixels, epochs=10),
        "better": Settings(
            standardized,
            epochs=30,
            penalty=2e-4,
            dropout=0.1,
            lr=2e-3,
            cosine=True,
        ),
    },
)
