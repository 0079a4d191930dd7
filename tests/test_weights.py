"""Weight files: whole or not at all, and nothing silently wrong."""

import hashlib
import json
import os
import tempfile
import time
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from safetensors.numpy import save_file

from nn import Dense, Normalization, ReLU, Sequential
from nn.weights import (
    WeightFileError,
    _digest,
    load_arrays,
    match_arrays,
    read_arrays,
    save_arrays,
)

FLOATS = ("f2", "f4", "f8")
ALLOWED = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", *FLOATS)


@pytest.fixture
def arrays(rng):
    return {
        "0.W": rng.random((4, 3), dtype=np.float32),
        "0.b": np.zeros(3, np.float32),
        "1.mean": rng.random(5),
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "w.safetensors"


@pytest.fixture
def quick_path():
    """A file in memory where there is such a folder, for many writes."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder, "w.safetensors")


def empty(arrays):
    return {name: np.full_like(a, -1) for name, a in arrays.items()}


def same_bits(a, b):
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def raw(table, data=b""):
    """The bytes of a safetensors file."""
    text = json.dumps(table).encode()
    return len(text).to_bytes(8, "little") + text + data


# --- what is saved comes back


def test_what_is_saved_comes_back(arrays, path):
    into = empty(arrays)
    save_arrays(path, {**arrays, "0.W": np.asfortranarray(arrays["0.W"])})
    load_arrays(path, into)
    for name, array in arrays.items():
        assert np.array_equal(into[name], array)
    assert os.listdir(path.parent) == [path.name]


def test_the_order_of_the_names_does_not_matter(arrays, path):
    into = empty(arrays)
    save_arrays(path, arrays)
    load_arrays(path, dict(reversed(into.items())))
    for name, array in arrays.items():
        assert np.array_equal(into[name], array)


def test_arrays_of_every_type_and_shape_come_back(cases, quick_path):
    """Arrays of any shape and type come back from a file bit for bit."""
    path = quick_path
    orders = st.sampled_from(["C", "F", "reversed", "strided"])

    @hypothesis.settings(
        max_examples=cases(1000, 100_000),
        deadline=None,
        database=None,
        derandomize=True,
    )
    @hypothesis.given(st.data())
    def comes_back(data):
        kind = data.draw(st.sampled_from(ALLOWED))
        kind = data.draw(st.sampled_from("<>")) + kind
        shape = arrays_of.array_shapes(min_dims=0, min_side=0, max_side=4)
        elements = {}
        if kind[1:] in FLOATS:
            elements = {"allow_nan": False, "allow_infinity": False}
        a = data.draw(arrays_of.arrays(kind, shape, elements=elements))
        order = data.draw(orders)
        if order == "F":
            a = np.asfortranarray(a) if a.ndim else a
        elif a.ndim:
            a = a[::-1] if order == "reversed" else a.repeat(2, axis=0)[::2]
        about = data.draw(st.dictionaries(st.text(), st.text(), max_size=2))
        about.pop("sha256", None)
        name = data.draw(st.text().filter("__metadata__".__ne__))
        digest = save_arrays(path, {name: a}, about=about)
        assert len(digest) == 64
        into = {name: np.ones_like(a)}
        load_arrays(path, into)
        assert same_bits(into[name], a)
        assert read_arrays(path)[1] == about

    comes_back()


def test_a_file_of_an_earlier_version_is_read(path):
    """One that save_arrays wrote before it knew ``about``."""
    a = np.array([1, 2], np.float32)
    digest = hashlib.sha256(b"a <f4 (2,)\n" + a.tobytes()).hexdigest()
    save_file({"a": a}, path, metadata={"sha256": digest})
    assert np.array_equal(read_arrays(path)[0]["a"], a)


# --- what is wrong is refused, and nothing changes


def mutated(good, rng):
    """The bytes of a file with one of the faults that happen to files."""
    bad = bytearray(good)
    n = len(good)
    i, j = sorted(rng.integers(0, n, 2).tolist())
    fault = rng.integers(0, 10)
    if fault < 3:  # bits flip, in the table as often as in the numbers
        end = 8 + int.from_bytes(good[:8], "little") if fault == 0 else n
        for k in rng.integers(0, end, rng.integers(1, 5)):
            bad[k] ^= 1 << rng.integers(0, 8)
    elif fault == 3:
        del bad[i:j]
    elif fault == 4:
        bad[i:j] = bytes(j - i)
    elif fault == 5:
        bad[i:i] = bad[i:j]
    elif fault == 6:
        bad = bad[: int(rng.integers(0, n))]
    elif fault == 7:
        bad += rng.bytes(int(rng.integers(1, 50)))
    elif fault == 8:
        bad[i:j] = bad[i:j][::-1]
    else:  # a word of the table becomes another
        words = [b"F32", b"F64", b"F16", b"BF16", b"I32", b"U8", b"BOOL"]
        words += [b"shape", b"dtype", b"data_offsets", b"sha256", b"0.W"]
        words += [b"[", b"]", b"{", b"}", b"0", b"3", b"-1", b"null", b'"']
        old, new = (words[k] for k in rng.integers(0, len(words), 2))
        bad = bytearray(good.replace(old, new, 1))
    return bytes(bad)


def test_no_damaged_file_is_loaded(cases, arrays, quick_path, rng):
    """Damaged weight files are refused, and change no weight."""
    path = quick_path
    save_arrays(path, arrays, about={"task": "small"})
    good = path.read_bytes()
    refused, longest, into = 0, 0, empty(arrays)
    for _ in range(cases(10_000, 1_000_000)):
        bad = mutated(good, rng)
        path.write_bytes(bad)
        start = time.perf_counter()
        try:
            load_arrays(path, into)
        except WeightFileError as error:
            refused += 1
            longest = max(longest, len(str(error)))
            assert all((a == -1).all() for a in into.values())
        else:  # the same numbers: the blanks of a table may change
            for name, array in arrays.items():
                assert same_bits(into[name], array)
                into[name][...] = -1
        assert time.perf_counter() - start < 1
    assert refused > 1000
    assert longest < 2000


@pytest.mark.parametrize("cut", [0, 5, 100, -1])
def test_a_file_cut_short_is_reported(arrays, path, cut):
    save_arrays(path, arrays)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(
        WeightFileError, match=r"w\.safetensors must be an intact"
    ):
        load_arrays(path, empty(arrays))


def test_other_names_shapes_and_types_are_refused(arrays, path):
    save_arrays(path, arrays)
    for into in (
        {"0.W": arrays["0.W"]},
        {**empty(arrays), "2.W": np.zeros(2)},
        {**empty(arrays), "0.b": np.zeros(4, np.float32)},
        *({**empty(arrays), "0.b": np.zeros(3, kind)} for kind in ALLOWED),
    ):
        if into.get("0.b", np.zeros(0)).dtype == np.float32:
            into.pop("1.mean", None)
        with pytest.raises(
            WeightFileError, match=r"must hold the arrays .* but holds"
        ):
            load_arrays(path, into)


def test_a_message_names_five_arrays_at_most(path):
    save_arrays(path, {f"{i}" * 300: np.zeros(1) for i in range(40)})
    with pytest.raises(WeightFileError, match="and 35 more") as error:
        load_arrays(path, {})
    assert len(str(error.value)) < 1000


def test_a_file_without_a_digest_is_refused(arrays, path):
    save_file(arrays, path, metadata={"format": "pt"})
    with pytest.raises(
        WeightFileError,
        match="has none; write the file with save_arrays",
    ):
        load_arrays(path, empty(arrays))


def test_five_arrays_are_named_and_no_more(path):
    save_arrays(path, {})
    for n in (5, 6):
        into = {str(i): np.zeros(1) for i in range(n)}
        with pytest.raises(WeightFileError, match="'4' ") as error:
            load_arrays(path, into)
        assert ("and 1 more" in str(error.value)) == (n == 6)
        assert "and 0 more" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "size"), [("BF16", 2), ("F8_E4M3", 1), ("F8_E5M2", 1)]
)
def test_types_that_numpy_has_not_are_named(path, kind, size):
    one = {"dtype": kind, "shape": [3], "data_offsets": [0, 3 * size]}
    path.write_bytes(raw({"0.W": one}, bytes(3 * size)))
    with pytest.raises(WeightFileError, match=f"'0.W': {kind}; convert"):
        load_arrays(path, {"0.W": np.zeros(3)})


def test_a_table_of_more_than_a_megabyte_is_refused_at_once(path):
    path.write_bytes(raw({"__metadata__": {"a": "x" * 1_000_000}}))
    with pytest.raises(WeightFileError, match="up to 1,000,000 bytes"):
        read_arrays(path)
    with pytest.raises(WeightFileError, match="up to 1,000,000 bytes"):
        save_arrays(path, {}, about={"a": "x" * 1_000_000})


@pytest.mark.parametrize("name", ["folder", "pipe", "/dev/null"])
@pytest.mark.parametrize("use", [read_arrays, lambda p: save_arrays(p, {})])
def test_what_is_no_file_is_refused_at_once(tmp_path, name, use):
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name == "pipe":
        os.mkfifo(path)
    mode = path.stat().st_mode
    with pytest.raises(WeightFileError, match="must be a file, but is a"):
        use(path)
    assert path.stat().st_mode == mode


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_a_text_that_names_no_file_is_refused(path, arrays):
    for use in (read_arrays, lambda p: save_arrays(p, arrays)):
        with pytest.raises(WeightFileError, match="path must be the name"):
            use(path)


def test_no_file_at_all_is_an_os_error(arrays, path):
    with pytest.raises(FileNotFoundError, match=path.name):
        load_arrays(path, empty(arrays))


def test_a_file_that_may_not_be_read_is_told(arrays, path, monkeypatch):
    save_arrays(path, arrays)

    def denied(*_):
        raise PermissionError(13, "Permission denied", "p")

    monkeypatch.setattr("builtins.open", denied)
    with pytest.raises(
        WeightFileError, match="cannot be opened: Permission denied"
    ):
        load_arrays(path, empty(arrays))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", FLOATS)
def test_numbers_must_be_finite(path, value, kind):
    arrays = {"0.W": np.array([1, value], kind)}
    with pytest.raises(
        WeightFileError, match=r"a NaN or an infinity in '0\.W'"
    ):
        save_arrays(path, arrays)
    assert not path.exists()
    save_file(arrays, path, metadata={"sha256": _digest(arrays, {})})
    with pytest.raises(
        WeightFileError, match=r"a NaN or an infinity in '0\.W'"
    ):
        load_arrays(path, {"0.W": np.zeros(2, kind)})


@pytest.mark.parametrize(
    "array",
    [
        np.array(["a"]),
        np.array([None]),
        np.array([1j]),
        np.array(["2020-01-01"], "M8[D]"),
        np.zeros(1, [("x", "f4")]),
        np.zeros(1, np.longdouble),
        np.ma.masked_equal([1.0, 2.0], 2),
    ],
)
def test_what_no_file_can_hold_is_refused(path, array):
    if array.dtype == np.float64 and not np.ma.is_masked(array):
        pytest.skip("here a long double is a double")
    with pytest.raises(
        WeightFileError, match="real numbers of up to 64 bits"
    ):
        save_arrays(path, {"0.W": array})
    assert not path.exists()


def test_names_of_the_format_are_refused(path, arrays):
    with pytest.raises(WeightFileError, match="__metadata__"):
        save_arrays(path, {**arrays, "__metadata__": np.zeros(1)})
    with pytest.raises(WeightFileError, match="sha256"):
        save_arrays(path, arrays, about={"sha256": "0"})


@pytest.mark.parametrize(
    ("arrays", "about"),
    [({1: np.zeros(1)}, {}), ({"\ud800": np.zeros(1)}, {}), ({}, {"a": 1})],
)
def test_names_must_be_texts(path, arrays, about):
    with pytest.raises(WeightFileError, match="must have texts as names"):
        save_arrays(path, arrays, about=about)
    assert not path.exists()


def test_an_array_that_cannot_change_leaves_all_as_they_were(arrays, path):
    save_arrays(path, arrays)
    into = empty(arrays)
    into["1.mean"].flags.writeable = False
    with pytest.raises(WeightFileError, match=r"'1\.mean' cannot"):
        load_arrays(path, into)
    assert all((a == -1).all() for a in into.values())


def test_a_standard_deviation_of_zero_is_refused(path):
    def nested():
        return Sequential(
            Sequential(Normalization([1, 2], [3, 4])), Dense(2, 2), ReLU()
        )

    model = nested()
    state = model.state()
    state["0.0.std"][1] = 0
    model.save(path)
    other = nested()
    before = {name: a.copy() for name, a in other.state().items()}
    with pytest.raises(WeightFileError, match="std must be above 0"):
        other.load(path)
    for name, a in other.state().items():
        assert np.array_equal(a, before[name])


@pytest.mark.parametrize("arrays", [{"a": [1.0]}, [1.0], None, {"a": None}])
def test_what_is_matched_must_be_arrays(arrays):
    right = {"a": np.ones(1)}
    match_arrays("file", right, right)
    for pair in ((arrays, right), (right, arrays)):
        with pytest.raises(
            TypeError, match="must be a dictionary of arrays"
        ):
            match_arrays("file", *pair)
