"""The pages of the API say what the code does, of every public name."""

import ast
import builtins
import doctest
import inspect
import re
from collections import defaultdict
from contextlib import chdir
from functools import cache
from pydoc import locate

import numpy as np
import pytest
import sklearn.exceptions
import yaml
from numpydoc.docscrape import NumpyDocString

import nn
from measure import wrong_calls
from tools import api, pdf

ROOT = api.FOLDER.parents[1]
BLOCKS = api.blocks()
KEYWORD = {  # how a parameter is written in a block
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}
# what an example needs, by the beginning of its name
NEEDS = {"nn.keras": "full", "nn.datasets.fashion_mnist": "data"}
ITEMS = "Parameters", "Returns", "Yields", "Raises", "Warns", "Attributes"
# errors that no example can show, but a test: below, or in test_onnx.py
UNSHOWN = {
    "nn.datasets.fashion_mnist": {"FileNotFoundError"},
    "nn.export.to_onnx": {"ModuleNotFoundError"},
    "nn.keras.KerasTwin": {"ValueError"},
}


def is_class(name):
    return inspect.isclass(locate(name))


METHODS = [
    f"{name}.{method}"
    for name in filter(is_class, api.names())
    for method in api.methods(locate(name))
]


def page_of(name):
    return f"book/api/{name.split('.')[1]}.md"


def missing(name):
    return f"{page_of(name)} must have a block ```{{api}} {name}"


def sections(name):
    """The block of a name as numpydoc reads it."""
    assert name in BLOCKS, missing(name)
    return NumpyDocString(BLOCKS[name])


def parameters(thing):
    """The parameters of a call, without self and cls."""
    every = inspect.signature(thing).parameters.values()
    return [p for p in every if p.name not in ("self", "cls")]


def block_of(name):
    """The block that describes a method, perhaps that of another class."""
    kind, _, method = name.rpartition(".")
    block = api.described(locate(kind), method, BLOCKS)
    assert block, missing(name)
    return block


@pytest.mark.parametrize("module", api.modules())
def test_a_module_has_a_page_with_nothing_but_its_names(module):
    page = api.FOLDER / f"{module.partition('.')[2]}.md"
    assert page.is_file(), f"{module} must have a page book/api/{page.name}"
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    assert f"book/api/{page.stem}" in pdf.pages(toc), "add it to _toc.yml"
    found = [name for name, _ in api.BLOCK.findall(page.read_text("utf-8"))]
    known = {module, *api.names(), *METHODS}
    assert found[0] == module
    assert [n for n in found if n not in known] == []
    assert all(f"{name}.".startswith(f"{module}.") for name in found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", api.names())
def test_a_name_has_its_parameters_and_an_example(name):
    thing, block = locate(name), sections(name)
    if not callable(thing):
        assert block["Parameters"] == []
        return
    assert block["Examples"], f"{name} must have an example"
    if not (is_class(name) and issubclass(thing, Exception)):
        found = [p.name for p in block["Parameters"]]
        assert found == [
            KEYWORD.get(p.kind, "") + p.name for p in parameters(thing)
        ]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_has_its_parameters(name):
    block = block_of(name)
    found = [p.name for p in sections(block)["Parameters"]]
    if isinstance(locate(name), property):
        assert found == []
        return
    own, described = parameters(locate(name)), parameters(locate(block))
    assert found == [KEYWORD.get(p.kind, "") + p.name for p in described]
    for ours, theirs in zip(own, described, strict=True):
        assert ours.kind == theirs.kind, missing(name)
        assert ours.default == theirs.default
        if ours.kind != inspect.Parameter.POSITIONAL_ONLY:
            assert ours.name == theirs.name, missing(name)


@pytest.mark.parametrize("name", [*BLOCKS])
def test_the_sections_are_whole(name):
    block = sections(name)
    for section in (
        "Parameters",
        "Returns",
        "Yields",
        "Raises",
        "Attributes",
    ):
        for item in block[section]:
            assert " ".join(item.desc).endswith("."), (section, item)
            assert item.type or item.name[0] == "*", (section, item)
    long = [x for x in BLOCKS[name].splitlines() if len(x) > 76]
    assert [x for x in long if "# doctest:" not in x] == []


def examples():
    for name, text in BLOCKS.items():
        if ">>> " in text:
            marks = [
                getattr(pytest.mark, mark)
                for start, mark in NEEDS.items()
                if f"{name}.".startswith(f"{start}.")
            ]
            yield pytest.param(name, marks=marks)


@pytest.mark.parametrize("name", [*examples()])
def test_an_example_prints_what_the_page_says(name, tmp_path):
    example = doctest.DocTestParser().get_doctest(
        BLOCKS[name], {"nn": nn, "np": np}, name, page_of(name), None
    )
    said = []
    with chdir(tmp_path):
        doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(
            example, out=said.append
        )
    assert not said, "".join(said)


# what is raised


@cache
def raised():
    """Block -> the types of errors that wrong calls and examples raise."""
    found = defaultdict(set)
    _, *answers = wrong_calls.PAGE.read_text("utf-8").split("\n## ")
    calls = [right for _, right, _ in wrong_calls.calls()]
    for right, answer in zip(calls, answers, strict=True):
        types = re.findall(r"(?m)^\| `.*?` \| (\w+): ", answer)
        found[describes(right)].update(types)
    for name, text in BLOCKS.items():
        for example in doctest.DocTestParser().get_examples(text):
            if example.exc_msg:
                kind = example.exc_msg.partition(":")[0]
                found[name].add(kind.rpartition(".")[2].strip())
    return found


def describes(right):
    """The block that describes what a right call calls."""
    right = re.sub(r"\bkept\((.*)\)\.", r"\1.", right)
    right = re.sub(r"^fit_(line|net)\b", "fit", right)
    right = re.sub(r"^net\.", "Sequential().", right)
    right = re.sub(
        r"^(Regressor|Classifier)\(.*", r"NeuralNet\1().fit()", right
    )
    call = ast.parse(right.replace("lambda_t", "lambda t"), mode="eval")
    target = call.body.func
    method = ""
    if isinstance(target, ast.Call):  # L1(1)(X)
        target, method = target.func, "__call__"
    elif isinstance(target, ast.Attribute):
        target, method = target.value, target.attr
    while not isinstance(target, ast.Name):
        target = getattr(target, "func", None) or target.value
    thing = named(target.id, nn, nn.estimators)
    if inspect.isclass(thing) and method:
        return api.described(thing, method, BLOCKS)
    if inspect.ismodule(thing):
        return f"{thing.__name__}.{method}"
    return f"{thing.__module__}.{thing.__name__}"


def named(name, *modules):
    """What the first of the modules that has the name calls so."""
    return next(getattr(m, name) for m in modules if hasattr(m, name))


def error(name):
    return named(name, builtins, nn, sklearn.exceptions)


@pytest.mark.parametrize("name", [*BLOCKS])
def test_the_errors_are_those_that_are_raised(name):
    said = {error(item.type) for item in sections(name)["Raises"]}
    shown = {*map(error, raised()[name] | UNSHOWN.get(name, set()))}
    for kind in said:
        assert any(issubclass(e, kind) for e in shown), (
            f"{page_of(name)} says that {name} raises {kind.__name__}, but "
            "neither its example nor the page of wrong calls does"
        )
    for kind in shown:
        assert issubclass(kind, tuple(said)), (
            f"{page_of(name)} must say when {name} raises {kind.__name__}"
        )


def test_without_files_there_is_no_fashion_mnist(places):
    with pytest.raises(FileNotFoundError):
        nn.datasets.fashion_mnist()


@pytest.mark.full
def test_another_backend_gives_no_twin(monkeypatch):
    import keras

    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    task = nn.tasks.CALIFORNIA_HOUSING
    with pytest.raises(ValueError, match="needs Keras on TensorFlow"):
        nn.keras.KerasTwin(task, task.load())
