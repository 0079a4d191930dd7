"""Bring Fashion-MNIST into a folder: by download, or from Debian."""

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import Future, wait
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import numpy as np

from ._idx import FILES, Damaged, Missing, read_either, read_file
from ._text import printable

# the address of its authors, then the copy that Keras downloads from; the
# first has no https, so what counts is the SHA-256 of each file
ADDRESSES = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
)
PACKAGE = "dataset-fashion-mnist"
TIMEOUT = 30  # seconds without an answer
LIMIT = 20 * 60  # seconds for one file
SILENCE = 10  # seconds between two lines where there is no terminal
DAY = 24 * 60 * 60  # seconds


def download(address: str, folder: Path) -> None:
    """Download into `folder` what it lacks of the four files.

    Each file is written under another name in `folder`, verified, and
    moved into place in one step: the final name never belongs to half a
    file, even when the download is killed. Raises OSError, Damaged, or
    whatever urllib raises over an answer that breaks the rules of HTTP.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if _lacks(folder, name):
            _download(f"{address}/{name}.gz", folder / f"{name}.gz", name)


def from_debian(folder: Path) -> None:
    """Unpack Debian's package into `folder`; installs nothing.

    No root is needed. Root runs `apt-get update` first if apt does not
    know the package, as on a new machine. Raises OSError, Damaged or
    subprocess.SubprocessError.
    """
    for tool in ("apt-get", "apt-cache", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise OSError(f"this machine has no {tool}")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".apt-") as place:
        known = _run(["apt-cache", "show", PACKAGE], place)
        if known.returncode != 0 and os.geteuid() == 0:
            _must_run(["apt-get", "-q", "update"], place)
        elif known.returncode != 0:
            raise OSError(
                f"apt does not know {PACKAGE}; if its lists are empty,"
                " run apt-get update as root"
            )
        _must_run(["apt-get", "-q", "download", PACKAGE], place)
        packages = [path.name for path in Path(place).glob("*.deb")]
        if len(packages) != 1:
            raise OSError(
                f"`apt-get download {PACKAGE}` must leave one package, but "
                f"has left {len(packages)}"
            )
        _must_run(["dpkg-deb", "-x", *packages, "unpacked"], place)
        data = Path(place, "unpacked", "usr/share/datasets/fashion-mnist")
        for name in FILES:
            path = data / f"{name}.gz"
            read_file(path, name, origin=f"{name}.gz of {PACKAGE}")
            os.replace(path, folder / path.name)


def tidy(folder: Path) -> None:
    """Remove from `folder` what killed downloads left there a day ago."""
    patterns = [".apt-*", *(f".{name}.gz.*.part" for name in FILES)]
    with contextlib.suppress(OSError):  # others may do so at the same time
        for path in [p for some in patterns for p in folder.glob(some)]:
            if time.time() - path.lstat().st_mtime < DAY:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _lacks(folder: Path, name: str) -> bool:
    try:
        read_either(folder, name)
    except (Missing, Damaged):
        return True
    return False


def _download(url: str, target: Path, name: str) -> None:
    """Download `url`, verify it as file `name`, and move it to `target`."""
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            _copy(url, file, name)
        read_file(part, name, origin=url)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _copy(url: str, file: BinaryIO, name: str) -> None:
    """Write what `url` sends to `file`, within LIMIT; show how far it is.

    A thread receives, because a server that sends a byte now and then
    would pass any limit on the time of one call.
    """
    counts = {"done": 0, "total": 0}
    received: Future[None] = Future()
    arguments = url, file, name, counts, received
    Thread(target=_receive, args=arguments, daemon=True).start()
    terminal = sys.stderr is not None and sys.stderr.isatty()
    end = time.monotonic() + LIMIT
    while (left := end - time.monotonic()) > 0:
        wait([received], min(left, 0.2 if terminal else SILENCE))
        if terminal:
            _show(f"\r{name} {_bar(**counts)}")
        if received.done():
            break
        if not terminal:
            _show(f"downloading {name}: {_bar(**counts)}\n")
    if terminal:
        _show("\n")
    if not received.done():
        raise TimeoutError(
            f"{url} must send the file within {LIMIT} seconds, but has "
            f"sent {counts['done']} bytes"
        )
    received.result()


def _receive(
    url: str,
    file: BinaryIO,
    name: str,
    counts: dict[str, int],
    received: Future[None],
) -> None:
    """Write what `url` sends to `file`, then set the result `received`."""
    limit = 1024 + int(np.prod(FILES[name][0]))  # unpacked, plus headers
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            total = answer.length or 0  # None: the server does not say
            if total > limit:
                raise Damaged(
                    f"{url} must send at most {limit} bytes, but announces "
                    f"{printable(total, 20)}"
                )
            counts["total"] = total
            while block := answer.read1(1 << 16):
                counts["done"] += len(block)
                if counts["done"] > limit:
                    raise Damaged(
                        f"{url} must send at most {limit} bytes, but sends "
                        "more"
                    )
                file.write(block)
        if counts["done"] < total:
            raise Damaged(
                f"{url} must send {total} bytes, as it announces, but ends "
                f"after {counts['done']}"
            )
    except BaseException as error:  # for the thread that waits
        received.set_exception(error)
    else:
        received.set_result(None)


def _bar(done: int, total: int) -> str:
    if not total:
        return f"{done / 1e6:.1f} MB"
    filled = "#" * (30 * done // total)
    return f"[{filled:30}] {done / 1e6:.1f} of {total / 1e6:.1f} MB"


def _show(text: str) -> None:
    """Write to standard error, if there is one."""
    if sys.stderr is not None:
        sys.stderr.write(text)
        sys.stderr.flush()


def _run(
    command: list[str], folder: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=600,
    )


def _must_run(command: list[str], folder: str) -> None:
    done = _run(command, folder)
    if done.returncode != 0:
        reason = " ".join(done.stderr.split()) or "no message"
        raise OSError(f"`{' '.join(command)}` failed: {reason}")
