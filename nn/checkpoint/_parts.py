"""What a training consists of, besides its arrays: by name, as JSON."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..layers import Layer
from ..optimizers import Optimizer
from ..typing import Array, Arrays

NO_PARTS = ("builtins", "functools", "numpy")  # modules of other values


def layers_within(
    thing: object, place: str = "", around: tuple[object, ...] = ()
) -> Iterator[tuple[str, Any]]:
    """Yield (place, layer) for a network and for all layers within it."""
    yield place, thing
    around = (*around, thing)
    for name, part in attributes(thing):
        inside = not any(part is layer for layer in around)
        if isinstance(part, Layer) and inside:
            yield from layers_within(part, f"{place}{name}.", around)


def attributes(thing: object) -> Iterator[tuple[str, Any]]:
    """Yield (name, value) of an object; a list's values one by one."""
    for name, value in getattr(thing, "__dict__", {}).items():
        if isinstance(value, list | tuple):
            for i, part in enumerate(value):
                yield f"{name}.{i}", part
        elif isinstance(value, dict):
            for key, part in value.items():
                yield f"{name}.{key}", part
        else:
            yield name, value


def constants(thing: object) -> dict[str, Any]:
    """The class of an object, and the arguments of it that it keeps.

    These are numbers, texts, functions by their names, and objects with
    arguments of their own, such as a regularizer; arrays are left out.
    """
    found: dict[str, Any] = {"class": type(thing).__qualname__}
    for name in arguments(type(thing)):
        value = getattr(thing, name, ...)
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, bool | int | float | str | None):
            found[name] = value
        elif callable(value) and hasattr(value, "__name__"):
            found[name] = value.__name__  # a function or a class
        elif type(value).__module__.partition(".")[0] not in NO_PARTS:
            for inner, plain in constants(value).items():
                found[f"{name}.{inner}"] = plain
    return found


def arguments(kind: type) -> list[str]:
    """The names of what a class is called with; none if C hides them."""
    try:
        return [*inspect.signature(kind).parameters]
    except ValueError:
        return []


def network(model: object) -> dict[str, Any]:
    """The constants of all layers, by place."""
    return {
        f"{place}{name}": value
        for place, layer in layers_within(model)
        for name, value in constants(layer).items()
    }


def rule(optimizer: Optimizer, steps: int) -> dict[str, Any]:
    """The constants of an optimizer, and its step sizes so far.

    A step size that is a function is known by its values at up to five of
    the steps that were taken.
    """
    found, lr = constants(optimizer), optimizer.lr
    if callable(lr):
        last = steps - 1
        taken = {last * k // 4 for k in range(5)} if steps else ()
        found = {k: v for k, v in found.items() if k.split(".")[0] != "lr"}
        found |= {f"lr({t})": float(lr(t)) for t in sorted(taken)}
    return found


def generators(
    model: object, rng: np.random.Generator
) -> dict[str, np.random.Generator]:
    """The generators of a training, by name: ``rng``, and the layers'."""
    found = {"rng": rng}
    for place, layer in layers_within(model):
        for name, value in attributes(layer):
            if isinstance(value, np.random.Generator):
                found[f"{place}{name}"] = value
    return found


def sources(named: Mapping[str, np.random.Generator]) -> dict[str, str]:
    """The kind of each generator, and the first that shares its numbers."""
    first: dict[int, str] = {}
    for name, rng in named.items():
        first.setdefault(id(rng.bit_generator), name)
    return {
        name: f"{type(rng.bit_generator).__name__} of "
        f"{first[id(rng.bit_generator)]}"
        for name, rng in named.items()
    }


def typed(saved: Any, now: Any) -> Any:
    """The state of a generator, read from JSON, with the types of now."""
    if isinstance(now, dict):
        return {name: typed(saved[name], now[name]) for name in now}
    return (
        np.array(saved, now.dtype) if isinstance(now, np.ndarray) else saved
    )


def memory(optimizer: Any, parameters: Arrays) -> dict[str, list[Array]]:
    """What the rule remembers: {name of the parameter: [array, ...]}.

    Of the parameters that ``Joint`` changes together, the arrays are laid
    flat.
    """
    kept = dict(optimizer.state)
    for key, place in getattr(optimizer, "places", ()):
        kept[key] = [vector[place] for vector in optimizer.vectors]
    keys = {name: (name, w.shape) for name, w in parameters.items()}
    return {n: [*kept[key]] for n, key in keys.items() if key in kept}


def remember(
    optimizer: Any,
    parameters: Arrays,
    steps: int,
    kept: Mapping[str, Sequence[Array]],
) -> None:
    """Make the rule remember what ``memory`` returned, after its steps."""
    optimizer.t = steps
    optimizer.state.clear()
    for name, arrays in kept.items():
        optimizer.state[name, parameters[name].shape] = arrays
    if hasattr(optimizer, "places"):  # Joint lays them out again
        optimizer.keys, optimizer.large = None, ()
        optimizer.places, optimizer.vectors = (), ()
