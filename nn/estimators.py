# Written by tools/export.py from notebooks/: change the chapters.
"""Networks as scikit-learn's estimators: a classifier, a regressor."""

import copy
import math

import numpy as np

from .activations import ReLU, softmax
from .checks import (
    as_count,
    as_number,
    as_numbers,
    as_row_weights,
    check_kept,
    check_masked,
    check_truth,
    shown,
)
from .layers import Dense, Dropout, glorot_uniform
from .losses import MeanSquaredError, SoftmaxCrossEntropy
from .model import Sequential
from .optimizers import Adam
from .regularizers import L2
from .training import fit, predict

try:
    from sklearn.base import (
        BaseEstimator,
        ClassifierMixin,
        RegressorMixin,
        is_classifier,
        is_regressor,
    )
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise type(error)(
        "nn.estimators needs scikit-learn 1.6 or newer; in a clone: "
        'pip install -e ".[sklearn]"'
    ) from error

__all__ = [
    "NeuralNetClassifier",
    "NeuralNetRegressor",
]


# chapter 18: At home in scikit-learn
_FLOATS = np.float64, np.float32  # the types of X that are kept


# chapter 18: At home in scikit-learn
_FIXED = "hidden_layer_sizes", "l2", "dropout", "random_state"


# chapter 18: At home in scikit-learn
class _NeuralNet(BaseEstimator):
    """What both estimators share: settings, network and training."""

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        *,
        l2=0.0,
        dropout=0.0,
        learning_rate_init=1e-3,
        batch_size=128,
        max_iter=200,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.l2 = l2
        self.dropout = dropout
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state

    def _check_settings(self):
        """Refuse settings that have no meaning, by their names."""
        name = "hidden_layer_sizes"
        for width in np.ravel(as_numbers(name, self.hidden_layer_sizes)):
            as_count(name, width)
        for name in ("batch_size", "max_iter", "n_iter_no_change"):
            as_count(name, getattr(self, name))
        for name in ("early_stopping", "warm_start"):
            check_truth(name, getattr(self, name))
        as_number("l2", self.l2, least=0)
        as_number("dropout", self.dropout, least=0, below=1)
        as_number("learning_rate_init", self.learning_rate_init, above=0)
        fraction = self.validation_fraction
        as_number("validation_fraction", fraction, above=0, below=1)
        as_number("tol", self.tol, least=0)

    def _begin(self, n_in, n_out, dtype):
        """Make a new network, its optimizer and the generators."""
        seed = self.random_state
        if seed is not None:  # an integer, or a RandomState
            seed = check_random_state(seed).randint(2**31 - 1)
        init, masks, self._order = np.random.default_rng(seed).spawn(3)
        penalty, layers = L2(self.l2) if self.l2 else None, []
        options = {"init": glorot_uniform, "rng": init, "dtype": dtype}
        options["regularizer"] = penalty
        for width in np.ravel(self.hidden_layer_sizes):
            layers += [Dense(n_in, width, **options), ReLU()]
            if self.dropout:
                layers.append(Dropout(self.dropout, rng=masks))
            n_in = width
        self.model_ = Sequential(*layers, Dense(n_in, n_out, **options))
        self.optimizer_ = Adam(self.learning_rate_init)
        self.history_ = {}
        self._built = {k: np.copy(getattr(self, k)) for k in _FIXED}

    def _split(self, y, weights):
        """Return the numbers of the rows to train on, and those held out.

        Rows of weight 0 are in neither. Each class is split alike.
        """
        rows = np.arange(len(y))
        if weights is not None:
            rows = weights.nonzero()[0]
        return train_test_split(
            rows,
            test_size=self.validation_fraction,
            stratify=y[rows] if is_classifier(self) else None,
            random_state=int(self._order.integers(2**31)),
        )

    def _outputs(self, X):
        """Return the outputs Z (n, n_out) of the fitted network."""
        check_is_fitted(self)
        check_masked("X", X)
        X = validate_data(self, X, dtype=_FLOATS, reset=False)
        return predict(self.model_, X)

    def _train(self, X, y, sample_weight, *, fresh, epochs, classes=None):
        """Check the rows and train the network, a new one if ``fresh``."""
        self._check_settings()
        check_masked("X", X)
        check_masked("y", y)
        how = {"reset": fresh, "y_numeric": is_regressor(self)}
        X, y = validate_data(self, X, y, dtype=_FLOATS, **how)
        weights = as_row_weights("sample_weight", sample_weight, len(X))
        y, n_out = self._targets(y, fresh, classes)
        if fresh:
            self._begin(X.shape[1], n_out, X.dtype)
        check_kept(self, self._built)
        self.optimizer_.lr = self.learning_rate_init  # a new one too
        rows, options = (X, y) if weights is None else (X, y, weights), {}
        if self.early_stopping:
            used, held_out = self._split(y, weights)
            best = _Best(self.model_, self.n_iter_no_change, self.tol)
            validation = tuple(a[held_out] for a in rows)
            options = {"validation": validation, "on_epoch": best}
            rows = tuple(a[used] for a in rows)
        X, y, *weights = rows
        log = fit(
            self.model_,
            X,
            y,
            weights=weights[0] if weights else None,
            loss=self._loss(),
            optimizer=self.optimizer_,
            epochs=epochs,
            batch_size=self.batch_size,
            rng=self._order,
            **options,
        )
        if self.early_stopping:
            self.model_.load_state(best.state)
        for name, values in log.items():
            self.history_.setdefault(name, []).extend(values)
        self.n_iter_ = len(self.history_["loss"])
        return self


# chapter 18: At home in scikit-learn
class _Best:
    """An ``on_epoch`` that copies the model whenever it is the best yet.

    It ends the training when the validation loss has not fallen by more
    than ``tol`` for ``patience`` epochs.
    """

    def __init__(self, model, patience, tol):
        self.model, self.patience, self.tol = model, patience, tol
        self.loss, self.waited = math.inf, 0
        self.state = copy.deepcopy(model.state())

    def __call__(self, epoch, history):
        loss = history["val_loss"][-1]
        self.waited = 0 if loss < self.loss - self.tol else self.waited + 1
        if loss < self.loss:
            self.loss = loss
            self.state = copy.deepcopy(self.model.state())
        return self.waited >= self.patience


# chapter 18: At home in scikit-learn
def _check_stream(estimator):
    """Refuse ``partial_fit`` with early stopping."""
    if estimator.early_stopping:
        raise ValueError(
            "early_stopping must be False for partial_fit, which trains "
            "for one epoch on all rows that it gets; set it to False"
        )


# chapter 18: At home in scikit-learn
def _numbers(y, labels):
    """Return the place of each entry of y in the sorted ``labels``."""
    others = np.setdiff1d(y, labels)
    if others.size:
        raise ValueError(
            f"y must hold labels of the first fit, {shown(labels)}, but "
            f"holds {shown(others)}; fit a new estimator, or pass all "
            "labels as classes to the first partial_fit"
        )
    return np.searchsorted(labels, y)


# chapter 18: At home in scikit-learn
class NeuralNetClassifier(ClassifierMixin, _NeuralNet):
    """A network that predicts labels: ReLU layers, softmax, Adam.

    Settings have the names of scikit-learn's MLPClassifier; ``l2`` is the
    factor of the penalty on every W, ``dropout`` the rate after each
    hidden layer. ``max_iter`` epochs are trained. With ``early_stopping``,
    ``validation_fraction`` of the rows are held out; training ends when
    their loss has not fallen by more than ``tol`` for ``n_iter_no_change``
    epochs, and the network of the best epoch is restored. With
    ``warm_start``, ``fit`` goes on with the last network. It leaves
    ``model_``, ``classes_``, ``history_`` and ``n_iter_``, the epochs.
    """

    _loss = SoftmaxCrossEntropy

    def fit(self, X, y, sample_weight=None):
        """Train on X (n, n_in) and y (n,); return the estimator."""
        fresh = not (self.warm_start and hasattr(self, "model_"))
        how = {"fresh": fresh, "epochs": self.max_iter}
        return self._train(X, y, sample_weight, **how)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train one epoch; the first call needs all labels: ``classes``."""
        _check_stream(self)
        fresh = not hasattr(self, "model_")
        if fresh and classes is None:
            raise ValueError(
                "classes must hold all labels in the first partial_fit, "
                "because later rows may bring new ones; pass classes=..."
            )
        how = {"fresh": fresh, "epochs": 1, "classes": classes}
        return self._train(X, y, sample_weight, **how)

    def _targets(self, y, fresh, classes):
        check_classification_targets(y)
        if fresh:
            self.classes_ = np.unique(y if classes is None else classes)
        elif classes is not None:
            _numbers(classes, self.classes_)
        return _numbers(y, self.classes_), len(self.classes_)

    def predict_proba(self, X):
        """Return the probabilities (n, k) of the labels ``classes_``."""
        return softmax(self._outputs(X))

    def predict(self, X):
        """Return the most probable label of each row, (n,)."""
        Z = self._outputs(X)  # (n, k)
        return self.classes_[Z.argmax(axis=1)]


# chapter 18: At home in scikit-learn
class NeuralNetRegressor(RegressorMixin, _NeuralNet):
    """A network that predicts one number: ReLU layers, squared error, Adam.

    The settings and attributes are those of ``NeuralNetClassifier``, but
    there are no ``classes_``. The unit of y matters: near 1 is best.
    """

    _loss = MeanSquaredError

    def fit(self, X, y, sample_weight=None):
        """Train on X (n, n_in) and y (n,); return the estimator."""
        fresh = not (self.warm_start and hasattr(self, "model_"))
        how = {"fresh": fresh, "epochs": self.max_iter}
        return self._train(X, y, sample_weight, **how)

    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on these rows; return the estimator."""
        _check_stream(self)
        fresh = not hasattr(self, "model_")
        return self._train(X, y, sample_weight, fresh=fresh, epochs=1)

    def predict(self, X):
        """Return the predictions (n,)."""
        return self._outputs(X)[:, 0]

    def _targets(self, y, fresh, classes):
        return y.reshape(-1, 1), 1
