"""Networks in the form in which other programs read them."""

from ._onnx import to_onnx

__all__ = ["to_onnx"]
