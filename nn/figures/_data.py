"""Arrays of a notebook to the data that an interactive figure takes."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]


def network(
    arrays: Mapping[str, Array],
    *,
    log: Sequence[int] = (),
    waves: tuple[Sequence[float] | Array, ArrayLike] | None = None,
    bend: bool = True,
    half: bool = False,
) -> list[dict[str, Any]]:
    """Return the steps of a network, as the figures compute them.

    ``arrays`` is what ``Sequential.state()`` gives: "0.mean", "0.std",
    "1.W", "1.b" and so on. A ReLU follows each W and b but the last; with
    ``bend=False`` none does. ``log`` names the columns of the input whose
    logarithm is taken first; ``waves`` is a pair, the middle (2,) of the
    map and the frequencies (2, k), for inputs that end in a place.
    Arrays of other floating types become float32. With ``half`` each W
    becomes float16, half as many bytes with three digits. Raises
    ValueError for names that are not these four.
    """
    steps: list[dict[str, Any]] = []
    if len(log):
        steps.append({"log": [int(k) for k in log]})
    if waves is not None:
        middle, frequencies = waves
        steps.append(
            {
                "middle": [float(v) for v in middle],
                "frequencies": np.asarray(frequencies, np.float32),
            }
        )
    layers: dict[str, dict[str, Array]] = {}
    for name, array in arrays.items():
        position, _, kind = name.partition(".")
        if kind not in ("mean", "std", "W", "b"):
            raise ValueError(
                "the arrays must have names such as '0.mean', '0.std', "
                "'1.W' and '1.b', as in Sequential.state(), but one is "
                f"called {name!r}"
            )
        found = _as_float(array)
        if half and kind == "W":
            found = found.astype(np.float16)
        layers.setdefault(position, {})[kind] = found
    last = [position for position in layers if "W" in layers[position]][-1]
    for position, layer in layers.items():
        steps.append(layer)
        if bend and "W" in layer and position != last:
            steps.append({"relu": True})
    return steps


def _as_float(array: ArrayLike) -> Array:
    array = np.asarray(array)
    return array if array.dtype == np.float64 else array.astype(np.float32)
