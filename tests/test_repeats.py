"""The same seed gives the same bits, other kernels nearly the same."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

# Two epochs of 2,000 rows; images are made up, so that no file is needed.
TRAIN = """
import sys
from dataclasses import replace
import numpy as np
from nn.datasets import california_housing
from nn.tasks import TASKS

rng = np.random.default_rng(0)
X = rng.integers(0, 256, (2000, 784), dtype=np.uint8)
rows = {"fashion-mnist": (X, rng.integers(0, 10, 2000))}
rows["california-housing"] = [a[:2000] for a in california_housing()[0]]
found = {}
file, seed, *names = sys.argv[1:]
for name in names:
    task, settings = name.split(":")
    settings = replace(TASKS[task].settings[settings], epochs=2)
    model, history, _ = TASKS[task].train(settings, *rows[task], int(seed))
    losses = {"loss": np.array(history["loss"])}
    for key, value in (model.parameters() | losses).items():
        found[f"{name} {key}"] = value
np.savez(file, **found)
"""
# Weights and losses may differ by so much after the two epochs.
BOUNDS = {
    "california-housing:classic": 1e-5,
    "california-housing:fourier": 1e-5,
    "fashion-mnist:classic": 1e-3,
    "fashion-mnist:tuned": 1e-3,
}
# Kernels of OpenBLAS, and what a processor must have to run them.
KERNELS = {
    "Haswell": "avx2",
    "Prescott": "pni",
    "Nehalem": "sse4_2",
    "SkylakeX": "avx512vl",
}


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    """``train(seed, **environment)``: the arrays of a fresh process."""

    def run(seed=0, **environment):
        file = tmp_path_factory.mktemp("run") / "arrays.npz"
        done = subprocess.run(
            [sys.executable, "-c", TRAIN, file, str(seed), *BOUNDS],
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        with np.load(file) as arrays:
            return dict(arrays)

    return run


@pytest.fixture(scope="module")
def usual(train):
    return train(PYTHONHASHSEED="1")


def test_the_same_seed_gives_the_same_bits(train, usual, cases):
    """Networks trained anew in a fresh process, to the same bits."""
    for i in range(0, cases(4, 80), len(BOUNDS)):
        again = train(PYTHONHASHSEED=str(2 + i))
        assert again.keys() == usual.keys()
        for key, value in again.items():
            assert value.tobytes() == usual[key].tobytes(), key


def test_another_seed_gives_other_bits(train, usual):
    for key, value in train(seed=1).items():
        assert not np.array_equal(value, usual[key]), key


def test_other_threads_and_kernels_come_near(train, usual, cases):
    """Threads and kernels of OpenBLAS that train to nearly the same."""
    flags = Path("/proc/cpuinfo")
    flags = flags.read_text().split() if flags.exists() else []
    places = [{"OPENBLAS_NUM_THREADS": "2"}]
    for kernel, flag in KERNELS.items():
        # Where a kernel is set, others may not compute what they should.
        if flag in flags and "OPENBLAS_CORETYPE" not in os.environ:
            places.append({"OPENBLAS_CORETYPE": kernel})
    for place in places[: cases(2, len(places))]:
        for key, value in train(**place).items():
            distance = np.abs(value - usual[key]).max()
            assert distance < BOUNDS[key.split()[0]], (place, key)
