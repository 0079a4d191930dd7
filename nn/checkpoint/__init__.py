"""A training that was stopped goes on as if it never had been::

    checkpoint = Checkpoint("run.safetensors", model, optimizer, rng)
    history = checkpoint.resume()  # {} if there is no file yet
    fit(model, X, y, loss=loss, optimizer=optimizer, rng=rng, epochs=50,
        history=history, on_epoch=checkpoint)

An epoch that was interrupted begins anew, where the last one ended.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..checks import check_function, check_object, shown
from ..layers import Layer
from ..optimizers import Optimizer
from ..typing import Array, Arrays, History, OnEpoch, StrPath
from ..weights import (
    WeightFileError,
    match_arrays,
    read_arrays,
    save_arrays,
)
from . import _parts

__all__ = ["Checkpoint", "epochs_in"]

KIND = {"kind": "checkpoint"}
PARTS = {"model", "rule"}  # whose arrays a file holds


class Checkpoint:
    """Saves a training after each epoch, and resumes it.

    The file holds all that the next epoch depends on: the arrays of
    ``model``, what ``optimizer`` remembers and how many steps it has
    taken, the states of ``rng``, which orders the rows, and of the
    generators in the layers, and the history. It is replaced as a whole.
    A resumed training gives the same bits as one that was never stopped.

    The data, the loss and the batch size are the caller's affair:
    ``about``, a dictionary that JSON can write, may describe them. A file
    with another description, network or rule is refused.

    A checkpoint is an ``on_epoch`` of ``nn.fit``. ``then`` is a further
    one: it is called after each saving, and may end the training. What it
    remembers itself is not in the file, nor is what a layer of your own
    changes besides its ``state()``. A step size that is a function is
    compared by its values at up to five of the steps taken.
    """

    def __init__(
        self,
        path: StrPath,
        model: Layer,
        optimizer: Optimizer,
        rng: np.random.Generator,
        *,
        about: Mapping[str, Any] | None = None,
        then: OnEpoch | None = None,
    ) -> None:
        check_object("model", model, ["state"], "Sequential(Dense(8, 1))")
        check_object("optimizer", optimizer, ["init_state"], "SGD(0.1)")
        if then is not None:
            check_function("then", then, "print")
        if not isinstance(rng, np.random.Generator):
            raise TypeError(
                "rng must be the Generator that fit gets too, but is "
                f"{rng!r}; make one with np.random.default_rng"
            )
        self.path: StrPath = path
        self.model: Layer = model
        self.optimizer: Optimizer = optimizer
        self.rng: np.random.Generator = rng
        self.about: Mapping[str, Any] = _described(about)
        self.then: OnEpoch | None = then

    def __call__(self, epoch: int, history: History) -> object:
        self.save(history)
        return self.then(epoch, history) if self.then else None

    def save(self, history: History) -> None:
        """Write the training as it is now to the file, with its history."""
        steps, rngs = self.optimizer.t, self._generators()
        states = {name: r.bit_generator.state for name, r in rngs.items()}
        training = {
            "description": self._description(steps),
            "steps": steps,
            "generators": states,
            "history": history,
        }
        kept = _parts.memory(self.optimizer, self.model.parameters())
        save_arrays(
            self.path,
            {f"model {name}": a for name, a in self.model.state().items()}
            | {
                f"rule {name} {i}": array
                for name, arrays in kept.items()
                for i, array in enumerate(arrays)
            }
            | {"training": np.frombuffer(_json(training), np.uint8)},
            about=KIND,
        )

    def resume(self) -> History:
        """Restore, in place, what the file holds; return the history.

        Without a file it returns {}. Raises WeightFileError, and changes
        nothing, if the file is damaged, is not a checkpoint, or belongs
        to another training; the message says in what they differ.
        """
        try:
            training, arrays = _read(self.path)
        except FileNotFoundError:
            return {}
        steps = training["steps"]
        self._check(training["description"], self._description(steps))
        parts: dict[str, Arrays] = {"model": {}, "rule": {}}
        for name, array in arrays.items():
            part, _, name = name.partition(" ")
            parts[part][name] = array
        state, parameters = self.model.state(), self.model.parameters()
        match_arrays(self.path, parts["model"], state)
        kept: dict[str, list[Array]] = {}
        for name in sorted(parts["rule"], key=_slot):
            owner, _, _ = name.rpartition(" ")
            kept.setdefault(owner, []).append(parts["rule"][name])
        self._check(
            {n: [a.size for a in arrays] for n, arrays in kept.items()},
            {
                n: [np.size(a) for a in self.optimizer.init_state(w)]
                for n, w in parameters.items()
                if n in kept
            },
        )
        for name, array in parts["model"].items():
            state[name][...] = array
        _parts.remember(self.optimizer, parameters, steps, kept)
        for name, rng in self._generators().items():
            bits = rng.bit_generator
            bits.state = _parts.typed(
                training["generators"][name], bits.state
            )
        return training["history"]

    def _generators(self) -> dict[str, np.random.Generator]:
        return _parts.generators(self.model, self.rng)

    def _description(self, steps: int) -> dict[str, Any]:
        """What must be the same when the training goes on, by name."""
        parts = {
            "": self.about,
            "network": _parts.network(self.model),
            "rule": _parts.rule(self.optimizer, steps),
            "generator": _parts.sources(self._generators()),
        }
        named = {
            f"{part} {name}".strip(): value
            for part, values in parts.items()
            for name, value in values.items()
        }
        return json.loads(_json(named))

    def _check(
        self, saved: Mapping[str, Any], here: Mapping[str, Any]
    ) -> None:
        """Refuse a file that describes another training.

        Files of earlier versions lack later arguments, which are None.
        """
        names = [*saved, *(name for name in here if name not in saved)]
        differ = [
            f"{name} is {saved.get(name, 'missing')} in the file and "
            f"{here.get(name, 'missing')} here"
            for name in names
            if _text(saved.get(name)) != _text(here.get(name))
        ]
        if differ:
            more = f" and {len(differ) - 5} more" if len(differ) > 5 else ""
            raise WeightFileError(
                f"{self.path} must belong to this training, but "
                f"{', '.join(differ[:5])}{more}; go on with the same "
                "settings, or name another file"
            )


def epochs_in(path: StrPath) -> int:
    """Return how many epochs the training in a file has had; 0 for none."""
    try:
        return len(_read(path)[0]["history"].get("loss", ()))
    except FileNotFoundError:
        return 0


def _described(about: Any) -> Mapping[str, Any]:
    """Return ``about`` as JSON gives it back."""
    about = {} if about is None else about
    if not isinstance(about, Mapping):
        raise TypeError(
            "about must be a dictionary that JSON can write, but is "
            f"{shown(about)}"
        )
    try:
        return json.loads(_json(dict(about)))
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"about must be a dictionary that JSON can write, but {error}; "
            "turn such values into texts"
        ) from None


def _slot(name: str) -> int:
    """The place of an array in the memory of a rule: "0.W 1" is 1."""
    return int(name.rpartition(" ")[2])


def _json(value: object) -> bytes:
    def plain(value: Any) -> Any:  # NumPy's numbers and arrays
        if not isinstance(value, np.generic | np.ndarray):
            raise TypeError(f"{shown(value)} is neither number nor text")
        return value.tolist()

    return json.dumps(value, default=plain).encode()


def _text(value: object) -> str:
    """One text for equal values that JSON gave back, NaN among them."""
    return json.dumps(value, sort_keys=True)


def _read(path: StrPath) -> tuple[dict[str, Any], Arrays]:
    """Return the progress of a training, and the arrays in its file."""
    arrays, about = read_arrays(path)
    if about != KIND:
        raise WeightFileError(
            f"{path} must be a checkpoint, but was written as something "
            "else, such as the weights alone; name another file"
        )
    try:
        training = json.loads(arrays.pop("training").tobytes())
        kinds = {"steps": int, "description": dict, "generators": dict}
        kinds["history"] = dict
        for name, kind in kinds.items():
            if not isinstance(training[name], kind):
                raise TypeError(f"{name} is not of type {kind.__name__}")
        for name, values in training["history"].items():
            if not isinstance(values, list):
                raise TypeError(f"history[{name!r}] is not a list")
        if not {name.partition(" ")[0] for name in arrays} <= PARTS:
            raise KeyError("an array of neither the model nor the rule")
    except (KeyError, TypeError, ValueError) as error:
        raise WeightFileError(
            f"{path} must be a checkpoint that save has written, but its "
            f"progress cannot be read: {error!r}; name another file"
        ) from error
    return training, arrays
