"""The README: its program, its links, and what it says of versions."""

import re
import tarfile
import tomllib
from pathlib import Path

import numpy as np
import pytest
import yaml

import nn
from tools import notebooks

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_program_prints_what_it_says_and_repeats_bit_for_bit(capsys):
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (says,) = re.findall(r"```text\n(.*?)```", README, re.DOTALL)
    weights = []
    for _ in range(2):
        names = {}
        exec(program, names)
        assert capsys.readouterr().out == says
        weights.append(names["model"].parameters())
    first, second = weights
    assert first
    for name, array in first.items():
        assert np.array_equal(array, second[name]), name


def test_links_lead_somewhere_wherever_the_text_is_shown():
    """On GitHub, on the page of a package index, or in an editor."""
    url, branch, site = notebooks.configuration()
    named = dict(re.findall(r"(?m)^\[(.+)\]: (\S+)$", README))
    text = re.sub(r"(?ms)^```.*?^```$|^\[[^\n]+\]: \S+$", "", README)
    assert {*re.findall(r"(?<!\.)\[([^][]+)\](?!\()", text)} == {*named}
    links = [*named.values(), *re.findall(r"\]\(([^)\s]+)\)", text)]
    files = [link for link in links if f"/{branch}/" in link]
    for link in files:
        assert (ROOT / link.partition(f"/{branch}/")[2]).exists(), link
    pages = [link for link in links if link.startswith(site)]
    for link in pages:
        name = link.removeprefix(site).partition(".html")[0]
        assert name == "" or [*ROOT.glob(f"{name}.*")], link
    others = [link for link in links if link not in files + pages]
    assert all(link.startswith(url) for link in others)
    assert min(len(files), len(pages)) > 10


def test_addresses_are_those_of_the_configuration():
    url, branch, site = notebooks.configuration()
    slug = url.removeprefix("https://github.com/")
    colab = "https://colab.research.google.com/github/"
    places = (url, site, f"{colab}{slug}/blob/{branch}/notebooks/")
    owner, name = slug.split("/")
    links = re.findall(r"https://[^\s)\"]+", README)
    mine = [link for link in links if owner in link]
    assert len(mine) > 5
    for link in mine:
        assert link.startswith(places), link
    assert f"git clone {url}\ncd {name}" in README
    assert f"{site}{notebooks.wheel()}" in README


def test_the_version_is_the_same_everywhere():
    """In pyproject.toml, CITATION.cff, CHANGELOG and the installed nn.

    The chapters' first cells are compared by python -m tools notebooks.
    """
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert cited["version"] == PROJECT["version"] == nn.__version__
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = re.findall(r"(?m)^## \[([\d.]+)\] - (\S+)$", text)
    dates = [str(cited[key]) for key in cited if key == "date-released"]
    assert released[:1] == [(cited["version"], date) for date in dates]


@pytest.mark.full
def test_the_sdist_has_the_sources_of_the_package(tmp_path):
    from hatchling.builders.sdist import SdistBuilder

    (made,) = SdistBuilder(str(ROOT)).build(directory=str(tmp_path))
    with tarfile.open(made) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tracked = ["Makefile", "_config.yml", "requirements-lock.txt"]
    for pattern in ("notebooks/*.ipynb", "tests/*.py", "tools/*", "*.md"):
        found = [p.relative_to(ROOT).as_posix() for p in ROOT.glob(pattern)]
        tracked += [name for name in found if "__pycache__" not in name]
    assert set(tracked) <= names
    assert "book/numpy.inv" in names
    assert not [name for name in names if name.startswith(("_build", ".v"))]


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_pythons_are_those_that_are_tested(version):
    line = f"Programming Language :: Python :: {version}"
    assert line in PROJECT["classifiers"]
    workflow = (ROOT / ".github/workflows/test.yml").read_text("utf-8")
    assert f'"{version}"' in workflow
    assert version in README
