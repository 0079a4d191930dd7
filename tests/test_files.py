"""Files are written whole or not at all."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nn
from nn.files import write_file


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_others_may_read_a_new_file(tmp_path):
    old = os.umask(0o022)
    try:
        write_file(tmp_path / "a", b"new")
    finally:
        os.umask(old)
    assert os.stat(tmp_path / "a").st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("error", "paths"),
    [
        (TypeError, [0, False, None, b"w", 1.5, [], Path]),
        (ValueError, ["", "a\0b", "a/", "a/b/", "/"]),
    ],
)
def test_what_is_no_path_is_refused_in_one_way(error, paths):
    model = nn.Sequential(nn.Dense(2, 1, rng=0))
    calls = [
        lambda path: write_file(path, b""),
        lambda path: nn.save_arrays(path, {"a": model.layers[0].W}),
        nn.read_arrays,
        model.save,
        model.load,
        lambda path: nn.npy_shards(path, "y.npy", 2),
    ]
    for call in calls:
        for path in paths:
            with pytest.raises(error, match="must be the name of a file"):
                call(path)


def test_a_name_too_long_for_the_disk_is_refused(tmp_path):
    path, model = tmp_path / ("x" * 300), nn.Sequential(nn.Dense(2, 1))
    with pytest.raises(nn.WeightFileError, match="cannot be opened"):
        model.load(path)
    with pytest.raises(OSError, match="xxx"):
        model.save(path)
    assert not os.listdir(tmp_path)


def test_a_folder_and_other_data_are_refused(tmp_path):
    with pytest.raises(ValueError, match="must be a file, but is a folder"):
        write_file(tmp_path, b"")
    with pytest.raises(
        TypeError, match="data must be bytes, but is 'text'"
    ):
        write_file(tmp_path / "a", "text")
    assert not os.listdir(tmp_path)


def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path, monkeypatch
):
    path = tmp_path / "a"
    write_file(path, b"old")

    def fail(part, target):
        raise OSError(28, "No space left on device", part)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left on device") as error:
        write_file(path, b"new")
    assert str(path) in str(error.value)
    assert ".part" not in str(error.value)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(os.name != "posix", reason="folders of POSIX")
def test_the_disk_has_a_file_before_it_gets_its_name(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        true = getattr(os, name)

        def noted(*arguments, name=name, true=true):
            calls.append(name)
            return true(*arguments)

        monkeypatch.setattr(os, name, noted)
    write_file(tmp_path / "a", b"")
    assert calls == ["fsync", "replace", "fsync"]  # then the folder


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="make it first"):
        write_file(tmp_path / "new" / "a", b"")


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_modes_and_links_are_respected(tmp_path):
    def mode():
        return stat.S_IMODE(path.stat().st_mode)

    path, link = tmp_path / "a", tmp_path / "link"
    old = os.umask(0o027)
    try:
        write_file(path, b"1")
        assert mode() == 0o640
        path.chmod(0o600)
        link.symlink_to("a")
        write_file(link, b"2")
        assert (mode(), path.read_bytes()) == (0o600, b"2")
        assert link.is_symlink()
        path.unlink()
        write_file(link, b"3")  # a link to nothing makes its file
        assert path.read_bytes() == b"3"
    finally:
        os.umask(old)
    assert sorted(os.listdir(tmp_path)) == ["a", "link"]


def test_the_parts_of_dead_processes_are_removed(tmp_path):
    code = "import os; from nn.files import _part; print(_part({}, '0a'))"

    def part(process):
        done = subprocess.run(
            [sys.executable, "-c", code.format(process)],
            capture_output=True,
            text=True,
            check=True,
        )
        return tmp_path / done.stdout.strip()

    dead, living = part("os.getpid()"), part(os.getppid())
    others = [tmp_path / "a.part", tmp_path / ".7-0a@elsewhere!.part"]
    for file in (dead, living, *others):
        file.touch()
    write_file(tmp_path / "b", b"")
    assert not dead.exists()
    assert all(file.exists() for file in (living, *others))


WRITE = """
import sys; from nn.files import write_file
print("go", flush=True)
while True:
    for c in b"ab":
        write_file(sys.argv[1], bytes([c]) * 1_000_000)
"""


def is_whole(path):
    data = path.read_bytes()
    return len(data) == 1_000_000 and data[:1] * len(data) == data


def writing(path):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE, path], stdout=subprocess.PIPE
    )
    process.stdout.readline()
    return process


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_killed_process_leaves_an_old_or_a_new_file(cases, tmp_path, rng):
    """Processes killed (kill -9) while they save leave a whole file."""
    path = tmp_path / "a"
    for _ in range(cases(8, 400)):
        with writing(path) as process:
            time.sleep(rng.uniform(0, 0.05))
            process.kill()
        assert not path.exists() or is_whole(path)
    write_file(path, b"a" * 1_000_000)
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_two_writers_and_a_reader_meet_no_half_file(cases, tmp_path):
    """A file read while two processes write it is whole each time."""
    path = tmp_path / "a"
    write_file(path, b"a" * 1_000_000)
    with writing(path) as one, writing(path) as two:
        whole = [is_whole(path) for _ in range(cases(300, 30_000))]
        one.kill()
        two.kill()
    assert all(whole)


INTERRUPTED = """
import os, signal, sys; from nn.files import write_file
import random
done, outcomes, rng = 0, set(), random.Random(0)
def stop(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, stop)
while done < int(sys.argv[2]):
    try:
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 2e-3))
        while True:
            write_file(sys.argv[1], b"a" * 100_000)
    except KeyboardInterrupt:
        done += 1
        outcomes.add(len(open(sys.argv[1], "rb").read()))
print(outcomes)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interrupt_stays_an_interrupt(cases, tmp_path):
    """Ctrl-C while a file is written: it stays whole and is Ctrl-C."""
    path = tmp_path / "a"
    write_file(path, b"a" * 100_000)
    many = cases(300, 30_000)
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, path, str(many)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("{100000}\n", "")


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_full_disk_leaves_the_old_file(tmp_path):
    """The limit of a file's size stands for the end of a disk."""
    path = tmp_path / "a"
    write_file(path, b"old")
    code = (
        "import resource, signal, sys; from nn.files import write_file\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "write_file(sys.argv[1], bytes(100_000))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.endswith(f"File too large: '{path}'\n")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]
