"""What no module of nn may do: run what it reads, or call out."""

import ast
from pathlib import Path

import pytest

import nn
from nn.datasets import _fetch
from nn.tasks import california_housing, fashion_mnist

ROOT = Path(nn.__file__).parent
SECURITY = Path(__file__).parents[1] / "SECURITY.md"
SOURCES = sorted(ROOT.rglob("*.py"))
# builtins, then methods and functions, that run code found in data
BUILTINS = {"eval", "exec", "compile", "__import__", "execfile"}
RUNNING = {
    *("system", "popen", "startfile", "run_path", "run_module", "execv"),
    *("unsafe_load", "full_load", "read_pickle", "to_pickle"),
}
RUNNING_MODULES = {
    *("pickle", "cPickle", "_pickle", "pickletools", "dill", "cloudpickle"),
    *("joblib", "marshal", "shelve", "yaml", "ctypes", "cffi", "code"),
    *("codeop", "runpy", "pty", "importlib", "imp", "builtins"),
}
CALLING_MODULES = {
    *("socket", "socketserver", "ssl", "urllib", "http", "ftplib"),
    *("smtplib", "poplib", "imaplib", "telnetlib", "nntplib", "xmlrpc"),
    *("asyncio", "requests", "httpx", "aiohttp", "urllib3", "pooch"),
    *("paramiko", "websockets", "tornado"),
}
# the only modules that may: (file, module) -> why
ALLOWED = {
    ("__init__.py", "importlib"): "loads the folders of nn when asked for",
    ("cli/packages.py", "importlib"): "loads and looks up packages",
    ("datasets/_fetch.py", "urllib"): "downloads Fashion-MNIST",
}


def findings(source):
    """What a source does that needs a reason: names, as text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield "import " + alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield "import " + node.module.partition(".")[0]
            yield from (f"attribute {alias.name}" for alias in node.names)
        elif isinstance(node, ast.Name):
            yield f"name {node.id}"
        elif isinstance(node, ast.Attribute):
            yield f"attribute {node.attr}"
            owner = node.value
            if isinstance(owner, ast.Name) and node.attr == "load":
                yield f"call {owner.id}.load"
        elif isinstance(node, ast.keyword) and node.arg in (
            "shell",
            "allow_pickle",
        ):
            given = node.value
            if not (
                isinstance(given, ast.Constant) and given.value is False
            ):
                yield f"keyword {node.arg}"
        elif isinstance(node, ast.Call):
            yield from loads(node)


def loads(call):
    """``np.load`` must say allow_pickle=False: defaults may change."""
    name = ast.unparse(call.func)
    given = {keyword.arg for keyword in call.keywords}
    if name in ("np.load", "numpy.load") and "allow_pickle" not in given:
        yield "keyword allow_pickle"


FORBIDDEN = {
    *(f"name {name}" for name in BUILTINS),
    *(f"attribute {name}" for name in RUNNING),
    *(f"import {name}" for name in RUNNING_MODULES | CALLING_MODULES),
    *("call yaml.load", "call torch.load", "call joblib.load"),
    *("keyword shell", "keyword allow_pickle"),
}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "def f():\n    from pickle import loads",
        "import os; os.system('x')",
        "from os import popen",
        "eval('1')",
        "f = exec",
        "import builtins; builtins.exec('')",
        "subprocess.run('x', shell=True)",
        "subprocess.run('x', shell=1)",
        "subprocess.run('x', shell=shell)",
        "np.load(p, allow_pickle=True)",
        "np.load(p, allow_pickle=flag)",
        "np.load(p)",
        "yaml.load(p)",
        "torch.load(p)",
        "pandas.read_pickle(p)",
        "import urllib.request",
        "from http import client",
        "import socket as s",
        "import httpx",
    ],
)
def test_what_is_forbidden_is_found(source):
    assert FORBIDDEN & {*findings(source)}


@pytest.mark.parametrize(
    "path", SOURCES, ids=[p.relative_to(ROOT).as_posix() for p in SOURCES]
)
def test_no_module_runs_what_it_reads_or_calls_out(path):
    name = path.relative_to(ROOT).as_posix()
    allowed = {f"import {m}" for file, m in ALLOWED if file == name}
    found = FORBIDDEN & {*findings(path.read_text("utf-8"))}
    assert found <= allowed


def test_each_exception_is_needed():
    for name, module in ALLOWED:
        found = {*findings((ROOT / name).read_text("utf-8"))}
        assert f"import {module}" in found, (name, module)


def test_programs_are_started_in_one_place_only():
    starting = {
        "subprocess": "datasets/_fetch.py",
        "webbrowser": "cli/_commands.py",
        "multiprocessing": "distributed.py",
    }
    for module, place in starting.items():
        assert [
            path.relative_to(ROOT).as_posix()
            for path in SOURCES
            if f"import {module}" in {*findings(path.read_text("utf-8"))}
        ] == [place]


def test_the_page_on_security_states_the_limits_of_the_code():
    text = " ".join(SECURITY.read_text("utf-8").split())
    for limit in fashion_mnist.MAX_BYTES, fashion_mnist.MAX_PIXELS:
        assert f"{limit:,} " in text
    assert f"{california_housing.MAX_BYTES:,} bytes; each cell" in text
    assert f"after {_fetch.LIMIT // 60} minutes a file" in text
    assert f"after {_fetch.TIMEOUT} seconds without an answer" in text
    for name in fashion_mnist.FORMATS:
        assert name in text.upper()
