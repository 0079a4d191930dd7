"""fit_shards on every kind of executor: the weights of fit, and faults."""

import copy
import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nn import (
    L1,
    L2,
    SGD,
    Adam,
    BatchNormalization,
    Dense,
    Dropout,
    MeanSquaredError,
    Normalization,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    accuracy,
    evaluate,
    fit,
    fit_shards,
    npy_shards,
    processes,
    r2_score,
)
from nn.distributed import _loaded

ROOT = Path(__file__).resolve().parents[1]
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


class Here:
    """An executor without workers."""

    map = staticmethod(map)


def samples(n=96, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5))
    return X, (X @ rng.normal(size=(5, 3))).argmax(axis=1)


def network(dtype=np.float64, seed=1):
    dense = partial(Dense, rng=np.random.default_rng(seed), dtype=dtype)
    front = Normalization(mean=0.1, std=2, dtype=dtype)
    hidden = dense(5, 16, regularizer=L2(1e-2)), ReLU()
    inner = Sequential(dense(16, 8, regularizer=L1(1e-3)), ReLU())
    return Sequential(front, *hidden, inner, dense(8, 3))


def rows(start, stop):
    """A shard: what a new process can import from this file."""
    X, y = samples()
    return X[start:stop], y[start:stop]


def shards(count, n=96):
    cuts = [n * k // count for k in range(count + 1)]
    return [partial(rows, *ends) for ends in pairwise(cuts)]


def how(**more):
    parts = {"loss": SoftmaxCrossEntropy(), "optimizer": Adam(1e-2)}
    return parts | {"epochs": 5, "batch_size": 24, "rng": 3} | more


@pytest.fixture(scope="module")
def alone():
    """The network, trained by ``fit`` in 20 steps."""
    model = network()
    fit(model, *samples(), **how())
    return model


def gap(model, other):
    pairs = model.parameters(), other.parameters()
    ours, theirs = (arrays.values() for arrays in pairs)
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    return max(np.abs(d).max() for d in differences)


# --- the weights of fit


@pytest.mark.parametrize("count", [1, 2, 4])
def test_processes_find_the_weights_of_fit(count, alone):
    model = network()
    with processes(count) as executor:
        fit_shards(model, shards(count), executor=executor, **how())
    assert gap(model, network()) > 0.01
    assert gap(model, alone) < 1e-12


def test_loky_finds_the_weights_of_fit(alone):
    loky = pytest.importorskip("joblib.externals.loky")
    model = network()
    with loky.ProcessPoolExecutor(2) as executor:
        fit_shards(model, shards(2), executor=executor, **how())
    assert gap(model, alone) < 1e-12


def test_threads_do_not_share_a_network(alone):
    with ThreadPoolExecutor(4) as executor:
        for _ in range(5):
            model = network()
            fit_shards(model, shards(4), executor=executor, **how())
            assert gap(model, alone) < 1e-12


def test_any_division_gives_the_weights_and_history_of_fit(cases):
    """Trainings divided at random that end as ``fit`` does."""
    rng = np.random.default_rng(5)
    for _ in range(cases(100, 3000)):
        n, seed = int(rng.integers(2, 60)), int(rng.integers(1 << 30))
        X, y = samples(n, seed)
        inside = np.arange(1, n)
        count = rng.integers(0, min(n, 6))
        cuts = np.sort(rng.choice(inside, count, replace=False))
        parts = zip(np.split(X, cuts), np.split(y, cuts), strict=True)
        functions = [partial(tuple, part) for part in parts]
        more = how(
            epochs=2,
            batch_size=int(rng.integers(1, n + 5)),
            rng=seed,
            validation=(X[:3], y[:3]),
            metrics={"accuracy": accuracy},
        )
        one, many = network(seed=seed), network(seed=seed)
        expected = fit(one, X, y, **more)
        more["optimizer"] = Adam(1e-2)
        history = fit_shards(many, functions, executor=Here(), **more)
        assert gap(one, many) < 1e-12
        assert history.keys() == expected.keys()
        for name, values in expected.items():
            assert history[name] == pytest.approx(values, rel=1e-9)


def test_a_metric_sees_the_whole_batch():
    """R² of a batch is no mean over its parts."""
    X = samples()[0]
    y = X @ np.ones((5, 1))
    parts = [partial(tuple, (X[a:b], y[a:b])) for a, b in ((0, 7), (7, 96))]
    more = how(loss=MeanSquaredError(), metrics={"r2": r2_score})
    one, many = (Sequential(Dense(5, 1, rng=0)) for _ in range(2))
    expected = fit(one, X, y, **more)
    more["optimizer"] = Adam(1e-2)
    history = fit_shards(many, parts, executor=Here(), **more)
    assert history["r2"] == pytest.approx(expected["r2"], rel=1e-5)


def test_a_training_goes_on_from_its_history(alone):
    model, rng, optimizer = network(), np.random.default_rng(3), Adam(1e-2)
    more = how(rng=rng, optimizer=optimizer)
    run = partial(fit_shards, model, shards(2), executor=Here())
    history = run(**more, on_epoch=lambda epoch, _: epoch == 1)
    assert len(history["loss"]) == 2
    history = run(**more, history=history)
    assert len(history["loss"]) == 5
    assert gap(model, alone) < 1e-12


def test_float32_stays_float32():
    model = network(np.float32)
    fit_shards(model, shards(3), executor=Here(), **how())
    one = network(np.float32)
    fit(one, *samples(), **how())
    assert {w.dtype.name for w in model.parameters().values()} == {
        "float32"
    }
    assert gap(model, one) < 1e-3


def test_the_callers_objects_stay_as_they_are():
    loss, model = SoftmaxCrossEntropy(), network()
    before = pickle.dumps(loss)
    fit_shards(model, shards(2), executor=Here(), **how(loss=loss))
    assert pickle.dumps(loss) == before
    assert len(pickle.dumps(model)) == len(pickle.dumps(network()))


# --- shards


def test_a_worker_loads_a_shard_once_in_a_training():
    loaded = []

    def load(k):
        loaded.append(k)
        return samples()

    functions = [partial(load, k) for k in range(3)]
    for run in (1, 2):
        fit_shards(network(), functions, executor=Here(), **how())
        assert loaded == run * [0, 1, 2]
        assert _loaded.cache_info().currsize == 1  # the last run is gone


@pytest.fixture
def files(tmp_path):
    paths = tmp_path / "X.npy", tmp_path / "y.npy"
    for path, array in zip(paths, samples(), strict=True):
        np.save(path, array)
    return paths


def test_npy_shards_hold_each_row_once_and_stay_on_the_disk(files):
    for count in (1, 2, 7, 96):
        parts = [shard() for shard in npy_shards(*files, count)]
        assert len(parts) == count
        assert all(isinstance(a, np.memmap) for part in parts for a in part)
        for k, whole in enumerate(samples()):
            together = np.concatenate([part[k] for part in parts])
            assert np.array_equal(together, whole)


def test_npy_shards_do_not_depend_on_the_folder(files, monkeypatch):
    monkeypatch.chdir(files[0].parent)
    (shard,) = npy_shards("X.npy", "y.npy", 1)
    monkeypatch.chdir(ROOT)
    assert len(shard()[0]) == 96


def test_npy_shards_refuse_what_is_no_pair_of_files(files, tmp_path):
    with pytest.raises(
        ValueError, match="count must be an integer from 1 "
    ):
        npy_shards(*files, 97)
    with pytest.raises(FileNotFoundError, match=r"none\.npy"):
        npy_shards(files[0], tmp_path / "none.npy", 2)
    np.save(files[1], np.zeros(95))
    with pytest.raises(ValueError, match="X and y must have the same numb"):
        npy_shards(*files, 2)
    files[1].write_text("no array")
    with pytest.raises(
        ValueError, match=r"X\.npy and y\.npy must be files th"
    ):
        npy_shards(*files, 2)


PEAK = """
import sys
from pathlib import Path
from nn import SGD, Dense, MeanSquaredError, Sequential
from nn import fit_shards, npy_shards, processes

if __name__ == "__main__":
    files = sys.argv[1:3]
    model = Sequential(Dense(1000, 1, rng=0))
    how = {"loss": MeanSquaredError(), "optimizer": SGD(1e-6)}
    with processes(2) as executor:
        shards = npy_shards(*files, 2)
        how |= {"epochs": 1, "batch_size": 2000}
        fit_shards(model, shards, executor=executor, rng=0, **how)
    status = Path("/proc/self/status").read_text()
    print(status.partition("VmHWM:")[2].split()[0])  # kB
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_memory_of_the_driver_does_not_grow_with_the_data(tmp_path):
    script = tmp_path / "peak.py"
    script.write_text(PEAK)
    peaks = []
    for n in (4_000, 200_000):  # 4 and 200 MB
        paths = [tmp_path / f"{name}{n}.npy" for name in "Xy"]
        new = np.lib.format.open_memmap
        new(paths[0], "w+", np.uint8, (n, 1000)).flush()
        new(paths[1], "w+", np.float32, (n, 1)).flush()
        done = run_script(script, *paths)
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout) / 1024)  # MB
    assert peaks[1] < peaks[0] + 20
    assert peaks[1] < 200


def run_script(script, *arguments):
    return subprocess.run(
        [sys.executable, script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )


# --- what is refused


def refused(match, model=None, parts=None, executor=None, **more):
    model = model or network()
    parts = shards(2) if parts is None else parts
    with pytest.raises((ValueError, TypeError), match=match) as caught:
        fit_shards(model, parts, executor=executor or Here(), **how(**more))
    return caught.value


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (Dropout(0.5), r"Dropout\(0\.5\) draws its masks in th"),
        (
            BatchNormalization(3),
            r"BatchNormalization\(3\) takes the mean ov",
        ),
    ],
)
def test_what_couples_rows_is_refused_by_name_wherever_it_is(layer, says):
    inner = Sequential(Dense(5, 3), layer)
    says = f"each row by itself, but {says}"
    for model in (inner, Sequential(inner, ReLU())):
        before = copy.deepcopy(model)
        refused(says, model)
        assert gap(model, before) == 0


def fail(message):
    raise OSError(message)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        (lambda: 3, r"what shard 1 returns must be a pair \(X, y\)"),
        (lambda: rows(0, 0), "shard 1 X must have at least one row"),
        (
            lambda: (samples()[0], [1]),
            "shard 1 X and shard 1 y must have the same number of rows",
        ),
        (
            lambda: (np.full((1, 5), np.nan), [0]),
            "shard 1 X must be finite, but row 0, column 0 is nan",
        ),
        (
            lambda: (np.ones((2, 4)), [0, 1]),
            "shard 1 X must have rows like those of shard 0 X, of shape",
        ),
        (
            lambda: (np.ones((2, 5)), np.ones((2, 1))),
            "shard 1 y must have rows like those of shard 0 y, of shape",
        ),
    ],
)
def test_a_wrong_shard_is_named(part, says):
    refused(says, parts=[*shards(1), part])


def test_the_error_of_a_worker_reaches_the_driver():
    parts = [*shards(1), partial(fail, "the disk is on fire")]
    with (
        processes(2) as executor,
        pytest.raises(OSError, match="the disk is on fire"),
    ):
        fit_shards(network(), parts, executor=executor, **how())


def test_validation_rows_must_be_like_the_others():
    validation = np.ones((2, 4)), np.array([0, 1])
    refused("validation X must have rows like those of X", parts=None,
            validation=validation)  # fmt: skip


def test_a_divergence_is_that_of_fit():
    X, y = samples()
    says = []
    for train in (
        partial(fit, X=X, y=y),
        partial(fit_shards, shards=shards(3), executor=Here()),
    ):
        more = how(optimizer=SGD(1e200), epochs=3)
        with pytest.raises(FloatingPointError) as caught:
            train(network(), **more)
        says.append(str(caught.value))
    assert says[0].startswith("epoch 1, step ")
    assert says[1].partition(", loss")[0] == says[0].partition(", loss")[0]
    assert "Choose a smaller lr" in says[1]


# --- workers that end


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


@POSIX
def test_a_killed_process_ends_the_training_with_advice():
    parts = [*shards(1), partial(die)]
    model = network()
    with (
        processes(2) as executor,
        pytest.raises(BrokenProcessPool) as caught,
    ):
        fit_shards(model, parts, executor=executor, **how())
    (note,) = caught.value.__notes__
    assert "move shards, layers and losses of your own into a modu" in note
    assert gap(model, network()) == 0


def who(_):
    time.sleep(0.05)
    return os.getpid()


ENDLESS = """
from test_distributed import how, network, shards, who
from nn import fit_shards, processes

def tick(epoch, history):
    if not epoch:
        print("going", flush=True)

if __name__ == "__main__":
    with processes(2) as executor:
        while len({*executor.map(who, range(4))}) < 2:
            pass  # until both have started
        more = how(epochs=1_000_000, on_epoch=tick)
        fit_shards(network(), shards(2), executor=executor, **more)
"""


@POSIX
def test_ctrl_c_ends_the_driver_and_its_workers(tmp_path):
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS)
    with subprocess.Popen(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT}/tests"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout.readline() == "going\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        said = process.communicate(timeout=60)[1]
    assert process.returncode in (130, -signal.SIGINT)
    assert said.count("Traceback") == 1
    assert said.rstrip().endswith("KeyboardInterrupt")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("a worker is left")


# --- what a message carries


def test_a_copy_of_a_layer_has_no_gradients():
    model = Sequential(Dense(30, 20, rng=0), ReLU(), Dense(20, 1, rng=1))
    X = np.ones((4, 30), np.float32)
    fit(model, X, X[:, :1], loss=MeanSquaredError(), optimizer=SGD(0.01),
        epochs=1)  # fmt: skip
    numbers = sum(w.nbytes for w in model.parameters().values())
    assert len(pickle.dumps(model)) < numbers + 2000
    assert model.gradients()["0.W"].any()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert gap(model, twin) == 0
        for name, g in twin.gradients().items():
            assert g.shape == model.parameters()[name].shape
            assert not g.any()
        before = evaluate(model, X, X[:, :1], loss=MeanSquaredError())
        assert (
            evaluate(twin, X, X[:, :1], loss=MeanSquaredError()) == before
        )


# --- Dask


def die_once(folder, *ends):
    """A shard whose first worker dies while it loads the rows."""
    mark = Path(folder, "died")
    if not mark.exists():
        mark.touch()
        die()
    return rows(*ends)


@POSIX
@pytest.mark.full
def test_a_killed_worker_of_dask_changes_nothing(alone, tmp_path):
    from distributed import Client, LocalCluster

    killed = []

    def kill(epoch, history):
        if epoch in (1, 3):
            pid = next(iter(client.run(os.getpid).values()))
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    parts = [partial(die_once, tmp_path, 0, 48), partial(rows, 48, 96)]
    model = network()
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            host="127.0.0.1",
        ) as cluster,
        Client(cluster) as client,
    ):
        executor = client.get_executor()
        more = how(on_epoch=kill)
        history = fit_shards(model, parts, executor=executor, **more)
    assert (tmp_path / "died").exists()
    assert len({*killed}) == 2
    assert len(history["loss"]) == 5
    assert gap(model, alone) < 1e-12
