"""Options: their values, checked, and how a command gets them."""

import argparse
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from ..checks import as_count, as_number
from ..tasks._task import get

T = TypeVar("T")
Argument: TypeAlias = tuple[str, dict[str, Any]]  # of ``add_argument``
Parsed: TypeAlias = Callable[[str], T]


def parsed(
    text: Any, *, kind: type[Any], check: Callable[..., T], **bounds: float
) -> T:
    """The number in ``text`` that passes ``check``, for argparse."""
    with suppress(ValueError):
        text = kind(text)
    try:
        return check("it", text, **bounds)
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(error) from None


integer: Callable[..., int] = partial(parsed, kind=int, check=as_count)
number: Callable[..., float] = partial(parsed, kind=float, check=as_number)
natural: Parsed[int] = partial(integer, least=0)
positive_int: Parsed[int] = partial(integer, least=1)
positive: Parsed[float] = partial(number, above=0)
fraction: Parsed[float] = partial(number, least=0, below=1)


def entry(text: str, *, named: Mapping[str, T]) -> T:
    """The entry called ``text``, for argparse."""
    try:
        return get(named, text, "it")
    except ValueError as error:
        raise argparse.ArgumentTypeError(error) from None


def file(text: str, *, ending: str) -> Path:
    """A path with this ending, for argparse."""
    if not text.lower().endswith(ending):
        raise argparse.ArgumentTypeError(
            f"it must end in {ending}, but is {text!r}"
        )
    return Path(text)


def place(text: str) -> Path:
    """A path for argparse; an empty one would mean the folder in use."""
    if not text:
        raise argparse.ArgumentTypeError("it must be a name, but is ''")
    return Path(text)


def existing(text: str, *, folder: bool = False) -> Path:
    """The path of a file or a folder that is there, for argparse."""
    path, kind = place(text), "folder" if folder else "file"
    if not (path.is_dir() if folder else path.is_file()):
        raise argparse.ArgumentTypeError(
            f"it must be a {kind} that exists, but is {text!r}"
        )
    return path


def option(
    flag: str,
    kind: Parsed[object],
    metavar: str,
    text: str,
    default: object = None,
) -> Argument:
    """The name and the keywords of ``add_argument``, for an option."""
    keywords = {"type": kind, "metavar": metavar, "default": default}
    return flag, {"help": text, **keywords}


def switch(flag: str, text: str) -> Argument:
    """The same for an option without a value."""
    return flag, {"action": "store_true", "help": text}


def add_command(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], object],
    text: str,
    *arguments: Argument,
    **more: Any,
) -> None:
    """Add a command that calls ``run`` with its options."""
    more |= {"help": text, "description": text, "allow_abbrev": False}
    sub = commands.add_parser(name, **more)
    sub.set_defaults(run=run)
    for flag, keywords in arguments:
        sub.add_argument(flag, **keywords)
