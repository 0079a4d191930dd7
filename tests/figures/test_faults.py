"""Faults planted in the figures are noticed: their tests can fail."""

import inspect
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from page import NAMES, module_of

from nn.figures import _figure

FILE = Path(__file__).with_name("faults.toml")
FAULTS = [
    (*place.split(), what, old, new)
    for place, faults in tomllib.loads(FILE.read_text("utf-8")).items()
    for what, (old, new) in faults.items()
]


def run_tests(visit, name, folder):
    """Run the tests of the figure ``name``, each on a page of its own."""
    page = folder / "page.html"
    page.write_text(module_of(name).example().page(), "utf-8")
    base = f"file://{folder}/"
    for key, test in vars(module_of(name)).items():
        if key.startswith("test_"):
            taken = inspect.signature(test).parameters
            rng = [np.random.default_rng(0)] * ("rng" in taken)
            with visit(f"{base}page.html", base, patience=3) as opened:
                test(opened, *rng)


@pytest.mark.torture
@pytest.mark.parametrize("name", NAMES)
def test_without_a_fault_nothing_is_noticed(visit, tmp_path, name):
    run_tests(visit, name, tmp_path)


@pytest.mark.torture
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f[0]}: {f[-3]}")
def test_a_fault_is_noticed(visit, tmp_path, monkeypatch, fault):
    name, *file, _, old, new = fault
    folder = shutil.copytree(_figure.FOLDER, tmp_path / "figures")
    module = folder.joinpath(*file or [f"{name}.js"])
    text = module.read_text("utf-8")
    assert old in text, f"there is no {old!r} in {module.name}"
    module.write_text(text.replace(old, new, 1), "utf-8")
    monkeypatch.setattr(_figure, "FOLDER", folder)
    with pytest.raises(AssertionError):
        run_tests(visit, name, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_broken_in_several_ways(name):
    assert sum(fault[0] == name for fault in FAULTS) >= 4
