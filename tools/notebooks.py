"""Normalize, execute, check and measure the chapters in ``notebooks/``.

    python -m tools notebooks [NOTEBOOK ...]            normalize
    python -m tools notebooks --execute [NOTEBOOK ...]  run, then normalize
    python -m tools notebooks --check [NOTEBOOK ...]    report only
    python -m tools notebooks --table [NOTEBOOK ...]    print measures

Normalizing gives a notebook the one form that the repository stores: stable
cell ids, no timings, the interactive figures with their modules of today,
and the cells that this tool writes itself (the Colab badge, the setup cell
and the closing cell with what the package holds).
Without names it also brings the lists of rules, words and chapters in
the pages beside them up to date.
``--check`` applies all rules of ``rules.py``; without names it also looks
at the wording and the sources of the texts beside the chapters.
"""

import argparse
import base64
import copy
import hashlib
import json
import os
import re
import sys
import tomllib
from itertools import takewhile
from pathlib import Path

import nbformat
import yaml

from nn.figures import Figure

from . import export, overview, rules, style
from .cells import (
    NO_ID,
    OWN,
    chapter,
    given_id,
    has_section,
    is_solution,
    is_title,
    own_name,
    pictures,
    read,
    tags,
    text,
    write,
)

ROOT = Path(__file__).resolve().parents[1]
METADATA = {
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {  # without it, a script is a .txt
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
    },
}
SETUP = """\
import importlib
import subprocess
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version

wheel = (
    "{site}"
    "{wheel}"
)
remedy = (
    "On Colab, choose Runtime, Disconnect and delete runtime, and run the "
    "notebook again. On Kaggle, switch on Internet in the settings of the "
    "notebook, and restart the session. On your own machine, run "
    f'pip install "{name}[notebooks] @ {{wheel}}", choose the '
    "environment in which you ran it as the kernel, and restart the kernel."
)
try:
    found = version("{name}")
except PackageNotFoundError:  # as on Colab: fetch the package
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    if subprocess.run([*pip, wheel]).returncode != 0:
        raise ModuleNotFoundError(
            "This chapter needs the package nn, and pip could not install "
            f"it from {{wheel}}. {{remedy}}"
        ) from None
    importlib.invalidate_caches()
else:
    if found != "{version}":
        warnings.warn(
            f"This chapter needs {name} {version}, but {{found}} is "
            f"installed, so a cell may fail. {{remedy}}",
            stacklevel=1,
        )"""
STATE = re.compile(
    r'data-nn="(\w+)".*^mount\("\w+", figure, ([^\n]*)\);$', re.S | re.M
)
NAMES = {"title", *OWN}  # ids that no other cell may have
DIFF = 40  # lines of a diff that are shown unfolded
MADE = rf"[0-9a-f-]{{8,}}|{NO_ID}"  # ids that no person chose


# The cells that this tool writes


def configuration():
    """(url, branch) of the repository and the site, from _config.yml."""
    file = ROOT / "_config.yml"
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    place = config.get("repository") or {}
    url = str(place.get("url", "")).rstrip("/")
    if not url.startswith("https://github.com/") or "branch" not in place:
        raise ValueError(
            f"{file.name} must have repository: url (https://github.com/"
            f"...) and branch, but has {place}"
        )
    site = str((config.get("html") or {}).get("baseurl", ""))
    if not re.fullmatch(r"https://\S+/", site):
        raise ValueError(
            f"{file.name} must have html: baseurl, the address of the site "
            f"(https://.../), but has {site!r}"
        )
    return url, place["branch"], site


def distribution():
    """(name, version) of the package, as pyproject.toml gives them."""
    file = ROOT / "pyproject.toml"
    project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    return project["name"], project["version"]


def wheel():
    """The name of the file that ``pip wheel`` makes of the package."""
    name, version = distribution()
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def setup_text():
    """The first code cell: it fetches the package where it is missing."""
    _, _, site = configuration()
    name, version = distribution()
    return SETUP.format(
        site=site, wheel=wheel(), name=name, version=version
    )


def package_text(number):
    """What the package holds after a chapter, and what the chapter did."""
    modules = [
        f"`{module}`: "
        + ", ".join(
            f"**`{name}`**" if touched else f"`{name}`"
            for name, touched in names.items()
        )
        for module, names in export.holdings(number).items()
    ]
    diff = export.diff(number, brief=True).rstrip("\n")
    if not diff:
        return f"{OWN['package']}\n\nThis chapter adds nothing to it."
    fence = "````" if "```" in diff else "```"
    change = f"{fence}diff\n{diff}\n{fence}"
    lines = diff.count("\n") + 1
    if lines > DIFF:
        change = (
            "<details>\n<summary>What this chapter changed in nn "
            f"({lines} lines)</summary>\n\n{change}\n\n</details>"
        )
    holds = (
        "The modules that this chapter touches, its own names in bold:\n"
        f"{' · '.join(modules)}. New definitions are given by their first\n"
        "lines.\n\n"
    )
    return f"{OWN['package']}\n\n{holds}{change}"


def own_cells(path):
    """The three cells that this tool writes, by id."""
    url, branch, _ = configuration()
    slug = url.removeprefix("https://github.com/")
    link = f"{OWN['badge']}{slug}/blob/{branch}/notebooks/{path.name}"
    # no picture in the badge: a page of the book loads nothing from afar
    badge = f"[<kbd>Open in Colab</kbd>]({link})"
    folded = {"tags": ["hide-input"]}
    v4 = nbformat.v4
    return {
        "badge": v4.new_markdown_cell(badge),
        "setup": v4.new_code_cell(setup_text(), metadata=folded),
        "package": v4.new_markdown_cell(package_text(chapter(path))),
    }


def list_chapters(page):
    """The text of README.md with its list of chapters as it is."""
    return rules.fill(
        page, "chapters", overview.chapters(configuration()[2])
    )


def list_needs(page):
    """The text of the teachers' page with its table as it is."""
    return rules.fill(page, "needs", overview.needs_and_gives())


LISTS = {  # the pages that have lists, and what renews these
    "CONTRIBUTING.md": rules.contributing,
    "README.md": list_chapters,
    "book/for_teachers.md": list_needs,
}


# The normal form


def stable_id(cell, taken):
    """The given id if a person chose it, else a hash of the contents."""
    name = given_id(cell)
    readable = re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", name)
    machine = re.fullmatch(MADE, name)
    if readable and not machine and name not in taken and len(name) <= 64:
        return name
    count = 0
    while True:  # equal cells differ by their place among the equals
        key = f"{cell.cell_type}\n{cell.source}\n{count}"
        name = hashlib.sha256(key.encode()).hexdigest()[:8]
        if name not in taken:
            return name
        count += 1


def metadata(cell):
    """The metadata worth keeping; a picture's text goes to the book."""
    old, new = cell.metadata, nbformat.from_dict({})
    kept = dict.fromkeys(tags(cell))  # in order, each once
    if is_solution(cell):
        kept["hide-cell"] = None
    # folded in Jupyter and on Colab, as the tags fold it on the page
    jupyter = {}
    if kept.keys() & {"hide-cell", "hide-input"}:
        new.cellView = "form"
        jupyter["source_hidden"] = True
    if kept.keys() & {"hide-cell", "hide-output"}:
        jupyter["outputs_hidden"] = True
    if jupyter:
        new.jupyter = jupyter
    if kept:
        new.tags = list(kept)
    mystnb = copy.deepcopy(old.get("mystnb", {}))
    image = mystnb.pop("image", {})
    image.pop("alt", None)
    if any(pictures(cell)):
        image["alt"] = next(filter(None, pictures(cell)))
    if image:
        mystnb["image"] = image
    if mystnb:
        new.mystnb = mystnb
    return new


def renew_figures(cell):
    """Put each figure's module, as it is now, before its stored state."""
    for data in (o.get("data", {}) for o in cell.get("outputs", [])):
        found = STATE.search(data.get("text/html", ""))
        if found:
            picture = data.get("image/png")
            poster = picture and base64.b64decode(picture)
            figure = Figure(found[1], alt=data["text/plain"], poster=poster)
            figure.data = json.loads(found[2])
            data["text/html"] = figure.html()


def normalize(nb, path):
    """The notebook as the repository stores it; ``nb`` stays as it is."""
    own, cells = own_cells(path), []
    for cell in copy.deepcopy(nb.cells):
        name = own_name(cell)
        if name == "setup":
            own["setup"].execution_count = cell.get("execution_count")
        if name is None:
            cells.append(cell)
    fixed = {id(cell): name for name, cell in own.items()}
    head = cells[:1] if cells and is_title(cells[0]) else []
    fixed |= {id(cell): "title" for cell in head}
    rest = cells[len(head) :]
    for cell in takewhile(lambda cell: not has_section(cell), rest):
        if cell.cell_type == "code":  # the imports, folded on the page too
            cell.metadata.tags = [*tags(cell), "hide-input"]
    cells = [*head, own["badge"], own["setup"], *rest, own["package"]]
    taken = set(NAMES)
    for cell in cells:
        cell.id = fixed.get(id(cell)) or stable_id(cell, taken)
        taken.add(cell.id)
        cell.metadata = metadata(cell)
        renew_figures(cell)
        if "remove-stderr" in tags(cell):  # paths and process ids vary
            cell.outputs = [
                o for o in cell.outputs if o.get("name") != "stderr"
            ]
    new = nbformat.from_dict({"cells": cells, "metadata": METADATA})
    new.nbformat, new.nbformat_minor = 4, 5
    try:
        nbformat.validate(new)
    except nbformat.ValidationError as error:
        raise ValueError(f"{path.name} is not valid: {error}") from error
    return new


def execute(nb, path):
    """Run the notebook in its folder, in a fresh kernel of this Python."""
    nb = normalize(nb, path)
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellControlSignal, DeadKernelError

    # without folders of kernels there is one: the Python that runs this
    specs = KernelSpecManager(kernel_dirs=[])
    client = NotebookClient(
        nb,
        km=AsyncKernelManager(
            kernel_name="python3", kernel_spec_manager=specs
        ),
        timeout=600,
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    try:
        client.execute(cleanup_kc=True, env=environment)
    except (CellControlSignal, DeadKernelError) as error:
        raise ValueError(f"{path.name}: {error}") from error
    return normalize(nb, path)


# Reports


def check(path):
    """The broken rules of a notebook: its problems, in order."""
    nb = read(path)
    normal = normalize(nb, path)
    return rules.problems(rules.Chapter(path, nb, normal))


def line(path, problem):
    """A problem as a line of the report."""
    rule, i, what = problem
    cell = "" if i is None else f"cell {i + 1} ({read(path).cells[i].id}): "
    return f"{path.name}: {cell}{rule}: {what}"


def table(rows):
    """The measures of the chapters, by path, as a text."""
    lines = []
    for path, row in rows.items():
        if not lines:
            lines.append("  ".join([f"{'chapter':36}", *row]))
        numbers = [f"{value:>{len(name)}}" for name, value in row.items()]
        lines.append("  ".join([f"{path.stem:36}", *numbers]))
    return "\n".join(lines)


def run(path, options):
    """Do with one notebook what the options say; return its problems."""
    try:
        if options.check:
            return [line(path, problem) for problem in check(path)]
        change = execute if options.execute else normalize
        if write(path, text(change(read(path), path))):
            print(f"{path.name}: written")
    except ValueError as error:
        return [str(error)]
    return []


def renew(options):
    """Keep the lists in the pages beside the chapters; return problems."""
    problems = []
    for name, change in LISTS.items():
        page = ROOT / name
        old = page.read_text(encoding="utf-8")
        try:
            new = change(old)
        except ValueError as error:
            problems.append(f"{name}: {error}")
            continue
        if options.check and new != old:
            problems.append(f"{name}: lists: stale: {rules.NORMALIZE}")
        elif not options.check and write(page, new):
            print(f"{name}: written")
    return problems


def main(argv=None):
    """Run the command; the exit code is 1 if a notebook has a problem."""
    summary, usage = __doc__.split("\n\n")[:2]
    parser = argparse.ArgumentParser(
        prog="python -m tools notebooks",
        description=summary,
        epilog=usage,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    mode = parser.add_mutually_exclusive_group()
    for name in ("execute", "check", "table"):
        mode.add_argument(f"--{name}", action="store_true")
    parser.add_argument("notebooks", nargs="*", type=Path)
    options = parser.parse_args(argv)
    problems = []
    try:
        paths = options.notebooks or export.chapters()
        if options.table:
            print(table({p: rules.measure(read(p)) for p in paths}))
        else:
            for path in paths:
                problems += run(path, options)
            if not options.notebooks:
                problems += renew(options)
                problems += style.problems(ROOT) if options.check else []
    except ValueError as error:
        problems.append(str(error))
    print(*problems, sep="\n", end="\n" * bool(problems), file=sys.stderr)
    return 1 if problems else 0
