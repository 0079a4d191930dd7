"""Write the modules of the package ``nn`` from the chapters.

    python -m tools export                      write nn/
    python -m tools export --check              fail where nn/ differs
    python -m tools export --until 8 --to DIR   the package after chapter 8
    python -m tools export --diff 8             what chapter 8 changed
    python -m tools export --where Dense.forward  which cell it comes from

A code cell whose first line is ``# nn/<module>.py`` belongs to that module;
``merge.py`` brings together what several chapters say of one name. What a
definition needs to exist is moved above it.
"""

import argparse
import ast
import builtins
import difflib
import shutil
import subprocess
import symtable
import sys
import tempfile
import textwrap
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import yaml

from . import cells, merge
from .merge import (
    ASSIGNMENTS,
    DOC,
    FUNCTIONS,
    HEAD,
    HEADER,
    ExportError,
    collect,
    generated,
    read,
)

ROOT = Path(__file__).resolve().parents[1]
BY_HAND = "nn.checks", "nn.files"  # modules that chapters may import
EXTRAS = {"sklearn": "scikit-learn 1.6"}  # an extra: its oldest release
GUARD = """
try:
{imports}
except ImportError as error:
    raise type(error)(
        "nn.{module} needs {release} or newer; in a clone: "
        'pip install -e ".[{extra}]"'
    ) from error
"""
INIT = '''\
{header}
"""Neural networks from scratch with NumPy: the package the book writes.

Every name of the modules is here. Modules, folders and NumPy are loaded
when one of their names is used. The book says what each name needs,
returns and raises, with an example:
{reference}
"""

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:  # type checkers and editors take it as true
{imports}
    __version__: str
else:  # and see no __getattr__, which any name would pass

    def __getattr__(name):
        if name in _LIGHT or name in _OTHERS:
            return importlib.import_module(f"{{__name__}}.{{name}}")
        if name in __all__:
            for module in map(__getattr__, _LIGHT):
                if name in module.__all__:
                    globals()[name] = getattr(module, name)  # from now on
                    return globals()[name]
        if name == "__version__":
            from importlib.metadata import PackageNotFoundError, version

            try:
                return version("from-one-neuron")
            except PackageNotFoundError:  # a folder that is not installed
                pass
        raise AttributeError(f"nn has no attribute {{name!r}}")


__all__ = [
{names}]

_LIGHT = [
{light}]
_OTHERS = [
{others}]


def __dir__() -> list[str]:
    return sorted({{*globals(), *__all__, *_LIGHT, *_OTHERS}})
'''


def chapters(root=ROOT):
    """The notebooks of the chapters, in the order of ``_toc.yml``."""
    return merge.chapters(root)


# --- names


def free_names(source):
    """Names that ``source`` takes from its module or from Python."""

    def walk(table):
        inside = table.get_type() != "module"
        for s in table.get_symbols():
            bound = (s.is_local() or s.is_free()) and inside
            if s.is_referenced() and not bound:
                yield s.get_name()
        for child in table.get_children():
            yield from walk(child)

    table = symtable.symtable(source, "cell", "exec")
    own = {s.get_name() for s in table.get_symbols() if s.is_assigned()}
    return set(walk(table)) - own


def eager_names(node):
    """Names that must exist when the definition itself is executed."""
    if isinstance(node, ast.Name):
        yield node.id
    below = ast.iter_child_nodes(node)
    if isinstance(node, (*FUNCTIONS, ast.Lambda)):
        below = [*getattr(node, "decorator_list", []), node.args]
        below += [node.returns] if getattr(node, "returns", None) else []
    for child in below:
        yield from eager_names(child)


def needs(d, found, first):
    """What a definition needs: {(bound name, module, member, alias)}."""
    wanted = set()
    for part in d.parts.values():
        text = part.source
        if part.name != HEAD:
            text = f"class {d.name}:\n{text}"
        elif len(d.parts) > 1:
            text += "\n    pass"
        for name in free_names(text) - {d.name}:
            wanted |= resolve(name, part, d, found, first)
    return wanted


def resolve(name, part, d, found, first):
    """What to import for a name in a part of d, as in ``needs``."""
    imports = part.notebook.imports.get(name, {("nn", name, None)})
    if all(module.split(".")[0] != "nn" for module, _, _ in imports):
        own = found.get(name)
        if own and own.module == d.module:
            return set()
        return {(name, *wanted) for wanted in imports}
    ((module, member, alias),) = imports
    if module in BY_HAND:
        return {(name, module.removeprefix("nn"), member, alias)}
    source = found.get(member)
    known = {*part.notebook.imports, *part.notebook.bound, *found}
    if name not in known and hasattr(builtins, name):
        return {(name, "builtins", None, None)}
    if source is None or first[member] > part.chapter:
        raise ExportError(
            f"{part.where}: {d.name} uses {name}, which no chapter up to "
            "this one defines and this notebook does not import from a "
            "library"
        )
    if source.module == d.module and alias is None:
        return set()
    return {(name, f".{source.module}", member, alias)}


def check_one_meaning(module, wanted):
    """In one module a name may come from one place only."""
    seen = {}
    for name, source, member, alias in sorted(wanted, key=str):
        plain = source, member
        if not member and not alias:  # import xml.dom binds xml
            plain = source.split(".")[0], None
        if seen.setdefault(name, plain) != plain:
            raise ExportError(
                f"nn/{module}.py would need two things called {name}: "
                f"{seen[name]} and {plain}: rename one in its chapter"
            )


# --- writing modules


def statement(module, member, alias):
    """The import of one name."""
    tail = f" as {alias}" if alias else ""
    start = f"from {module} " if member else ""
    return f"{start}import {member or module}{tail}\n"


def imports(module, wanted):
    """The imports of a module; where an extra is missing, they say so."""
    packages = {w: w[0].split(".")[0] for w in sorted(wanted, key=str)}
    text = [statement(*w) for w, p in packages.items() if p not in EXTRAS]
    for extra, release in EXTRAS.items():
        lines = [statement(*w) for w, p in packages.items() if p == extra]
        if lines:
            inside = textwrap.indent("".join(lines), "    ").rstrip()
            text.append(
                GUARD.format(
                    imports=inside,
                    module=module,
                    release=release,
                    extra=extra,
                )
            )
    return text


def tidy(files):
    """The files with their imports and ``__all__`` in ruff's order."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, name) for name in files}
        for name, text in files.items():
            paths[name].write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "ruff", "check", "--isolated"]
        command += ["--fix", "--quiet", "--select", "I,RUF022"]
        command += ["--line-length", "76", "--no-cache", *paths.values()]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise ExportError(f"ruff: {done.stdout}{done.stderr}")
        return {
            name: path.read_text(encoding="utf-8")
            for name, path in paths.items()
        }


def ordered(definitions):
    """The definitions, each after what it needs when it is executed."""
    names, done, result = {d.name: d for d in definitions}, set(), []

    def place(d, waiting):
        if d.name in waiting:
            raise ExportError(f"nn/{d.module}.py: {d.name} needs itself")
        if d.name not in done:
            needed = set(eager_names(d.node)) - {d.name}
            for name in (n for n in names if n in needed):
                place(names[name], {*waiting, d.name})
            done.add(d.name)
            result.append(d)

    for d in definitions:
        place(d, set())
    return result


def package(until=None, root=ROOT, brief=None):
    """File name -> text of every generated module after a chapter.

    What only the chapter ``brief`` defines is there by its first lines.
    """
    stamps = tuple(cells.stamp(path) for path in chapters(root))
    folders = {p.parent.name for p in (root / "nn").glob("*/__init__.py")}
    return dict(_package(until, root, brief, frozenset(folders), stamps))


@cache
def _package(until, root, brief, folders, stamps):
    found, first, docstrings = collect(until, root)
    notebooks = map(read, chapters(root))
    titles = {notebook.number: notebook.title for notebook in notebooks}
    files, wanted = {}, {}
    for module in sorted({d.module for d in found.values()}):
        mine = [d for d in found.values() if d.module == module]
        every = set().union(*(needs(d, found, first) for d in mine))
        check_one_meaning(module, every)
        wanted[module] = {w[1:] for w in every if w[1] != "builtins"}
        public = [d.name for d in mine if d.name[0] != "_"]
        text = [HEADER + "\n"]
        if module in docstrings:
            text.append(docstrings[module] + "\n\n")
        text += imports(module, wanted[module])
        names = "".join(f'    "{name}",\n' for name in public)
        text.append(f"\n__all__ = [\n{names}]\n")
        for d in ordered(mine):
            title = f"chapter {d.chapters[0]}: {titles[d.chapters[0]]}"
            if len(d.chapters) > 1:
                title = f"chapters {', '.join(map(str, d.chapters))}"
            source = d.source if d.chapters != [brief] else first_lines(d)
            text.append(f"\n\n# {title}\n{source}\n")
        files[f"{module}.py"] = "".join(text)
    check_cycles(wanted)
    files["__init__.py"] = render_init(found, wanted, folders)
    return tidy(files)


def first_lines(definition):
    """A definition without its body."""
    node, lines = definition.node, definition.source.split("\n")
    if isinstance(node, ASSIGNMENTS) or node.body[0].lineno == node.lineno:
        return definition.source
    return "\n".join([*lines[: node.body[0].lineno - 1], "    ..."])


def check_cycles(wanted):
    """Refuse modules that import each other in a circle."""
    graph = {
        module: {w[0][1:] for w in needs if w[0].startswith(".")}
        for module, needs in wanted.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " -> ".join(f"nn/{m}.py" for m in error.args[1])
        raise ExportError(
            f"modules import each other: {circle}; move a definition"
        ) from error


def render_init(found, wanted, folders):
    """``nn/__init__.py``: the names of light modules, and all modules."""
    standard = {*sys.stdlib_module_names, "numpy", ""}
    light = {
        module
        for module, needs in wanted.items()
        if {w[0].split(".")[0] for w in needs} <= standard
    }
    public = [
        d for d in found.values() if d.module in light and d.name[0] != "_"
    ]
    others = folders | (wanted.keys() - light)
    modules = sorted(light | others)
    imports = [statement(".", module, module) for module in modules]
    imports += [statement(f".{d.module}", d.name, None) for d in public]
    imports = imports or ["pass\n"]  # before the first definition
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    return INIT.format(
        header=HEADER,
        reference=f"{config['html']['baseurl']}book/api.html",
        imports="".join(f"    {line}" for line in imports),
        names="".join(f'    "{d.name}",\n' for d in public),
        light=listed(light),
        others=listed(others),
    )


def listed(names):
    """The names, in their order, as lines of a list."""
    return "".join(f'    "{name}",\n' for name in sorted(names))


def diff(n, root=ROOT, brief=False):
    """What chapter n changed in the modules, as one unified diff.

    With ``brief``, what is new is there by its first lines only.
    """
    before = package(n - 1, root)
    after = package(n, root, n if brief else None)
    lines = []
    for name in sorted(after.keys() - {"__init__.py"}):
        old, new = before.get(name, ""), after[name]
        lines += difflib.unified_diff(
            old.splitlines(),
            new.splitlines(),
            f"a/nn/{name}" if old else "/dev/null",
            f"b/nn/{name}",
            lineterm="",
            n=1,
        )
    return "\n".join(lines)


def holdings(n, root=ROOT):
    """The modules that chapter n touches: {module: {public name: touched}}.

    Names that the chapter defines or changes are marked True.
    """
    found = {}
    for d in collect(n, root)[0].values():
        if d.name[0] != "_":
            found.setdefault(d.module, {})[d.name] = n in d.chapters
    return {m: names for m, names in found.items() if any(names.values())}


# --- who says what


def replaced(root=ROOT):
    """What a later chapter has replaced, a line for each definition.

    A change of such a place in the earlier chapter cannot reach nn/.
    """
    lines = []
    for d in collect(None, root)[0].values():
        earlier = {}
        for old in d.replaced:
            now = d.parts.get(old.name, d.parts[HEAD])
            if old.name != DOC and now.source != old.source:
                earlier.setdefault((old.name, now.chapter), set()).add(
                    old.chapter
                )
        said = [
            f"{'.'.join(filter(None, [d.name, name]))} is chapter {now}'s "
            f"(not {' and '.join(map(str, sorted(numbers)))}'s)"
            for (name, now), numbers in earlier.items()
        ]
        if said:
            lines.append(f"nn/{d.module}.py: {', '.join(said)}")
    return lines


def where(name, root=ROOT):
    """Which cells a definition or a member comes from, a line each."""
    found = collect(None, root)[0]
    owner, _, part = name.partition(".")
    if owner not in found or (part and part not in found[owner].parts):
        raise ExportError(f"no chapter writes {name} into nn/")
    d, lines = found[owner], {}
    now = [d.parts[part]] if part else d.parts.values()
    for p in now:
        lines.setdefault(p.where, []).append(p.name or "first line")
    names = {p.name for p in now}
    before = {p.where for p in d.replaced if p.name in names} - {*lines}
    return [
        f"{name} is in nn/{d.module}.py, from",
        *(
            f"  {cell}" + (f": {', '.join(parts)}" if not part else "")
            for cell, parts in lines.items()
        ),
        *(f"  (before, and replaced: {cell})" for cell in sorted(before)),
    ]


# --- files


def outputs(root):
    """Path -> text of all that is generated."""
    new = package(root=root)
    return {root / "nn" / name: text for name, text in new.items()}


def strays(folder, names):
    """Modules that no chapter writes any more."""
    for path in sorted(folder.glob("*.py")):
        if path.name not in names and generated(path):
            yield path


def stale(root=ROOT):
    """Where the files differ from what the chapters say: a list."""
    files = outputs(root)
    problems = [
        f"nn/{path.name}: no chapter writes it"
        for path in strays(root / "nn", {path.name for path in files})
    ]
    for path, text in files.items():
        old = path.read_text(encoding="utf-8") if path.is_file() else ""
        if old != text:
            name = path.relative_to(root)
            change = difflib.unified_diff(
                old.splitlines(),
                text.splitlines(),
                "nn/",
                "chapters",
                lineterm="",
                n=1,
            )
            shown = [f"    {line}" for line in list(change)[2:22]]
            problems.append("\n".join([f"{name} differs:", *shown]))
    return problems


def hand_written(root):
    """The files directly in nn/ that no chapter writes."""
    files = sorted(p for p in (root / "nn").glob("*") if p.is_file())
    return [path for path in files if not generated(path)]


def try_import(files, root):
    """Import the modules in a fresh Python before they replace others."""
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder, "nn")
        new.mkdir()
        for name, text in files.items():
            (new / name).write_text(text, encoding="utf-8")
        modules = [f"nn.{Path(name).stem}" for name in sorted(files)]
        for path in hand_written(root):
            shutil.copy2(path, new)
        code = f"import {', '.join(modules)}; from nn import *"
        done = subprocess.run(
            [sys.executable, "-B", "-c", code],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1]
            raise ExportError(
                f"nothing is written: the package does not import: {last}"
            )


def export(root=ROOT):
    """Bring nn/ to what the chapters say."""
    try_import(package(root=root), root)
    (root / "nn").mkdir(exist_ok=True)
    files = outputs(root)
    for path, text in files.items():
        cells.write(path, text)
    for path in strays(root / "nn", {path.name for path in files}):
        path.unlink()


def export_until(n, folder, root=ROOT):
    """Write the package as it stands after chapter n to ``folder``/nn."""
    new = folder / "nn"
    new.mkdir(parents=True)
    skip = shutil.ignore_patterns("__pycache__")
    for path in sorted((root / "nn").iterdir()):
        if path.is_dir() and path.name != "__pycache__":
            shutil.copytree(path, new / path.name, ignore=skip)
    for path in hand_written(root):
        shutil.copy2(path, new)
    for name, text in package(n, root).items():
        cells.write(new / name, text)


def main(arguments=None, root=ROOT):
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools export",
        description="Write nn/ from the chapters in notebooks/.",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="exit 1 where nn/ differs"
    )
    what.add_argument(
        "--until",
        type=int,
        metavar="N",
        help="with --to: the package as it stands after chapter N",
    )
    what.add_argument(
        "--diff", type=int, metavar="N", help="print what chapter N changed"
    )
    what.add_argument(
        "--where",
        metavar="NAME",
        help="print which cell a definition or Class.method comes from",
    )
    parser.add_argument(
        "--to", type=Path, metavar="DIR", help="with --until: write DIR/nn"
    )
    options = parser.parse_args(arguments)
    if (options.until is None) != (options.to is None):
        parser.error("--until and --to go together")
    try:
        if options.diff is not None:
            print(diff(options.diff, root))
        elif options.where:
            print(*where(options.where, root), sep="\n")
        elif options.to:
            if (options.to / "nn").exists():
                parser.error(
                    f"{options.to / 'nn'} exists: name a new folder"
                )
            export_until(options.until, options.to, root)
        elif options.check:
            problems = stale(root)
            if problems:
                print(*problems, sep="\n")
                print("The files are not what the chapters say. Change the")
                print("notebook, then run: python -m tools export")
                return 1
        else:
            export(root)
            print(*replaced(root), sep="\n")
    except ValueError as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    return 0
