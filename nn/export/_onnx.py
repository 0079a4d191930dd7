"""A network as an ONNX graph: one function for each ``forward``."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from ..activations import Identity, ReLU, Softmax
from ..checks import as_dtype, as_known, check_object, check_truth
from ..files import write_file
from ..layers import (
    BatchNormalization,
    Dense,
    Dropout,
    Layer,
    Normalization,
)
from ..model import Sequential
from ..tasks.california_housing import (
    SKEWED,
    Districts,
    HousingFeatures,
)
from ..tasks.fashion_mnist import Pixels
from ..typing import Array, StrPath

DOUBLE = np.dtype(np.float64)
OPSET = 17  # of 2022: programs that are older cannot read the file


def to_onnx(
    model: Layer,
    path: StrPath,
    *,
    dtype: DTypeLike = np.float32,
    softmax: bool = False,
) -> None:
    """Write ``model`` to the ONNX file ``path``, for other programs.

    The graph computes what ``predict`` does: outputs Z (n, n_out) from X
    (n, n_in), whose type is ``dtype``, for any n. With ``softmax=True`` it
    ends in the probabilities P (n, n_out) instead. Dropout and penalties,
    which only training needs, are left out, and so are the checks of X.
    The file is written whole or not at all.

    Raises TypeError for a layer that cannot be written, such as one of
    your own, ValueError if the layers do not fit one another, the errors
    of ``nn.files.write_file``, and ModuleNotFoundError without the package
    onnx.
    """
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "to_onnx needs the package onnx: pip install onnx", name="onnx"
        ) from error
    check_object("model", model, ["forward"], "Sequential(Dense(8, 1))")
    check_truth("softmax", softmax)
    graph = Graph(onnx, as_dtype(dtype, "fiu").newbyteorder("="))
    Z = written(graph, model, graph.X, "")
    n_out = graph.n_in
    if n_out is not None:  # layers that do not fit one another say so
        n_out = model.forward(np.ones((1, n_out), dtype)).shape[1]
    Z = softmaxed(graph, None, Z, "") if softmax else Z
    Z = graph.node("Identity", Z, name="P" if softmax else "Z")
    write_file(path, graph.serialized(Z, n_out))


class Value(NamedTuple):
    """A value in the graph: its name, and its type in NumPy."""

    name: str
    dtype: np.dtype[Any]


class Graph:
    """The nodes and arrays of a graph that begins with X (n, n_in).

    ``n_in`` is None until a layer fixes it; those before keep the width.
    """

    def __init__(self, onnx: Any, dtype: np.dtype[Any]) -> None:
        self.onnx, self.X = onnx, Value("X", dtype)
        self.n_in: int | None = None
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []

    def fix(self, n_in: int) -> None:
        """Note how many columns a layer takes, if it is the first."""
        self.n_in = self.n_in or n_in

    def array(self, name: str, values: Array) -> Value:
        """Add an array under its name in the network."""
        values = values.astype(values.dtype.newbyteorder("="))
        kept = self.onnx.numpy_helper.from_array(values, name)
        self.arrays.append(kept)
        return Value(name, values.dtype)

    def node(
        self,
        kind: str,
        *inputs: Value,
        name: str | None = None,
        **options: Any,
    ) -> Value:
        """Add a node; return its output, of the type of its last input."""
        out = Value(name or f"{len(self.nodes)}", inputs[-1].dtype)
        names = [value.name for value in inputs]
        make = self.onnx.helper.make_node
        self.nodes.append(make(kind, names, [out.name], **options))
        return out

    def cast(self, X: Value, dtype: np.dtype[Any]) -> Value:
        """Return X as ``dtype``."""
        if X.dtype == dtype:
            return X
        to = self.onnx.helper.np_dtype_to_tensor_dtype(dtype)
        return self.node("Cast", X, to=to)._replace(dtype=dtype)

    def floats(self, X: Value, kept: str = "efd") -> Value:
        """Return X, as float64 if its type is not among those ``kept``."""
        return self.cast(X, X.dtype if X.dtype.char in kept else DOUBLE)

    def serialized(self, Z: Value, n_out: int | None) -> bytes:
        """Return the graph from X to Z as the bytes of a file."""
        helper = self.onnx.helper

        def place(value: Value, width: int | None) -> Any:
            kind = helper.np_dtype_to_tensor_dtype(value.dtype)
            shape = ["n", width or "n_in"]
            return helper.make_tensor_value_info(value.name, kind, shape)

        opsets = [helper.make_opsetid("", OPSET)]
        ends = [place(self.X, self.n_in)], [place(Z, n_out)]
        return helper.make_model(
            helper.make_graph(self.nodes, "nn", *ends, self.arrays),
            opset_imports=opsets,
            ir_version=helper.find_min_ir_version_for(opsets),
            producer_name="from-one-neuron",
        ).SerializeToString()


# --- what each forward computes, from X to the value that is returned


def written(graph: Graph, layer: Layer, X: Value, at: str) -> Value:
    """Write a layer, whose arrays have names that begin with ``at``."""
    write = as_known(layer, WRITERS, "to_onnx can write")
    return write(graph, layer, X, at)


def sequence(graph: Graph, model: Sequential, X: Value, at: str) -> Value:
    """The layers, one after another."""
    for i, layer in enumerate(model.layers):
        X = written(graph, layer, X, f"{at}{i}.")
    return X


def unchanged(graph: Graph, layer: Layer, X: Value, at: str) -> Value:
    """X itself: what has no effect outside training needs no node."""
    return X


def product(graph: Graph, layer: Dense, X: Value, at: str) -> Value:
    """X W + b, in the type of W."""
    graph.fix(len(layer.W))
    arrays = {"W": layer.W, "b": layer.b}
    W, b = (graph.array(at + name, arrays[name]) for name in arrays)
    return graph.node("Gemm", graph.cast(X, W.dtype), W, b)


def rectified(graph: Graph, layer: Layer, Z: Value, at: str) -> Value:
    """max(0, Z)"""
    return graph.node("Relu", graph.floats(Z))


def softmaxed(
    graph: Graph, layer: Layer | None, Z: Value, at: str
) -> Value:
    """softmax(Z), row by row."""
    return graph.node("Softmax", graph.floats(Z, "fd"), axis=-1)


def normalized(
    graph: Graph, layer: Normalization, X: Value, at: str
) -> Value:
    """(X - mean) / std, in the type that NumPy chooses."""
    if len(layer.mean) > 1:
        graph.fix(len(layer.mean))
    X = graph.cast(X, np.result_type(X.dtype, layer.mean.dtype))
    for kind, name in (("Sub", "mean"), ("Div", "std")):
        values = layer.state()[name].astype(X.dtype)
        X = graph.node(kind, X, graph.array(at + name, values))
    return X


def batch_normalized(
    graph: Graph, layer: BatchNormalization, X: Value, at: str
) -> Value:
    """gamma (X - running_mean) / sqrt(running_var + eps) + beta."""
    graph.fix(len(layer.gamma))
    arrays = layer.state()  # ONNX would round eps to float32
    arrays |= {"running_var": layer.running_var + layer.eps}
    values = [graph.array(at + name, a) for name, a in arrays.items()]
    X = graph.cast(X, values[0].dtype)
    return graph.node("BatchNormalization", X, *values, epsilon=0.0)


def districts(
    graph: Graph, layer: HousingFeatures, X: Value, at: str
) -> Value:
    """Logarithms of the columns with long tails, and waves if wanted."""

    def array(name: str, values: Array) -> Value:
        return graph.array(at + name, np.asarray(values))

    graph.fix(8)
    X = graph.cast(X, np.dtype(layer.dtype))
    skewed = array("skewed", np.isin(range(8), SKEWED))
    one = array("one", np.ones(1, X.dtype))  # its logarithm is not used
    logs = graph.node("Log", graph.node("Where", skewed, X, one))
    A = graph.node("Where", skewed, logs, X)
    if not layer.waves:
        return A
    columns = array("place", np.array([6, 7]))
    place = graph.node("Gather", X, columns, axis=1)._replace(dtype=X.dtype)
    place = graph.node("Sub", place, array("middle", layer.middle))
    waves = array("frequencies", np.ascontiguousarray(layer.frequencies))
    angles = graph.node("MatMul", place, waves)
    sin, cos = (graph.node(kind, angles) for kind in ("Sin", "Cos"))
    return graph.node("Concat", A, sin, cos, axis=1)


WRITERS: dict[Any, Callable[[Graph, Any, Value, str], Value]] = {
    Sequential.forward: sequence,
    Dense.forward: product,
    ReLU.forward: rectified,
    Softmax.forward: softmaxed,
    Identity.forward: unchanged,
    Dropout.forward: unchanged,
    Normalization.forward: normalized,
    BatchNormalization.forward: batch_normalized,
    Pixels.forward: normalized,
    Districts.forward: normalized,
    HousingFeatures.forward: districts,
}
