"""The pages of the API: what they say of a name, beside its docstring.

A page ``book/api/<module>.md`` has a block for the module, for each of its
public names, and for each method with arguments of its own::

    ```{api} nn.training.predict
    Parameters
    ----------
    ...
    ```

A block holds sections in the form of numpydoc. When the book is built, they
are put after the docstring; a test compares them with the code.
"""

import inspect
import re
from importlib import import_module
from pathlib import Path

import nn

FOLDER = Path(__file__).resolve().parents[1] / "book" / "api"
BLOCK = re.compile(r"(?ms)^```\{api\} (\S+)\n(.*?)^```$")
METHODS = (classmethod, staticmethod, property)


def blocks(folder=FOLDER):
    """The sections of all pages, as text, by the full name."""
    pages = [
        path.read_text("utf-8") for path in sorted(folder.glob("*.md"))
    ]
    return dict(block for page in pages for block in BLOCK.findall(page))


def modules():
    """The names of the modules that have a page."""
    return [f"nn.{name}" for name in [*nn._LIGHT, *nn._OTHERS]]


def names():
    """The full names of all that is public in them."""
    return [
        f"{module}.{name}"
        for module in modules()
        for name in import_module(module).__all__
    ]


def methods(kind):
    """The public methods and properties that a class itself defines."""
    fields = getattr(kind, "__dataclass_fields__", ())
    return [
        name
        for name, value in vars(kind).items()
        if (name == "__call__" or name[0] != "_")
        and name not in fields
        and (inspect.isfunction(value) or isinstance(value, METHODS))
    ]


def described(kind, method, known):
    """The full name of the block that describes a method, or None.

    A method without a block is described by that of the class it is from.
    """
    for base in kind.__mro__:
        module = ".".join(base.__module__.split(".")[:2])
        if (name := f"{module}.{base.__name__}.{method}") in known:
            return name
    return None
