"""The two data sets: what they hold, where they come from, what breaks.

Tests with the marker `data` need the 30 MB of Fashion-MNIST, and fail
without. The others work on small files of the same format.
"""

import ast
import csv
import gzip
import http.server
import os
import re
import sys
import threading
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from fashion_files import FINAL, NAMES, files_in, write

from nn import datasets
from nn.datasets import (
    FASHION_CLASSES,
    HOUSING_FEATURES,
    HOUSING_UNITS,
    _california,
    _fashion,
    _fetch,
    _idx,
    california_housing,
    fashion_mnist,
    fashion_mnist_sample,
    fetch_fashion_mnist,
)

HERE = Path(datasets.__file__).parent


def test_datasets_import_only_the_standard_library_and_numpy():
    allowed = {*sys.stdlib_module_names, "numpy"}
    for path in HERE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                roots = {name.name.split(".")[0] for name in node.names}
                assert roots <= allowed, path
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module.split(".")[0] in allowed, path
            if isinstance(node, ast.ImportFrom):
                assert node.level <= 1, f"{path} imports a module of nn"


def test_shipped_files_are_small_and_the_notice_is_beside_the_sample():
    assert _california.FILE.stat().st_size < 700_000
    assert _fashion.SAMPLE.stat().st_size < 200_000
    notice = HERE / "fashion_mnist_sample.LICENSE.txt"
    text = notice.read_text("utf-8")
    assert "MIT License" in text
    assert "2017 Zalando SE" in text


# California Housing


def test_housing_shapes_types_and_means():
    (X_train, y_train), (X_test, y_test) = california_housing()
    assert X_train.shape == (16512, 8)
    assert y_train.shape == (16512, 1)
    assert X_test.shape == (4128, 8)
    assert y_test.shape == (4128, 1)
    for array in (X_train, y_train, X_test, y_test):
        assert array.dtype == np.float32
        assert array.flags.writeable
    X = np.concatenate([X_train, X_test]).astype(np.float64)
    y = np.concatenate([y_train, y_test]).astype(np.float64)
    income = HOUSING_FEATURES.index("MedInc")
    assert X[:, income].mean() == pytest.approx(3.870671, abs=1e-6)
    assert y.mean() == pytest.approx(2.068558, abs=1e-6)
    assert (y == np.float32(5.00001)).sum() == 965
    assert len(HOUSING_FEATURES) == len(HOUSING_UNITS) == 8


def test_housing_rows_are_the_stated_permutation_of_the_table():
    with gzip.open(_california.FILE, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    order = np.random.RandomState(42).permutation(20640)
    (X_train, y_train), (X_test, y_test) = california_housing()
    X = np.concatenate([X_train, X_test])
    y = np.concatenate([y_train, y_test])

    def column(name):
        return np.array([float(rows[k][name]) for k in order])

    per_household = 1 / column("households")
    expected = {
        "MedInc": column("median_income"),
        "HouseAge": column("housing_median_age"),
        "AveRooms": column("total_rooms") * per_household,
        "AveBedrms": column("total_bedrooms") * per_household,
        "Population": column("population"),
        "AveOccup": column("population") * per_household,
        "Latitude": column("latitude"),
        "Longitude": column("longitude"),
    }
    assert tuple(expected) == HOUSING_FEATURES
    for k, values in enumerate(expected.values()):
        np.testing.assert_allclose(X[:, k], values, rtol=1e-7)
    value = column("median_house_value") / 100_000
    np.testing.assert_allclose(y[:, 0], value, rtol=1e-7)


def test_housing_first_row_of_the_table():
    (X_train, y_train), _ = california_housing()
    row = np.flatnonzero(np.random.RandomState(42).permutation(20640) == 0)
    X = [8.3252, 41, 880 / 126, 129 / 126, 322, 322 / 126, 37.88, -122.23]
    np.testing.assert_allclose(X_train[row], [X], rtol=1e-6)
    np.testing.assert_allclose(y_train[row], [[4.526]], rtol=1e-6)


def test_housing_validation_is_the_last_tenth_of_the_training_rows():
    (X, y), test = california_housing()
    train, same_test, val = california_housing(validation=0.1)
    assert len(train[0]) == len(train[1]) == 14861
    assert len(val[0]) == len(val[1]) == 1651
    np.testing.assert_array_equal(np.concatenate([train[0], val[0]]), X)
    np.testing.assert_array_equal(np.concatenate([train[1], val[1]]), y)
    np.testing.assert_array_equal(test[0], same_test[0])


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        *((value, ValueError) for value in (-0.1, 1, 1.5, float("nan"))),
        *((value, TypeError) for value in (None, "0.1", True, [0.1], 0.1j)),
    ],
)
def test_validation_must_be_a_fraction(wrong, error):
    for load in (california_housing, fashion_mnist):
        with pytest.raises(error, match="validation must be the fraction"):
            load(validation=wrong)


@pytest.mark.parametrize("fraction", [1e-6, 1 - 1e-6])
def test_validation_must_leave_rows_on_both_sides(fraction):
    with pytest.raises(ValueError, match="at least one row in both parts"):
        california_housing(validation=fraction)


def test_housing_with_one_changed_digit_is_refused(tmp_path, monkeypatch):
    text = gzip.decompress(_california.FILE.read_bytes())
    assert b"452600" in text
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(text.replace(b"452600", b"452601", 1)))
    monkeypatch.setattr(_california, "FILE", path)
    with pytest.raises(ValueError, match="but is damaged or changed"):
        california_housing()


@pytest.mark.parametrize("size", [0, 1000, 200_000])
def test_housing_file_cut_short_is_refused(size, tmp_path, monkeypatch):
    path = tmp_path / "table.csv.gz"
    path.write_bytes(_california.FILE.read_bytes()[:size])
    monkeypatch.setattr(_california, "FILE", path)
    with pytest.raises(ValueError, match="Install from-one-neuron again"):
        california_housing()


def test_housing_file_that_is_absent_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(_california, "FILE", tmp_path / "none.csv.gz")
    with pytest.raises(ValueError, match=r"none\.csv\.gz"):
        california_housing()


# Fashion-MNIST: small files in the same format


@pytest.mark.parametrize("packed", [True, False])
def test_fashion_reads_packed_and_unpacked(packed, small, places):
    write(places["folder"], small, packed)
    train, test, val = fashion_mnist(places["folder"], validation=0.1)
    X = np.frombuffer(small[NAMES[0]], np.uint8, offset=16)
    X = X.reshape(20, 784)
    y = np.frombuffer(small[NAMES[1]], np.uint8, offset=8)
    np.testing.assert_array_equal(train[0], X[:18])
    np.testing.assert_array_equal(train[1], y[:18])
    np.testing.assert_array_equal(val[0], X[18:])
    np.testing.assert_array_equal(val[1], y[18:])
    assert test[0].shape == (10, 784)
    assert test[0].dtype == np.uint8
    assert test[1].dtype == np.int64
    assert train[0].flags.writeable


def test_fashion_order_of_the_places(small, places, monkeypatch):
    monkeypatch.setenv("NN_DATA", str(places["NN_DATA"]))
    order = ["folder", "NN_DATA", "cache", "keras", "debian"]
    for name in order:
        write(places[name], small)
    for k, name in enumerate(order):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = fetch_fashion_mnist(places["folder"], apt=False)
        assert found == places[name]
        # a folder that the user named and that lacks the files is told
        assert len(caught) == min(k, 2)
        for path in places[name].iterdir():
            path.unlink()


def test_fashion_looks_into_a_folder_of_that_name(
    small, places, monkeypatch
):
    write(places["NN_DATA"] / "fashion-mnist", small)
    monkeypatch.setenv("NN_DATA", str(places["NN_DATA"]))
    found = fetch_fashion_mnist(apt=False)
    assert found == places["NN_DATA"] / "fashion-mnist"


def test_fashion_cache_ignores_a_relative_xdg_folder(places, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    expected = Path.home() / ".cache" / "from-one-neuron" / "fashion-mnist"
    assert _fashion._cache() == expected


def changed(content):
    return content[:-1] + bytes([content[-1] ^ 1])


DAMAGE = {
    "changed": (lambda c: gzip.compress(changed(c)), "SHA-256"),
    "cut": (lambda c: gzip.compress(c)[:-20], "cannot be unpacked"),
    "flipped": (
        lambda c: changed(gzip.compress(c)[:-8]) + gzip.compress(c)[-8:],
        "cannot be unpacked",
    ),
    "short": (
        lambda c: gzip.compress(c[:-5]),
        "must have 7856 bytes|must have 15696 bytes",
    ),
    "long": (lambda c: gzip.compress(c + b"x"), "but has more"),
    "header": (lambda c: gzip.compress(b"\0\0\x08\x01" + c[4:]), "header"),
    "page": (lambda c: b"<html>sign in</html>", "header"),
    "empty": (lambda c: b"", "an empty file"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_fashion_damage_in_a_named_folder_is_an_error(
    kind, small, places, monkeypatch
):
    damage, message = DAMAGE[kind]
    bad = places["folder"] / f"{NAMES[0]}.gz"
    write(places["folder"], small)
    write(places["cache"], small)
    bad.write_bytes(damage(small[NAMES[0]]))
    with pytest.raises(ValueError, match=message) as caught:
        fashion_mnist(places["folder"])
    assert str(bad) in str(caught.value)
    assert "folder names a folder with a damaged file" in str(caught.value)
    monkeypatch.setenv("NN_DATA", str(places["folder"]))
    with pytest.raises(ValueError, match="NN_DATA names a folder"):
        fashion_mnist()


@pytest.mark.parametrize("kind", DAMAGE)
def test_fashion_damage_elsewhere_is_reported_and_the_next_place_tried(
    kind, small, places
):
    damage, message = DAMAGE[kind]
    write(places["keras"], small)
    write(places["debian"], small)
    bad = places["keras"] / f"{NAMES[2]}.gz"
    bad.write_bytes(damage(small[NAMES[2]]))
    with pytest.warns(UserWarning, match=message) as caught:
        found = fetch_fashion_mnist(apt=False)
    assert found == places["debian"]
    assert str(bad) in str(caught[0].message)
    assert caught[0].filename == __file__


def test_fashion_without_data_says_where_it_looked(
    small, places, monkeypatch
):
    write(places["keras"], {NAMES[0]: small[NAMES[0]]})
    monkeypatch.setenv("NN_DATA", str(places["NN_DATA"]))
    monkeypatch.setattr(_fetch, "ADDRESSES", ("http://127.0.0.1:9/x",))
    with (
        pytest.warns(UserWarning, match="no Fashion-MNIST in"),
        pytest.raises(FileNotFoundError) as caught,
    ):
        fashion_mnist(places["folder"])
    text = str(caught.value)
    for place in places.values():
        assert str(place) in text
    looked = [places["folder"], places["NN_DATA"], places["debian"]]
    for place in looked:
        assert f"{place}: no such folder" in text
    assert f"{places['keras']}: no {NAMES[1]}.gz, {NAMES[2]}.gz" in text
    assert "http://127.0.0.1:9/x: " in text
    for advice in ("python -m nn data", "NN_DATA", _fetch.PACKAGE, *FINAL):
        assert advice in text.split("What to do")[1]
    assert f"into\n    {places['cache']}\n" in text


def test_without_a_cache_the_advice_says_what_to_name():
    assert "into\n    the folder XDG_CACHE_HOME" in _fashion._advice(
        [], None
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [(KeyError("a"), "KeyError: 'a'"), (OSError("b"), "b")],
)
def test_an_unexpected_error_of_a_source_has_its_name(
    places, monkeypatch, error, said
):
    def fail(*_):
        raise error

    monkeypatch.setattr(_fetch, "download", fail)
    monkeypatch.setattr(_fetch, "ADDRESSES", ("http://127.0.0.1:9/x",))
    with pytest.raises(FileNotFoundError, match=f"9/x: {said}\n"):
        fashion_mnist()


def test_fashion_download_false_does_not_download(places, monkeypatch):
    monkeypatch.setattr(_fetch, "ADDRESSES", ("http://127.0.0.1:9/x",))
    with pytest.raises(FileNotFoundError, match="download=False") as caught:
        fashion_mnist(download=False)
    assert "127.0.0.1" not in str(caught.value)
    assert not places["cache"].exists()


# Fashion-MNIST: the download, from a server on this machine


class Handler(http.server.BaseHTTPRequestHandler):
    """Answer with server.answer(path), or with half if told to."""

    def do_GET(self):
        self.server.asked.append(self.path)
        body = self.server.answer(self.path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // (2 if self.server.cut else 1)])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(small, places, monkeypatch):
    """Serve the four small files; the only address known."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as it:
        it.asked, it.cut = [], False
        it.handle_error = lambda *_: None  # we hang up on wrong answers
        it.content = {
            f"/{name}.gz": gzip.compress(small[name]) for name in NAMES
        }
        it.answer = it.content.get
        it.url = f"http://127.0.0.1:{it.server_port}"
        monkeypatch.setattr(_fetch, "ADDRESSES", (it.url,))
        thread = threading.Thread(target=it.serve_forever, args=(0.01,))
        thread.start()
        yield it
        it.shutdown()
        thread.join()


def test_download_into_the_own_cache_once(server, places, capsys):
    (X, _), _ = fashion_mnist()
    assert X.shape == (20, 784)
    assert files_in(places["cache"]) == FINAL
    assert len(server.asked) == 4
    fashion_mnist()
    assert len(server.asked) == 4
    out = capsys.readouterr()
    assert out.out == out.err == ""  # stderr is no terminal here


def test_the_bar_shows_what_has_come():
    assert _fetch._bar(1_500_000, 0) == "1.5 MB"
    half = f"[{'#' * 15}{' ' * 15}] 1.0 of 2.0 MB"
    assert _fetch._bar(1_000_000, 2_000_000) == half


def test_download_shows_a_bar_on_a_terminal(server, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    fashion_mnist()
    err = capsys.readouterr().err
    assert len(re.findall(r"\[#{30}\] [^\r]* MB\n", err)) == 4
    for name in NAMES:
        assert f"\r{name} [" in err


def test_download_replaces_a_damaged_file_and_keeps_the_others(
    server, small, places
):
    write(places["cache"], small)
    (places["cache"] / FINAL[0]).write_bytes(b"half a fi")
    with pytest.warns(UserWarning, match="cannot be unpacked|header"):
        fashion_mnist()
    assert server.asked == [f"/{FINAL[0]}"]
    assert files_in(places["cache"]) == FINAL


def test_download_that_ends_early_leaves_nothing(server, places):
    server.cut = True
    with pytest.raises(FileNotFoundError, match="but ends after"):
        fashion_mnist()
    assert files_in(places["cache"]) == []


def test_download_of_something_else_leaves_nothing(server, places):
    server.answer = lambda path: b"<html>please sign in</html>"
    with pytest.raises(FileNotFoundError, match="but begins with 3c68746d"):
        fashion_mnist()
    assert files_in(places["cache"]) == []


def test_download_without_end_is_stopped(server, places):
    server.answer = lambda path: bytes(1_000_000)
    with pytest.raises(FileNotFoundError, match="announces 1000000"):
        fashion_mnist()
    assert files_in(places["cache"]) == []


def test_a_file_that_unpacks_to_much_more_is_not_unpacked(tmp_path):
    name = "t10k-labels-idx1-ubyte"
    path = tmp_path / f"{name}.gz"
    path.write_bytes(
        gzip.compress(_idx._header((10_000,)) + bytes(50_000_000))
    )
    tracemalloc.start()
    try:
        with pytest.raises(_idx.Damaged, match="has more"):
            _idx.read_file(path, name)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_second_address_is_tried(server, small, places, monkeypatch):
    good = server.answer
    addresses = (f"{server.url}/absent", server.url)
    monkeypatch.setattr(_fetch, "ADDRESSES", addresses)
    server.answer = lambda path: good(path)
    assert fetch_fashion_mnist(apt=False) == places["cache"]
    assert server.asked[:2] == [f"/absent/{NAMES[0]}.gz", f"/{NAMES[0]}.gz"]


# Fashion-MNIST: Debian's package, with tools that only pretend


@pytest.fixture
def apt(small, places, tmp_path, monkeypatch):
    """Put an apt-get, apt-cache and dpkg-deb on PATH that log calls."""
    write(tmp_path / "content", small)
    folder = tmp_path / "bin"
    folder.mkdir()
    log = tmp_path / "calls"
    known = tmp_path / "known"
    scripts = {
        "apt-cache": f"test -e {known}",
        "apt-get": f"""case "$*" in
          *update) touch {known};;
          *download*) test -e {known} || {{ echo none >&2; exit 100; }}
            touch data.deb;;
        esac""",
        "dpkg-deb": f"""to="$3/usr/share/datasets/fashion-mnist"
          mkdir -p "$to" && cp {tmp_path}/content/* "$to" """,
    }
    for name, script in scripts.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\necho {name} $1 $2 >>{log}\n{script}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return log, known


def test_apt_fills_the_own_cache(apt, places):
    log, known = apt
    known.touch()
    assert fetch_fashion_mnist() == places["cache"]
    assert files_in(places["cache"]) == FINAL
    calls = [line.split()[0] for line in log.read_text().splitlines()]
    assert calls == ["apt-cache", "apt-get", "dpkg-deb"]
    log.unlink()
    fetch_fashion_mnist()
    assert not log.exists()


def test_apt_updates_empty_lists_as_root_only(apt, places, monkeypatch):
    log, known = apt
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(FileNotFoundError, match="run apt-get update as"):
        fetch_fashion_mnist()
    assert not known.exists()
    assert files_in(places["cache"]) == []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert fetch_fashion_mnist() == places["cache"]
    assert "apt-get -q update" in log.read_text()


def test_apt_that_fails_is_reported(apt, places, monkeypatch, tmp_path):
    (tmp_path / "bin" / "apt-get").write_text("#!/bin/sh\nexit 1\n")
    apt[1].touch()
    with pytest.raises(FileNotFoundError, match=r"`apt-get .* failed"):
        fetch_fashion_mnist()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="has no apt-get"):
        fetch_fashion_mnist()


def test_apt_that_leaves_no_package_is_reported(apt, places, tmp_path):
    (tmp_path / "bin" / "apt-get").write_text("#!/bin/sh\n")
    apt[1].touch()
    with pytest.raises(FileNotFoundError, match="has left 0"):
        fetch_fashion_mnist()
    assert files_in(places["cache"]) == []


def test_apt_with_a_damaged_package_leaves_nothing(apt, places, tmp_path):
    apt[1].touch()
    (tmp_path / "content" / FINAL[0]).write_bytes(b"damaged")
    with pytest.raises(FileNotFoundError, match="header"):
        fetch_fashion_mnist()
    assert FINAL[0] not in files_in(places["cache"])


def test_apt_is_not_used_by_the_loader(apt):
    apt[1].touch()
    with pytest.raises(FileNotFoundError):
        fashion_mnist()
    with pytest.raises(FileNotFoundError):
        fetch_fashion_mnist(apt=False)
    assert not apt[0].exists()


# Fashion-MNIST: the sample and the real files


def test_sample_is_balanced():
    X, y = fashion_mnist_sample()
    assert X.shape == (200, 784)
    assert X.dtype == np.uint8
    assert y.dtype == np.int64
    np.testing.assert_array_equal(np.bincount(y), np.full(10, 20))
    assert X.min() == 0
    assert X.max() == 255
    assert len(FASHION_CLASSES) == 10


@pytest.mark.data
def test_sample_is_the_first_twenty_of_each_class():
    _, (X_test, y_test) = fashion_mnist(download=False)
    firsts = [np.flatnonzero(y_test == k)[:20] for k in range(10)]
    rows = np.sort(np.concatenate(firsts))
    X, y = fashion_mnist_sample()
    np.testing.assert_array_equal(X, X_test[rows])
    np.testing.assert_array_equal(y, y_test[rows])


@pytest.mark.data
def test_fashion_shapes_types_and_classes():
    (X_train, y_train), (X_test, y_test) = fashion_mnist(download=False)
    assert X_train.shape == (60000, 784)
    assert X_test.shape == (10000, 784)
    assert X_train.dtype == X_test.dtype == np.uint8
    assert y_train.dtype == y_test.dtype == np.int64
    assert y_train.shape == (60000,)
    np.testing.assert_array_equal(np.bincount(y_train), np.full(10, 6000))
    np.testing.assert_array_equal(np.bincount(y_test), np.full(10, 1000))
    # the published mean of the training pixels, on the scale 0 to 1
    assert X_train.mean() / 255 == pytest.approx(0.2860, abs=1e-4)
    assert FASHION_CLASSES[y_train[0]] == "Ankle boot"


@pytest.mark.data
def test_fashion_validation_is_the_last_tenth():
    (X, y), _ = fashion_mnist(download=False)
    train, _, val = fashion_mnist(download=False, validation=0.1)
    assert train[0].shape == (54000, 784)
    np.testing.assert_array_equal(val[0], X[54000:])
    np.testing.assert_array_equal(train[1], y[:54000])
    np.testing.assert_array_equal(val[1], y[54000:])
