"""Text that others wrote, made fit for a message."""

from os import PathLike
from typing import TypeAlias

StrPath: TypeAlias = str | PathLike[str]


def printable(text: object, most: int = 200) -> str:
    """Return `text` as printable characters of one line, cut at `most`.

    File names, cells, and what servers and libraries say may contain
    control characters, which a terminal would obey, or be megabytes long.
    """
    text = str(text)
    cut = "" if len(text) <= most else " ... (cut)"
    return "".join(map(_escaped, text[:most])) + cut


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode()
