"""Bring Fashion-MNIST into a folder: by download, or from Debian."""

import http.client
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import numpy as np

from ._idx import FILES, Damaged, find_file, read_file

# the address of its authors, then the copy that Keras downloads from; the
# first has no https, so what counts is the SHA-256 of each file
ADDRESSES = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
)
PACKAGE = "dataset-fashion-mnist"
TIMEOUT = 30  # seconds without an answer

# what download() and from_debian() raise when they fail
ERRORS = (
    OSError,
    Damaged,
    http.client.HTTPException,
    subprocess.SubprocessError,
)


def download(address, folder):
    """Download into `folder` what it lacks of the four files.

    Each file is written under another name in `folder`, verified, and
    moved into place in one step: the final name never belongs to half a
    file, even when the download is killed. Raises one of ERRORS.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if _lacks(folder, name):
            _download(f"{address}/{name}.gz", folder / f"{name}.gz", name)


def from_debian(folder):
    """Unpack Debian's package into `folder`; installs nothing.

    No root is needed. Root runs `apt-get update` first if apt does not
    know the package, as on a new machine. Raises one of ERRORS.
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
        (package,) = Path(place).glob("*.deb")
        _must_run(["dpkg-deb", "-x", package.name, "unpacked"], place)
        data = Path(place, "unpacked", "usr/share/datasets/fashion-mnist")
        for name in FILES:
            path = data / f"{name}.gz"
            read_file(path, name)
            os.replace(path, folder / path.name)


def _lacks(folder, name):
    path = find_file(folder, name)
    if path is None:
        return True
    try:
        read_file(path, name)
    except Damaged:
        return True
    return False


def _download(url, target, name):
    """Download `url`, verify it as file `name`, and move it to `target`."""
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with (
            urllib.request.urlopen(url, timeout=TIMEOUT) as answer,
            part.open("xb") as file,
        ):
            _copy(answer, file, name)
        read_file(part, name)
        os.replace(part, target)
    except Damaged as error:
        raise Damaged(f"{url} did not send the file: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def _copy(answer, file, name):
    """Write what `answer` sends to `file`, with a bar on a terminal."""
    total = answer.length or 0  # None: the server does not say
    limit = 1024 + int(np.prod(FILES[name][0]))  # unpacked, plus headers
    done = 0
    try:
        while block := answer.read(1 << 16):
            done += len(block)
            if done > limit:
                raise Damaged(f"more than {limit} bytes")
            file.write(block)
            _show(f"\r{name} {_bar(done, total)}")
    finally:
        _show("\n")
    if done < total:
        raise Damaged(f"{done} of {total} bytes came")


def _bar(done, total):
    if not total:
        return f"{done / 1e6:.1f} MB"
    filled = "#" * (30 * done // total)
    return f"[{filled:30}] {done / 1e6:.1f} of {total / 1e6:.1f} MB"


def _show(text):
    """Write to stderr if it is a terminal: no bars in logs."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(text)
        sys.stderr.flush()


def _run(command, folder):
    return subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=600,
    )


def _must_run(command, folder):
    done = _run(command, folder)
    if done.returncode != 0:
        reason = " ".join(done.stderr.split()) or "no message"
        raise OSError(f"`{' '.join(command)}` failed: {reason}")
