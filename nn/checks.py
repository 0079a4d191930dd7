"""What arguments must be: each check in one place, with its message.

The chapters call these functions where a value enters. Each returns the
value in the form that the code behind it relies on. Otherwise it raises
TypeError for an object of the wrong kind and ValueError for a wrong value,
and the message says what must come, what came, and what to do.
"""

import math
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Generic, NoReturn, Self, TypeVar, overload

import numpy as np

from .typing import Array, DTypeLike, Floats, History, Metric

__all__ = [
    "Bounded",
    "as_batch",
    "as_classes",
    "as_columns",
    "as_constant",
    "as_count",
    "as_dtype",
    "as_finite",
    "as_float",
    "as_floats",
    "as_generator",
    "as_history",
    "as_inputs",
    "as_keys",
    "as_known",
    "as_like",
    "as_loss",
    "as_matrix",
    "as_metrics",
    "as_number",
    "as_numbers",
    "as_outputs",
    "as_pair",
    "as_path",
    "as_rate",
    "as_row_weights",
    "as_rows",
    "as_samples",
    "as_score",
    "as_scores",
    "as_shards",
    "as_sizes",
    "as_slopes",
    "as_targets",
    "as_validation",
    "as_weights",
    "check_alike",
    "check_axis",
    "check_by_row",
    "check_bytes",
    "check_columns",
    "check_finite",
    "check_function",
    "check_kept",
    "check_lengths",
    "check_masked",
    "check_named",
    "check_object",
    "check_operation",
    "check_pairs",
    "check_probabilities",
    "check_several",
    "check_single",
    "check_steps",
    "check_truth",
    "is_function",
    "kept_by",
    "refuse_truth",
    "shown",
]

T = TypeVar("T")
LONG = 10_000  # rows, or numbers


def shown(value: object) -> str:
    """Return ``value`` in a few words, for a message."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    text = repr(value)
    if len(text) > 60 or "\n" in text:
        return f"an object of type {type(value).__name__}"
    return text


# --- single values


def as_count(
    name: str, value: Any, *, least: int = 1, most: float = math.inf
) -> int:
    """Return the integer ``value`` as an int from ``least`` to ``most``."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if whole and least <= value <= most:
        return int(value)
    limits = (
        f"of {least} or more"
        if most == math.inf
        else (f"from {least} to {most}")
    )
    raise (ValueError if whole else TypeError)(
        f"{name} must be an integer {limits}, but is {shown(value)}"
    )


def as_number(
    name: str,
    value: Any,
    *,
    least: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """Return the real ``value`` as a finite float within its bounds."""
    real = type(value) is float or (
        isinstance(value, Real) and not isinstance(value, bool)
    )
    if (
        real
        and math.isfinite(as_float(value))
        and (least is None or value >= least)
        and (above is None or value > above)
        and (below is None or value < below)
    ):
        return float(value)
    bounds = {"at least": least, "above": above, "below": below}
    limits = [f"{k} {v}" for k, v in bounds.items() if v is not None]
    said = ", " + " and ".join(limits) if limits else ""
    raise (ValueError if real else TypeError)(
        f"{name} must be a finite number{said}, but is {shown(value)}"
    )


class Bounded(Generic[T]):
    """An attribute that is a number within bounds whenever it is set.

    ``rho = Bounded("rho", least=0, below=1)`` in a class checks as
    ``as_number`` does, in the constructor and after it; ``optional``
    permits None.
    """

    def __init__(
        self, name: str, *, optional: bool = False, **bounds: float
    ) -> None:
        self.name: str = name
        self.optional: bool = optional
        self.bounds: dict[str, float] = bounds

    def __set__(self, owner: object, value: Any) -> None:
        if not (self.optional and value is None):
            value = as_number(self.name, value, **self.bounds)
        vars(owner)[self.name] = value

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: object, kind: type | None = None) -> T: ...
    def __get__(self, owner: Any, kind: type | None = None) -> Self | T:
        if owner is None:  # asked of the class
            return self
        try:
            return owner.__dict__[self.name]
        except KeyError:
            raise AttributeError(
                f"{type(owner).__name__} must have a number {self.name}, "
                "but has none; call super().__init__ in its constructor"
            ) from None


def as_float(value: Any) -> float:
    """Return a real number as a float, infinite beyond the largest one."""
    try:
        return float(value)
    except OverflowError:  # an integer or a fraction has no such bound
        return math.inf if value > 0 else -math.inf


def as_rate(lr: Any) -> Any:
    """Return a learning rate: a number above 0, or a function of t."""
    return lr if is_function(lr) else as_number("lr", lr, above=0)


def as_score(name: str, value: Any) -> float:
    """Return what a metric, or the loss, gave as a float; NaN is one."""
    if type(value) is not float and not isinstance(value, Real):
        own = name in ("loss", "penalty")
        what = name if own else f"metric {name}"
        raise TypeError(
            f"the {what} must return a number, but returned {shown(value)}"
        )
    return as_float(value)


def as_generator(name: str, rng: Any) -> "np.random.Generator":
    """Return the Generator that a seed, a Generator or None stands for."""
    try:
        if isinstance(rng, bool):
            raise TypeError
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"{name} must be a seed (an integer of 0 or more), a NumPy "
            f"Generator, or None, but is {shown(rng)}"
        ) from None


def is_function(value: Any) -> bool:
    """Whether ``value`` can be called and is not a class."""
    return callable(value) and not isinstance(value, type)


def check_function(name: str, value: Any, example: str) -> None:
    """Refuse what is not a function."""
    if not is_function(value):
        raise TypeError(
            f"{name} must be a function, such as {example}, but is "
            f"{shown(value)}"
        )


def check_truth(name: str, value: object) -> None:
    """Refuse what is not True or False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(
            f"{name} must be True or False, but is {shown(value)}"
        )


def check_kept(owner: object, settings: Mapping[str, Array]) -> None:
    """Refuse an attribute that differs from the setting it had before."""
    for name, before in settings.items():
        now = getattr(owner, name)
        if not np.array_equal(before, now):
            raise ValueError(
                f"{name} must stay {shown(before.tolist())} while the same "
                f"network is trained, but is {shown(now)}; set warm_start "
                "to False for a new network, or take a new estimator"
            )


def check_bytes(name: str, data: object) -> None:
    """Refuse what is not bytes."""
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"{name} must be bytes, but is {shown(data)}")


def check_object(
    name: str, value: Any, methods: Sequence[str], example: str
) -> None:
    """Refuse what lacks one of the ``methods``, or is a class itself."""
    if isinstance(value, type):
        raise TypeError(
            f"{name} must be an object, but is {shown(value)}; call the "
            f"class, as in {example}"
        )
    for method in methods:
        if not callable(getattr(value, method, None)):
            raise TypeError(
                f"{name} must have a method {method}, but "
                f"{shown(value)} has none; pass an object such as {example}"
            )


def as_path(
    name: str, path: Any, error: type[Exception] = ValueError
) -> Path:
    """Return the name of a file as an absolute Path.

    A text that names no file raises ``error``.
    """
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else path
    named = isinstance(text, str) and os.path.basename(text)
    if not named or "\0" in text:
        raise (error if isinstance(text, str) else TypeError)(
            f"{name} must be the name of a file, but is {shown(path)}"
        )
    return Path(os.path.realpath(text))


def as_known(layer: Any, known: Mapping[Any, T], who: str) -> T:
    """Return what ``known`` holds for the class of a layer.

    Its keys are the methods ``forward`` of classes. A class that inherits
    one of them is known too, one with a ``forward`` of its own is not.
    """
    forward = getattr(layer.forward, "__func__", None)
    if forward not in known:
        names = [key.__qualname__.partition(".")[0] for key in known]
        raise TypeError(
            f"each layer of a model must be one that {who} ("
            f"{', '.join(names)}), but {shown(layer)} computes something "
            "else; leave it out, and apply it separately"
        )
    return known[forward]


def as_sizes(n_in: Any, n_out: Any) -> tuple[int, int]:
    """Return the sizes of a layer as a pair of ints, each 1 or more."""
    n_in, n_out = as_count("n_in", n_in), as_count("n_out", n_out)
    most = np.iinfo(np.intp).max // np.dtype(float).itemsize
    if n_in * n_out > most:
        raise ValueError(
            f"n_in times n_out must be at most {most:,}, which is all that "
            f"an array can hold, but is {n_in * n_out:,}"
        )
    return n_in, n_out


def as_metrics(metrics: Any) -> dict[str, Metric]:
    """Return the dictionary of metrics, functions of (y, Z) by name."""
    metrics = {} if metrics is None else metrics
    if not isinstance(metrics, Mapping):
        raise TypeError(
            "metrics must be a dictionary of functions by name, such as "
            f'{{"accuracy": accuracy}}, but is {shown(metrics)}'
        )
    for name, metric in metrics.items():
        if not isinstance(name, str) or not is_function(metric):
            raise TypeError(
                "metrics must be a dictionary of functions by name, but "
                f"holds {shown(metric)} under the name {name!r}"
            )
        if name == "loss" or name.startswith("val_"):
            raise ValueError(
                f"a metric must not be called {name!r}: the history keeps "
                '"loss" and names that begin with "val_" for itself'
            )
    return dict(metrics)


def as_history(
    history: Any, metrics: Mapping[str, Metric], validation: object
) -> History:
    """Return the lists of a history: those of an earlier one, or empty."""
    names = ["loss", *metrics]
    if validation is not None:
        names += [f"val_{name}" for name in names]
    if history is None or (isinstance(history, Mapping) and not history):
        history = {name: [] for name in names}
    if not isinstance(history, Mapping) or {*history} != {*names}:
        raise ValueError(
            f"history must have the lists {', '.join(names)}, as fit with "
            "these metrics and validation rows returns it, but is "
            f"{shown(history)}"
        )
    lists = {n: _as_epochs(n, values) for n, values in history.items()}
    if len({len(values) for values in lists.values()}) > 1:
        lengths = ", ".join(f"{n} {len(v)}" for n, v in lists.items())
        raise ValueError(
            "history must have one number for each epoch in every list, "
            f"but the lengths differ: {lengths}; pass it as fit returned it"
        )
    return {name: lists[name] for name in names}


def _as_epochs(name: str, values: Any) -> list[float]:
    """Return one list of a history as floats; NaN is one."""
    array = as_numbers(f"history[{name!r}]", values, np.float64)
    if array.ndim != 1:
        raise ValueError(
            f"history[{name!r}] must hold one number for each epoch, but "
            f"has shape {array.shape}"
        )
    return array.tolist()


def kept_by(loss: object) -> Any:
    """Return what ``forward`` of a loss kept for ``backward``."""
    kept = getattr(loss, "kept", None)
    if kept is None:
        raise RuntimeError(
            f"{type(loss).__name__}.backward must follow forward(Z, y), "
            "which has not been called"
        )
    return kept


# --- arrays


def as_numbers(
    name: str, values: Any, dtype: DTypeLike | None = None
) -> Array:
    """Return ``values`` as an array of real numbers, as ``dtype`` if given.

    Lists, tables of pandas and arrays of any layout are accepted; text,
    complex numbers, dates, sparse matrices and masked entries are not, nor
    is a number that is finite in ``values`` and infinite as ``dtype``.
    """
    if type(values) is np.ndarray and values.dtype.kind in "fiu":
        array = values
    else:
        array = _as_array(name, values)
    if dtype is None or array.dtype == dtype:
        return array
    try:
        with np.errstate(over="raise"):
            return array.astype(dtype)
    except FloatingPointError:
        kind: np.dtype[Any] = np.dtype(dtype)
        largest = np.finfo(kind).max
        at = np.argwhere(np.isfinite(array) & (np.abs(array) > largest))[0]
        raise ValueError(
            f"{name} must fit {kind}, whose largest number is "
            f"{largest:.2g}, but {_place(at)} is {array[tuple(at)]:g}; "
            "choose a larger unit"
        ) from None


def check_masked(name: str, values: object) -> None:
    """Refuse masked entries, which NumPy's functions would read."""
    if np.ma.is_masked(values):
        raise ValueError(
            f"{name} must have no masked entries; fill them in, or leave "
            "out their rows"
        )


def _as_array(name: str, values: Any) -> Array:
    if hasattr(values, "toarray"):  # a sparse matrix of SciPy
        raise TypeError(
            f"{name} must be a dense array, but is sparse, of type "
            f"{type(values).__name__}; pass {name}.toarray()"
        )
    check_masked(name, values)
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name} must be an array, but its rows have different lengths"
        ) from None
    if array.dtype.kind == "O":
        array = _from_objects(name, array)
    if array.ndim == 0 and array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} must be an array of numbers, but is {shown(values)}"
        )
    if array.dtype.kind not in "biuf":
        words = "np.unique(..., return_inverse=True) numbers the words"
        raise ValueError(
            f"{name} must hold real numbers, but holds {array.dtype}; "
            + (words if array.dtype.kind in "US" else "convert it first")
        )
    return array


def _from_objects(name: str, array: Array) -> Array:
    """Numbers of several types, as in a table of floats and booleans."""
    for at, value in np.ndenumerate(array):
        if not isinstance(value, Real | np.bool_):
            where = f"{_place(at)} is " if at else "is "
            raise (ValueError if at else TypeError)(
                f"{name} must hold real numbers, but {where}{shown(value)}"
            )
        if math.isinf(as_float(value)) and not isinstance(value, float):
            raise ValueError(
                f"{name} must fit float64, whose largest number is "
                f"{np.finfo(float).max:.2g}, but {_place(at) or 'it'} does "
                "not; choose a larger unit"
            )
    return array.astype(float)


def _place(
    at: Sequence[int] | Array,
    names: Sequence[str] = ("row", "column", "entry"),
) -> str:
    places = [f"{n} {i}" for n, i in zip(names, at, strict=False)]
    return ", ".join(places)


def as_batch(
    layer: object, X: Any, n_in: int, dtype: DTypeLike | None = None
) -> Array:
    """Return X, which enters ``layer``, as an array (n, n_in)."""
    if dtype is not None and np.dtype(dtype).kind != "f":
        raise TypeError(
            f"{layer}: the weights must be floats, whose type X gets, but "
            f"are {dtype}; set them with astype(np.float32)"
        )
    X = as_numbers("X", X, dtype)
    if X.ndim != 2 or X.shape[1] != n_in:
        raise ValueError(
            f"{layer}: X must have shape (n, {n_in}), but has shape "
            f"{X.shape}; pass one row per sample, with {n_in} numbers in "
            "each row"
        )
    return X


def check_columns(layer: Any, axes: int, array: Any, *rows: Any) -> None:
    """Refuse arrays of a layer, set by hand, that differ in columns."""
    try:
        columns = array.shape[-1:]
        same = array.ndim == axes
        for row in rows:
            same = same and row.shape == columns
        if same:
            return
    except AttributeError:  # not an array
        pass
    found = [
        f"{name} {a.shape if hasattr(a, 'shape') else shown(a)}"
        for name, a in layer.state().items()
    ]
    raise ValueError(
        f"the arrays of {type(layer).__name__} must have one number for "
        f"each column, but their shapes are {', '.join(found)}; change the "
        "entries of an array, as in b[...] = 0, instead of the array"
    )


def check_several(layer: object, X: Array) -> None:
    """Refuse a batch of fewer than two rows, which has no variance."""
    if len(X) < 2:
        raise ValueError(
            f"{layer}: X must have at least 2 rows in training, because a "
            f"single row has no variance, but has {len(X)}; choose a "
            "batch_size that leaves no single row at the end"
        )


def as_dtype(dtype: Any, kinds: str = "f") -> np.dtype[Any]:
    """Return the type of real numbers that ``dtype`` names.

    ``kinds`` are NumPy's letters: "f" for floats, "i" and "u" for integers.
    """
    try:
        found = None if dtype is None else np.dtype(dtype)
    except TypeError:
        found = None
    if found is None or found.kind not in kinds:
        raise TypeError(
            "dtype must be a type of real numbers, such as np.float32, but "
            f"is {shown(dtype)}"
        )
    return found


def as_weights(values: Any, shape: tuple[int, int], dtype: Any) -> Floats:
    """Return the first weights of a layer as an array of ``dtype``."""
    dtype = as_dtype(dtype)
    W = as_numbers("what init returns", values, dtype)
    if W.shape != shape:
        raise ValueError(
            f"init must return an array of shape {shape}, but returned one "
            f"of shape {W.shape}"
        )
    return W


def as_columns(name: str, values: Any, dtype: Any) -> Floats:
    """Return one finite number for each column, or one for all: (m,)."""
    given = as_numbers(name, values)
    array = np.atleast_1d(as_numbers(name, given, as_dtype(dtype)))
    if array.ndim != 1 or array.size == 0:
        raise ValueError(
            f"{name} must be one number, or one for each column, but has "
            f"shape {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, but is {shown(values)}")
    if np.count_nonzero(array) != np.count_nonzero(given):
        raise ValueError(
            f"{name} must not be so near to 0 that {array.dtype} rounds it "
            f"to 0, but is {shown(values)}"
        )
    return array


def as_slopes(layer: object, grad: Any, shape: tuple[int, ...]) -> Array:
    """Return ``grad`` = dL/dA as an array of A's shape.

    Long batches become float64, because the roundings of a long sum in
    float32 add up: 1 % for a million rows.
    """
    grad = as_numbers("grad", grad)
    if grad.shape != shape:
        raise ValueError(
            f"{layer}: grad must have the shape of the outputs, {shape}, "
            f"but has shape {grad.shape}"
        )
    return grad if len(grad) <= LONG else grad.astype(np.float64)


def check_finite(name: str, array: Array) -> None:
    """Refuse a NaN or an infinity, by its place."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        at = np.argwhere(~np.isfinite(array))[0]
        raise ValueError(
            f"{name} must be finite, but {_place(at)} is "
            f"{array[tuple(at)]}; leave such rows out, or fill in numbers"
        )


def as_inputs(X: Any, *, of: str = "") -> Array:
    """Return X as an array of finite numbers, with one row per sample.

    ``of`` says whose rows they are: "validation ".
    """
    X = as_numbers(f"{of}X", X)
    if X.ndim == 0 or len(X) == 0:
        raise ValueError(
            f"{of}X must have at least one row, but has shape {X.shape}"
        )
    check_finite(f"{of}X", X)
    return X


def as_outputs(Z: Any, n: int) -> Array:
    """Return what a model returned for n rows, as an array of n rows."""
    Z = as_numbers("what the model returns", Z)
    if Z.ndim == 0 or len(Z) != n:
        raise ValueError(
            f"the model must return one row for each of the {n} rows of X, "
            f"but returned shape {Z.shape}; look for a layer that drops or "
            "adds rows"
        )
    return Z


def as_rows(X: Any, y: Any, *, of: str = "") -> tuple[Array, Array]:
    """Return X and y as arrays with the same number of rows."""
    X, y = as_numbers(f"{of}X", X), as_numbers(f"{of}y", y)
    if X.ndim == 0 or y.ndim == 0 or len(y) != len(X):
        raise ValueError(
            f"{of}X and {of}y must have the same number of rows, but have "
            f"the shapes {X.shape} and {y.shape}"
        )
    return X, y


def as_samples(X: Any, y: Any, *, of: str = "") -> tuple[Array, Array]:
    """Return X and y as arrays of finite numbers, row by row."""
    X, y = as_rows(as_inputs(X, of=of), y, of=of)
    check_finite(f"{of}y", y)
    return X, y


def as_row_weights(name: str, weights: Any, n: int) -> Array | None:
    """Return the weights of n rows, or None for None."""
    if weights is None:
        return None
    weights = as_numbers(name, weights, np.float64)
    if weights.shape != (n,):
        raise ValueError(
            f"{name} must hold one number for each of the {n} rows, but "
            f"has shape {weights.shape}"
        )
    check_finite(name, weights)
    if (weights < 0).any():
        row = int(weights.argmin())
        raise ValueError(
            f"{name} must be at least 0, but {_place([row])} is "
            f"{weights[row]:.4g}; to leave a row out, give it the weight 0"
        )
    if not weights.any():
        raise ValueError(
            f"{name} must not all be zero; to count each row once, leave "
            "the weights out"
        )
    return weights


def as_pair(name: str, pair: Any, of: str) -> tuple[Any, Any] | list[Any]:
    """Return ``pair``, the (X, y) of some rows."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(
            f"{name} must be a pair (X, y) of {of}, but is {shown(pair)}"
        )
    return pair


def as_validation(rows: Any, X: Array, y: Array) -> tuple[Any, ...] | None:
    """Return None, or (X, y) or (X, y, weights) like the rows of X, y."""
    if rows is None:
        return None
    if not isinstance(rows, tuple | list) or len(rows) not in (2, 3):
        raise TypeError(
            "validation must be a pair (X, y) of rows that are not trained "
            f"on, or (X, y, weights), but is {shown(rows)}"
        )
    pair = as_samples(*rows[:2], of="validation ")
    check_alike("validation ", pair, "", (X, y))
    name, n = "validation weights", len(pair[0])
    return *pair, *(as_row_weights(name, w, n) for w in rows[2:])


def check_alike(
    of: str,
    pair: tuple[Array, Array],
    others: str,
    known: tuple[Array, Array],
) -> None:
    """Refuse rows (X, y) of another shape than the ``known`` ones."""
    for name, ours, theirs in zip("Xy", known, pair, strict=True):
        if ours.shape[1:] != theirs.shape[1:]:
            raise ValueError(
                f"{of}{name} must have rows like those of {others}{name}, "
                f"of shape {ours.shape[1:]}, but has rows of shape "
                f"{theirs.shape[1:]}"
            )


# --- training on several machines


def as_shards(shards: Any) -> list[Callable[[], Any]]:
    """Return the functions, one or more, that return the rows."""
    if not isinstance(shards, tuple | list) or not shards:
        empty = isinstance(shards, tuple | list)
        raise (ValueError if empty else TypeError)(
            "shards must be a list of one function or more, such as "
            f'npy_shards("X.npy", "y.npy", 2), but is {shown(shards)}'
        )
    for k, shard in enumerate(shards):
        check_function(f"shards[{k}]", shard, "partial(load, 0, 1000)")
    return list(shards)


def check_by_row(layer: Any) -> None:
    """Refuse a network in which a row depends on others of its batch."""
    reason = getattr(layer, "needs_batch", None)
    if reason:
        raise ValueError(
            f"the model must treat each row by itself, but {layer!r} "
            f"{reason}; leave this layer out, or train with fit"
        )
    for inner in getattr(layer, "layers", ()):
        check_by_row(inner)


def check_named(name: str, arrays: object, kind: type = object) -> None:
    """Refuse what is not a dictionary, or has other values than arrays."""
    wrong = arrays
    if isinstance(arrays, Mapping):
        others = [a for a in arrays.values() if not isinstance(a, kind)]
        if not others:
            return
        wrong = others[0]
    raise TypeError(
        f"{name} must be a dictionary of arrays by name, but "
        f"{'holds' if wrong is not arrays else 'is'} {shown(wrong)}"
    )


def as_finite(gradients: Any) -> Any:
    """Return the gradients, if all are finite."""
    check_named("gradients", gradients, np.ndarray)
    for name, g in gradients.items():
        if g.dtype.kind != "f":
            continue  # which the step refuses
        # a single product is quick; it may overflow where g does not
        if not math.isfinite(np.vdot(g, g)) and not np.isfinite(g).all():
            raise FloatingPointError(
                f"the gradient of {name} must be finite, but holds a NaN "
                "or an infinity"
            )
    return gradients


def as_keys(
    parameters: Any, gradients: Any
) -> list[tuple[str, tuple[int, ...]]]:
    """Return the names and shapes of the arrays that a step changes."""
    for arrays in (parameters, gradients):
        if not isinstance(arrays, dict):
            raise TypeError(
                "parameters and gradients must be dictionaries of arrays "
                f"by name, but one is {shown(arrays)}"
            )
    keys = []
    for name, w in parameters.items():
        g = gradients.get(name)
        if (
            not isinstance(w, np.ndarray)
            or not isinstance(g, np.ndarray)
            or w.shape != g.shape
            or w.dtype.kind != "f"
            or g.dtype.kind != "f"
            or not w.flags.writeable
        ):
            raise _wrong_step(name, w, g)
        keys.append((name, w.shape))
    return keys


def _wrong_step(name: str, w: Any, g: Any) -> Exception:
    if not isinstance(w, np.ndarray) or w.dtype.kind != "f":
        return TypeError(
            f"the parameter {name} must be an array of floats, which the "
            f"step changes in place, but is {shown(w)}"
        )
    if not w.flags.writeable:
        return ValueError(
            f"the parameter {name} must be an array that the step can "
            "change in place, but is read-only; put a copy in its place"
        )
    came = getattr(g, "shape", None)
    if came == w.shape and isinstance(g, np.ndarray):
        return TypeError(
            f"the gradient of {name} must hold floats, but holds "
            f"{g.dtype}; convert it with astype(np.float32)"
        )
    return ValueError(
        f"the gradient of {name} must be an array of the parameter's "
        f"shape, {w.shape}, but is "
        + (shown(g) if came is None else f"of shape {came}")
    )


def as_like(name: str, array: Any, like: Array) -> Array:
    """Return an array that must have the shape of ``like``."""
    if not isinstance(array, np.ndarray) or array.shape != like.shape:
        came = getattr(array, "shape", None)
        raise ValueError(
            f"{name} must be an array of shape {like.shape}, but is "
            + (shown(array) if came is None else f"of shape {came}")
        )
    return array


def check_lengths(norms: Mapping[str, float]) -> None:
    """Refuse a gradient, by its name, whose length is not finite."""
    for name, norm in norms.items():
        if not math.isfinite(norm):
            raise FloatingPointError(
                f"the gradient of {name} must have a finite length to be "
                f"clipped, but has the length {norm}; compare the slopes "
                "with those of check_gradients"
            )


# --- predictions and their targets


def _as_floats(array: Array, long: float = np.inf) -> Floats:
    # float32 and float64 stay; in float16, a sum of squares may overflow,
    # and in float32 the roundings of a long sum add up
    kind = array.dtype
    few = kind.char == "d" or array.size <= long
    stays = few and kind.char in "fd" and kind.isnative
    return array if stays else array.astype(float)


def as_floats(name: str, values: Any) -> Floats:
    """Return numbers as floats: sums of integers may overflow."""
    return _as_floats(as_numbers(name, values))


def as_scores(name: str, Z: Any) -> Floats:
    """Return logits or probabilities (..., k) as floats, with k >= 1."""
    Z = as_floats(name, Z)
    if Z.ndim == 0 or Z.shape[-1] == 0:
        raise ValueError(
            f"{name} must have a column for each class, but has shape "
            f"{Z.shape}"
        )
    return Z


def as_classes(Z: Any, y: Any, name: str = "Z") -> tuple[Floats, Array]:
    """Return scores Z (n, k), as floats, and their classes y (n,)."""
    Z, y = as_floats(name, Z), as_numbers("y", y)
    if Z.ndim != 2 or Z.size == 0:
        raise ValueError(
            f"{name} must be a non-empty array of shape (n, k), one row "
            "per sample and one column per class, but has shape "
            f"{Z.shape}"
        )
    if y.shape != Z.shape[:1] or y.dtype.kind not in "iu":  # integers
        raise ValueError(
            f"y must hold {len(Z)} class numbers, one for each row of "
            f"{name}, integers of shape ({len(Z)},), but has dtype "
            f"{y.dtype} and shape {y.shape}"
        )
    if y.min() < 0 or y.max() >= Z.shape[1]:
        raise ValueError(
            f"y must hold column numbers of {name}, from 0 to "
            f"{Z.shape[1] - 1}, but its classes range from {y.min()} to "
            f"{y.max()}"
        )
    return Z, y


def as_targets(Z: Any, y: Any) -> tuple[Floats, Floats]:
    """Return predictions Z and targets y, of one shape, as floats."""
    Z, y = as_numbers("Z", Z), as_numbers("y", y)
    if y.shape != Z.shape:
        raise ValueError(
            f"y must have the shape of the predictions Z, {Z.shape}, but "
            f"has shape {y.shape}. For one target per row, pass "
            "y.reshape(-1, 1)."
        )
    if y.size == 0:
        raise ValueError("y must have at least one target, but has none")
    return _as_floats(Z, LONG), _as_floats(y, LONG)


def check_probabilities(P: Floats) -> None:
    """Refuse rows that are not probabilities, such as logits."""
    sums = P.sum(axis=1)
    # a NaN, which is neither at least 0 nor below it, is wrong as well
    wrong = ~((P >= 0).all(axis=1) & (np.abs(sums - 1) <= 1e-3))
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            "each row of P must hold probabilities, at least 0 and with "
            f"the sum 1, but row {row} has the sum {sums[row]:.4g} and the "
            f"smallest entry {P[row].min():.4g}; pass logits to "
            "SoftmaxCrossEntropy instead"
        )


# --- gradient checks


def as_loss(value: Any) -> float:
    """Return ``value``, which f() returned, as a finite float."""
    array = np.asarray(value)
    exact = array.dtype in (np.float64, np.int64)  # float32 is too coarse
    if array.shape or not exact or not np.isfinite(array):
        raise ValueError(
            "f() must be one finite number, computed in float64, but is "
            f"{shown(value)}"
        )
    return float(array)


def check_steps(name: str, x: Any, h: Any) -> None:
    """Refuse an x whose entries cannot be moved by h and put back."""
    if not isinstance(x, np.ndarray) or x.dtype != np.float64:
        kind = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
        raise ValueError(
            f"{name} must be an array of dtype float64, but is {kind}. "
            "Other types spoil a measured slope by rounding. Let f depend "
            f"on an array of dtype float64, and pass that array as {name}."
        )
    if x.size == 0:
        raise ValueError(
            f"{name} must have at least one entry, but has shape {x.shape}"
        )
    check_finite(name, x)
    if np.any(x + as_number("h", h, above=0) == x):
        raise ValueError(
            f"h must be long enough to change each entry of {name}, but is "
            f"{h}; in float64, take about 1e-5 for entries near 1"
        )


def check_pairs(arrays: Any, gradients: Any, h: Any) -> None:
    """Refuse gradients that do not fit the ``arrays`` by name and shape."""
    check_named("arrays", arrays)
    check_named("gradients", gradients)
    if arrays.keys() != gradients.keys():
        raise ValueError(
            f"gradients must have the names of arrays, {[*arrays]}, but "
            f"has {[*gradients]}"
        )
    for name, x in arrays.items():
        check_steps(name, x, h)
        gradient = np.asarray(gradients[name])
        exact = gradient.dtype in (np.float64, np.int64)
        if gradient.shape != x.shape or not exact:
            raise ValueError(
                f"the gradient of {name} must have shape {x.shape} and "
                f"dtype float64, but has shape {gradient.shape} and dtype "
                f"{gradient.dtype}; layers with dtype=np.float64 compute it"
            )


# --- a tape


def as_constant(value: Any) -> Any:
    """Return a number as a float, which keeps float32, or an array."""
    if isinstance(value, Real):
        return as_float(value)
    return as_numbers("a constant", value)


def as_matrix(name: str, values: Any) -> Floats:
    """Return a number, a vector or a matrix as an array of floats."""
    array = as_floats(name, values)
    if array.ndim > 2 or array.size == 0:
        raise ValueError(
            f"{name} must be a number, a vector or a matrix with at least "
            f"one entry, but has shape {array.shape}"
        )
    return array


def check_axis(axis: Any, array: Array, keepdims: object) -> None:
    """Refuse what is not an axis of the array, several of them, or None."""
    check_truth("keepdims", keepdims)
    axes = axis if isinstance(axis, tuple) else (axis,)
    whole = all(
        type(a) is not bool and isinstance(a, Integral) for a in axes
    )
    inside = whole and {*axes} <= {*range(-array.ndim, array.ndim)}
    if axis is None or (
        inside and len({a % array.ndim for a in axes}) == len(axes)
    ):
        return
    raise (ValueError if whole else TypeError)(
        f"axis must be an axis of an array of shape {array.shape}, a tuple "
        f"of different axes, or None for all, but is {shown(axis)}"
    )


def check_operation(
    operation: Any, known: Collection[Any], extra: Collection[str]
) -> None:
    """Refuse what is not among the ``known``, or has ``extra`` options."""
    if operation not in known or extra:
        names = ", ".join(one.__name__ for one in known)
        options = f" with {', '.join(sorted(extra))}" if extra else ""
        raise TypeError(
            f"the operation on a tensor must be one of {names}, and return "
            f"a new tensor, but is {operation.__name__}{options}; compute "
            "with the array, the tensor's value, where no slope is needed"
        )


def refuse_truth(tensor: object) -> NoReturn:
    """Refuse a tensor as a condition, which every object else can be."""
    raise TypeError(
        f"a condition must be True or False, but is {shown(tensor)}; "
        "compare the tensor's value"
    )


def check_single(name: str, array: Array) -> None:
    """Refuse an array of several numbers."""
    if array.size != 1:
        raise ValueError(
            f"{name} must be one number, but has shape {array.shape}; take "
            "its sum or its mean first"
        )
