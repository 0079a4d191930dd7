"""Weight files: whole or not at all, and nothing silently wrong."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from nn.weights import load_arrays, save_arrays, write_file


@pytest.fixture
def arrays(rng):
    return {
        "0.W": rng.random((4, 3), dtype=np.float32),
        "0.b": np.zeros(3, np.float32),
        "1.mean": rng.random(5),
    }


def empty(arrays):
    return {name: np.full_like(a, -1) for name, a in arrays.items()}


def test_what_is_saved_comes_back(arrays, tmp_path):
    path, into = tmp_path / "w.safetensors", empty(arrays)
    save_arrays(path, {**arrays, "0.W": np.asfortranarray(arrays["0.W"])})
    load_arrays(path, into)
    for name, array in arrays.items():
        assert np.array_equal(into[name], array)
    assert os.listdir(tmp_path) == ["w.safetensors"]


def test_the_order_of_the_names_does_not_matter(arrays, tmp_path):
    path, into = tmp_path / "w.safetensors", empty(arrays)
    save_arrays(path, arrays)
    load_arrays(path, dict(reversed(into.items())))
    for name, array in arrays.items():
        assert np.array_equal(into[name], array)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_others_may_read_a_new_file(tmp_path):
    old = os.umask(0o022)
    try:
        write_file(tmp_path / "a", b"new")
    finally:
        os.umask(old)
    assert os.stat(tmp_path / "a").st_mode & 0o777 == 0o644


def test_every_flipped_bit_is_noticed(arrays, tmp_path, rng):
    path = tmp_path / "w.safetensors"
    save_arrays(path, arrays)
    good = path.read_bytes()
    for _ in range(400):
        bad = bytearray(good)
        for i in rng.integers(0, len(good), rng.integers(1, 4)):
            bad[i] ^= 1 << rng.integers(0, 8)
        if bytes(bad) == good:
            continue
        path.write_bytes(bad)
        into = empty(arrays)
        try:
            load_arrays(path, into)
        except ValueError:
            assert all((a == -1).all() for a in into.values())
        else:  # blanks in the header may change: the arrays must not
            for name, array in arrays.items():
                assert np.array_equal(into[name], array)


@pytest.mark.parametrize("cut", [0, 5, 100, -1])
def test_a_file_cut_short_is_reported(arrays, tmp_path, cut):
    path = tmp_path / "w.safetensors"
    save_arrays(path, arrays)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(
        ValueError, match=r"w\.safetensors must be an intact"
    ):
        load_arrays(path, empty(arrays))


def test_other_names_and_shapes_are_refused(arrays, tmp_path):
    path = tmp_path / "w.safetensors"
    save_arrays(path, arrays)
    for into in (
        {"0.W": arrays["0.W"]},
        {**empty(arrays), "2.W": np.zeros(2)},
        {**empty(arrays), "0.b": np.zeros(4, np.float32)},
    ):
        with pytest.raises(
            ValueError, match=r"must hold the arrays .* but holds"
        ):
            load_arrays(path, into)


def test_a_file_without_a_digest_is_refused(arrays, tmp_path):
    from safetensors.numpy import save_file

    save_file(arrays, tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match="SHA-256"):
        load_arrays(tmp_path / "w.safetensors", empty(arrays))


def test_no_file_at_all_is_an_os_error(arrays, tmp_path):
    with pytest.raises(FileNotFoundError):
        load_arrays(tmp_path / "w.safetensors", empty(arrays))


def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path, monkeypatch
):
    path = tmp_path / "a"
    write_file(path, b"old")

    def fail(*_):
        raise OSError("disk is full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk is full"):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_killed_process_leaves_an_old_or_a_new_file(tmp_path):
    path = tmp_path / "a"
    code = (
        "import sys; from nn.weights import write_file\n"
        "print('go', flush=True)\n"
        "while True:\n"
        "    for c in b'ab':\n"
        "        write_file(sys.argv[1], bytes([c]) * 2_000_000)\n"
    )
    write_file(path, b"a" * 2_000_000)
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        for _ in range(200):
            data = path.read_bytes()
            assert len(data) == 2_000_000
            assert data[:1] * len(data) == data
        process.send_signal(signal.SIGKILL)
    assert len(path.read_bytes()) == 2_000_000
