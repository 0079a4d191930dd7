"""Files that are written whole or not at all."""

import os
import platform
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from .checks import as_path, check_bytes
from .typing import StrPath

__all__ = ["check_path", "write_file"]


def check_path(path: Any, error: type[Exception] = ValueError) -> Path:
    """Return the Path of a file, or of one that may be written.

    Raises TypeError for what is not the name of a file, and ``error`` for
    a text that cannot be one, and for a folder, a pipe or a device.
    """
    target = as_path("path", path, error)
    if os.path.exists(target) and not os.path.isfile(target):
        raise error(
            f"{path} must be a file, but is a folder, a pipe or a device; "
            "give the name of a file"
        )
    return target


def write_file(path: StrPath, data: bytes | bytearray | memoryview) -> None:
    """Write the bytes ``data`` to the file ``path``, whole or not at all.

    Whatever ends the process, or the machine, leaves the old file or the
    new one. An old file keeps its permissions, and a link remains a link.
    Raises OSError if the file cannot be written, TypeError if ``path`` is
    not the name of a file, and ValueError if ``path`` is empty or names a
    folder, a pipe or a device.
    """
    target = check_path(path)
    check_bytes("data", data)
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"{path} must be in a folder that exists, but there is no "
            f"{target.parent}; make it first"
        )
    part = target.with_name(_part(os.getpid(), os.urandom(4).hex()))
    try:
        _remove_parts(target.parent)
        with open(part, "xb") as file:
            if target.exists():
                os.chmod(part, target.stat().st_mode & 0o777)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # now the disk has it
        os.replace(part, target)
        _sync_folder(target.parent)
    except OSError as error:  # name the user's path, not the part
        reason = error.strerror or str(error)
        raise OSError(error.errno, reason, str(path)) from None
    finally:
        with suppress(OSError):  # after the renaming there is none
            os.unlink(part)


def _part(process: int, token: str) -> str:
    return f".{process}-{token}@{platform.node()}.part"


def _remove_parts(folder: Path) -> None:
    """Remove the parts of this machine's processes that have died."""
    host = re.escape(platform.node())
    parts = re.compile(rf"\.(\d{{1,9}})-\w+@{host}\.part", re.ASCII)
    for name in os.listdir(folder):
        part = parts.fullmatch(name)
        if part and not _alive(int(part[1])):
            with suppress(OSError):  # another process was faster
                os.unlink(folder / name)


def _alive(process: int) -> bool:
    try:
        if os.name == "posix":  # elsewhere kill would end it
            os.kill(process, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    return True


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not every system can open a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
