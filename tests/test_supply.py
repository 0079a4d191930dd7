"""What is installed and run from elsewhere: floors, the lock, actions."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCK = (ROOT / "requirements-lock.txt").read_text()
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# The platform and the Python of the lock.
PLACE = {
    "sys_platform": "linux",
    "platform_machine": "x86_64",
    "python_version": "3.11",
}


def wanted(requirements):
    """All requirements, those of the extras that they name included."""
    for requirement in map(Requirement, requirements):
        if requirement.name == PROJECT["name"]:
            for extra in requirement.extras:
                yield from wanted(EXTRAS[extra])
        elif not requirement.marker or requirement.marker.evaluate(PLACE):
            yield requirement


def blocks():
    """(name, version, the lines below) of each package in the lock."""
    pattern = r"^([\w.-]+)==(\S+) \\\n((?: .*\n)+)"
    return re.findall(pattern, LOCK, re.MULTILINE)


@pytest.fixture(scope="module")
def direct():
    text = (ROOT / "requirements.txt").read_text()
    (extras,) = re.findall(r"^-e \.(\[.*\])$", text, re.MULTILINE)
    project = f"{PROJECT['name']}{extras}"
    return [*wanted([*PROJECT["dependencies"], project])]


def test_each_requirement_has_a_floor():
    lists = [PROJECT["dependencies"], *EXTRAS.values()]
    for requirement in (r for names in lists for r in wanted(names)):
        bounds = [bound.operator for bound in requirement.specifier]
        assert ">=" in bounds, requirement


def test_the_lock_meets_pyproject(direct):
    locked = {name: version for name, version, _ in blocks()}
    for requirement in direct:
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{name} is not in the lock: run make lock"
        assert requirement.specifier.contains(locked[name]), (
            f"{requirement}, but the lock has {locked[name]}: run make lock"
        )


def test_the_lock_holds_nothing_that_is_no_longer_wanted(direct):
    asked = re.compile(rf"^    #.* {PROJECT['name']}$", re.MULTILINE)
    locked = {name for name, _, below in blocks() if asked.search(below)}
    names = {canonicalize_name(each.name) for each in direct}
    assert locked == names, "run make lock"


def test_the_lock_has_a_hash_for_each_package_and_names_no_place():
    rest = LOCK
    for name, version, below in blocks():
        assert "--hash=sha256:" in below, name
        rest = rest.replace(f"{name}=={version} \\\n{below}", "", 1)
    assert [row for row in rest.splitlines() if row[:1] not in "#"] == []
    assert not re.search(r"://|--index|--find|--trusted| @ ", LOCK)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_read_only(path):
    text = path.read_text()
    uses = re.findall(r"uses: *(.*)", text)
    assert uses
    for action in uses:
        assert re.fullmatch(
            r"actions/[\w-]+@[0-9a-f]{40} # v[\d.]+", action
        )
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in workflow[True]
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 90
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_dependabot_watches_actions_and_packages():
    text = (ROOT / ".github" / "dependabot.yml").read_text()
    places = {
        (update["package-ecosystem"], update["directory"])
        for update in yaml.safe_load(text)["updates"]
    }
    assert places == {("github-actions", "/"), ("pip", "/")}


def test_other_environments_take_the_extras_of_the_package():
    binder = (ROOT / ".binder" / "requirements.txt").read_text()
    container = json.loads(
        (ROOT / ".devcontainer" / "devcontainer.json").read_text()
    )["postCreateCommand"]
    for text in (binder, container):
        (names,) = re.findall(r"\.\[([\w,]+)\]", text)
        assert set(names.split(",")) <= EXTRAS.keys()
        assert "keras" not in names
