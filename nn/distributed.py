# Written by tools/export.py from notebooks/: change the chapters.
"""Training on the processes and machines of an executor."""

import copy
import signal
from concurrent.futures import BrokenExecutor
from functools import lru_cache, partial
from itertools import pairwise
from uuid import uuid4

import numpy as np

from .checks import (
    as_count,
    as_generator,
    as_history,
    as_pair,
    as_path,
    as_rows,
    as_samples,
    as_shards,
    as_validation,
    check_alike,
    check_by_row,
    check_object,
)
from .training import (
    _check_training,
    _train_epochs,
    batches,
    evaluate,
    train_step,
)

__all__ = [
    "fit_shards",
    "npy_shards",
    "processes",
]


# chapter 19: More than one machine
@lru_cache(maxsize=1)  # a new run replaces the last one
def _loaded(run):
    """Return the shards that this process keeps in a run, by number."""
    return {}


# chapter 19: More than one machine
def _rows_of(run, k, shard):
    """Return the rows of shard k, loaded once in each process."""
    kept = _loaded(run)
    if k not in kept:
        pair = as_pair(f"what shard {k} returns", shard(), "its rows")
        kept[k] = as_samples(*pair, of=f"shard {k} ")
    return kept[k]


# chapter 19: More than one machine
def npy_shards(X, y, count):
    """Return ``count`` shards of the rows in the .npy files X and y.

    Each is a function that maps its rows into memory, so that only the
    rows of a batch are read. All workers must have access to both files.
    """
    paths = as_path("X", X), as_path("y", y)
    n = len(as_rows(*_map_rows(paths, 0, None))[0])
    count = as_count("count", count, most=n)
    cuts = [n * k // count for k in range(count + 1)]
    return [partial(_map_rows, paths, *ends) for ends in pairwise(cuts)]


# chapter 19: More than one machine
def _map_rows(paths, start, stop):
    """Return rows of the files, in arrays that stay on the disk."""
    try:
        files = [
            np.lib.format.open_memmap(path, mode="r") for path in paths
        ]
    except ValueError as error:
        names = " and ".join(path.name for path in paths)
        raise ValueError(
            f"{names} must be files that np.save wrote, but {error}"
        ) from None
    return [array[start:stop] for array in files]


# chapter 19: More than one machine
class _Keep:
    """An optimizer that changes nothing and keeps the gradients."""

    def step(self, parameters, gradients):
        self.gradients = gradients


# chapter 19: More than one machine
@np.errstate(over="ignore", invalid="ignore")  # the loss will tell
def _on_worker(load, rows, model, loss):
    """Return L_k, Z_k and the gradients dL_k/dW, from rows of a shard."""
    X, y = load()
    model, loss, keep = copy.deepcopy(model), copy.deepcopy(loss), _Keep()
    L, Z = train_step(model, X[rows], y[rows], loss=loss, optimizer=keep)
    return L, Z, keep.gradients


# chapter 19: More than one machine
def _first_row(load):
    """Return the first row of a shard, and all its targets."""
    X, y = load()
    return X[:1], y


# chapter 19: More than one machine
class _Workers:
    """An executor, and the shards that its workers have.

    ``y`` holds all targets, and ``X`` one row to compare others with.
    """

    def __init__(self, executor, shards):
        check_object("executor", executor, ["map"], "processes(2)")
        run, shards = uuid4().hex, enumerate(as_shards(shards))
        self.executor = executor
        self.loads = [partial(_rows_of, run, *shard) for shard in shards]
        firsts = [*self.map(_first_row, self.loads)]
        for k, pair in enumerate(firsts):
            check_alike(f"shard {k} ", pair, "shard 0 ", firsts[0])
        targets = [y for _, y in firsts]
        self.starts = np.cumsum([0, *map(len, targets[:-1])])
        self.X, self.y = firsts[0][0], np.concatenate(targets)

    def map(self, function, *arguments):
        """Yield what the calls of the function return on the workers."""
        try:
            yield from self.executor.map(function, *arguments)
        except BrokenExecutor as error:
            error.add_note(
                "A worker process has ended. It can import what a module "
                "defines, but not what a cell of a notebook does: move "
                "shards, layers and losses of your own into a module. A "
                'script must start work under if __name__ == "__main__".'
            )
            raise

    def batches(self, batch_size, *, rng):
        """Yield the numbers of the rows of each batch, and their y."""
        rows = np.arange(len(self.y))
        for batch, y in batches(rows, self.y, batch_size, rng=rng):
            order = np.argsort(batch)
            yield batch[order], y[order]

    def step(self, model, rows, y, *, loss, optimizer):
        """Make one step with the batch of these rows. Returns L and Z."""
        parts = np.split(rows, np.searchsorted(rows, self.starts[1:]))
        tasks = [
            (load, part - start, model, loss)
            for load, start, part in zip(
                self.loads, self.starts, parts, strict=True
            )
            if len(part)
        ]
        L, Z, gradients = 0.0, [], {}
        results = self.map(_on_worker, *zip(*tasks, strict=True))
        for L_k, Z_k, g_k in results:
            fraction = len(Z_k) / len(rows)  # n_k / n
            L += fraction * L_k  # (19.1)
            Z.append(Z_k)
            for name, g in g_k.items():
                g = fraction * g  # (19.2)
                gradients[name] = gradients.get(name, 0) + g
        optimizer.step(model.parameters(), gradients)
        return L, np.concatenate(Z)


# chapter 19: More than one machine
def fit_shards(
    model, shards, *, executor, loss, optimizer, epochs, batch_size=128,
    validation=None, metrics=None, rng=None, on_epoch=None, history=None,
):  # fmt: skip
    """Train ``model`` on the workers of ``executor``; return the history.

    ``shards`` are functions without arguments, each of which returns some
    of the rows, (X, y). A worker that needs a shard calls the function
    and keeps the rows. ``executor`` comes from ``processes``, or is any
    object with the method map of concurrent.futures. Rows cannot be
    weighted; all else is as in ``fit``, and if the loss is a mean over
    the rows, so are the network and the history, up to rounding. Raises
    ValueError for a layer that needs a whole batch, such as Dropout.
    """
    metrics = _check_training(model, loss, metrics, optimizer, on_epoch)
    check_by_row(model)
    workers = _Workers(executor, shards)
    validation = as_validation(validation, workers.X, workers.y)
    history = as_history(history, metrics, validation)
    rng, loss = as_generator("rng", rng), copy.copy(loss)
    step = partial(workers.step, model, loss=loss, optimizer=optimizer)
    rows = partial(workers.batches, batch_size, rng=rng)
    validate = validation and partial(
        evaluate, model, *validation, loss=loss, metrics=metrics
    )
    n = len(workers.y)
    return _train_epochs(
        step, rows, n, validate, metrics, epochs, on_epoch, history
    )


# chapter 19: More than one machine
def processes(count):
    """Return an executor of ``count`` new processes on this machine.

    In a script, start work under ``if __name__ == "__main__"``, because
    each process imports the script.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(
        as_count("count", count),
        mp_context=get_context("spawn"),
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_IGN),
    )
