"""What the chapters say of the package, merged into one definition a name.

A later chapter says only what it adds: ``class Dense(Dense):`` holds new or
changed methods, which are merged into the class, and ``Layer.f = f`` makes
the function f of the same cell a method of a class that others inherit
from. A function, or a class written whole, replaces the one before it and
keeps its place.
"""

import ast
import keyword
import re
import symtable
from dataclasses import dataclass, field
from functools import cache

import yaml
from IPython.core.inputtransformer2 import TransformerManager

from . import cells

NEARLY = re.compile(r"\s*(?:%%.*\n\s*)?#+\s*nn/", re.IGNORECASE)
HEADER = (
    "# Written by tools/export.py from notebooks/: change the chapters."
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ASSIGNMENTS = (ast.Assign, ast.AnnAssign)
HEAD = ""  # the part of a class that is its first line
DOC = "__doc__"  # and its docstring


class ExportError(ValueError):
    """What is wrong in a chapter, where, and what to do."""


@dataclass
class Part:
    """A definition, or one member of a class, as a cell says it."""

    name: str
    source: str
    chapter: int
    where: str
    notebook: "Notebook" = field(repr=False)


@dataclass
class Definition:
    """One ``def``, ``class`` or ``NAME = ...`` of the package.

    ``parts`` are the members of a class by name, and its HEAD; all else
    is one part called HEAD. ``replaced`` are the parts that a later
    chapter has replaced.
    """

    name: str
    module: str
    parts: dict
    home: int  # the chapter that has it whole
    text: str | None  # as that chapter has it; None once it is merged
    replaced: list = field(default_factory=list)

    @property
    def chapters(self):
        """The numbers of all chapters that define it or change it."""
        every = [*self.parts.values(), *self.replaced]
        return sorted({part.chapter for part in every})

    @property
    def source(self):
        """Its text; members from later chapters name their chapter."""
        if self.text is not None:
            return self.text
        head, *members = self.parts.values()
        text, before = [head.source], None
        for part in sorted(members, key=kind):  # stable
            if before is not None and not before == kind(part) == 1:
                text.append("")
            before = kind(part)
            if part.chapter != self.home and part.name != DOC:
                text.append(f"    # chapter {part.chapter}")
            text.append(part.source)
        return "\n".join(text)

    @property
    def node(self):
        """Its syntax tree."""
        return ast.parse(self.source).body[0]


@dataclass
class Statement:
    """One statement of a captioned cell, with the comments above it.

    ``adds`` is (class, member) where it becomes a member of a class.
    """

    module: str
    node: ast.stmt
    source: str
    where: str
    adds: tuple | None = None

    @property
    def name(self):
        """The name in the package that it defines or adds to."""
        return self.adds[0] if self.adds else defined(self.node)


@dataclass
class Notebook:
    """A chapter as the exporter sees it."""

    number: int
    title: str
    imports: dict  # bound name -> {(module, member or None, alias)}
    bound: set  # names that cells without a caption bind
    docstrings: dict
    statements: list


def kind(part):
    """A member's place in its class: 0 docstring, 1 attribute, 2 method."""
    if part.name == DOC:
        return 0
    node = ast.parse(f"class _:\n{part.source}").body[0].body[0]
    return 1 if isinstance(node, ASSIGNMENTS) else 2


# --- reading the chapters


def chapters(root):
    """The notebooks of the chapters, in the order of ``_toc.yml``."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    files = [c["file"] for part in toc["parts"] for c in part["chapters"]]
    names = [f for f in files if re.match(r"notebooks/\d\d_", f)]
    paths = [root / f"{name}.ipynb" for name in names]
    for path in paths:
        if not path.is_file():
            raise ExportError(
                f"_toc.yml lists {path.relative_to(root)}, which does not "
                "exist: write it, or remove it from the list"
            )
    return paths


def parse(source, where, exported):
    """The syntax tree of a cell; IPython's magics only in plain cells."""
    plain = TransformerManager().transform_cell(source)
    if exported and plain.split() != source.split():
        raise ExportError(
            f"{where}: a captioned cell must be plain Python, but it holds "
            "IPython's % or !: move that to a cell without a caption"
        )
    try:
        return ast.parse(plain)
    except SyntaxError as error:
        raise ExportError(
            f"{where} does not parse: {error.msg} in line {error.lineno}"
        ) from error


def read(path):
    """A chapter's notebook, as the exporter sees it."""
    return _read(path, cells.stamp(path))


@cache
def _read(path, stamp):
    nb = cells.read(path)
    heads = (re.match(r"# (.+)", cell.source) for cell in nb.cells)
    title = next((head[1] for head in heads if head), path.stem)
    notebook = Notebook(cells.chapter(path), title, {}, set(), {}, [])
    for i, cell in enumerate(nb.cells, 1):
        if cell.cell_type != "code":
            continue
        where = f"{path.name}: cell {i} ({cell.id})"
        source = cell.source.replace("\r\n", "\n")
        caption = cells.CAPTION.match(source)
        if not caption and NEARLY.match(source):
            raise ExportError(
                f"{where} nearly has a caption: the first line of a cell "
                "for the package must be `# nn/<module>.py`, nothing else"
            )
        if source.startswith("%%"):  # what a magic runs may be Python
            source = source.partition("\n")[2]
            try:
                tree = ast.parse(source)
            except SyntaxError:
                continue
        else:
            tree = parse(source, where, bool(caption))
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                add_imports(notebook, node, where)
        if caption:
            check_module(caption[1], path, where)
            add_statements(notebook, caption[1], tree, source, where)
        else:
            table = symtable.symtable(ast.unparse(tree), "cell", "exec")
            notebook.bound |= {
                s.get_name() for s in table.get_symbols() if s.is_assigned()
            }
    return notebook


def add_imports(notebook, node, where):
    """Note what an import binds: name -> {(module, member, alias)}."""
    module = getattr(node, "module", None)
    if module == "__future__":
        raise ExportError(
            f"{where}: a __future__ import does not reach the package; "
            "write the code without it"
        )
    for a in node.names:
        name = a.asname or a.name
        if isinstance(node, ast.Import):
            name = name if a.asname else name.split(".")[0]
            new = (a.name, None, a.asname)
        else:
            new = ("." * node.level + (module or ""), a.name, a.asname)
        old = notebook.imports.get(name, set())
        same = {w for w in old if w[1] is None and not (new[1] or new[2])}
        notebook.imports[name] = {*same, new}


def check_module(name, path, where):
    """Refuse a caption that names something written by hand."""
    folder = path.parents[1] / "nn"
    file = folder / f"{name}.py"
    if (
        keyword.iskeyword(name)
        or name.startswith("__")
        or (file.is_file() and not generated(file))
        or (folder / name / "__init__.py").is_file()
    ):
        raise ExportError(
            f"{where}: nn/{name}.py cannot be a chapter's module: the name "
            "is reserved or belongs to something written by hand"
        )


def add_statements(notebook, module, tree, source, where):
    """Cut a captioned cell into its definitions, comments included."""
    lines, done, here, docstring = source.split("\n"), 1, [], False
    for node in tree.body:
        if node.lineno <= done and node is not tree.body[0]:
            raise ExportError(
                f"{where}, line {node.lineno}: one statement a line, please"
            )
        text = "\n".join(lines[done : node.end_lineno]).strip("\n")
        done = node.end_lineno
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if node is tree.body[0] and is_docstring(node):
            notebook.docstrings[module], docstring = text, True
            continue
        new = Statement(module, node, text, where)
        if adds := grown(node):
            new = member(new, adds, here)
        elif defined(node) is None:
            raise ExportError(
                f"{where}, line {node.lineno}: a captioned cell may hold "
                "def, class, NAME = ..., Class.name = ... and a first "
                "docstring, nothing else"
            )
        elif any(s.name == new.name and not s.adds for s in here):
            raise ExportError(f"{where} defines {new.name} twice")
        here.append(new)
    if not here and not docstring:
        raise ExportError(
            f"{where} has the caption of nn/{module}.py and defines "
            "nothing: write a definition or drop the caption"
        )
    rest = "\n".join(lines[done:]).rstrip()
    if here and rest:
        here[-1].source += "\n" + rest
    notebook.statements += here


def member(new, adds, here):
    """``Class.name = ...`` as a member; a function comes from its cell."""
    value = new.node.value
    if not isinstance(value, ast.Name) or value.id != adds[1]:
        new.source = indented(new.source.partition(".")[2])
        return Statement(new.module, new.node, new.source, new.where, adds)
    for old in here:
        if isinstance(old.node, FUNCTIONS) and old.name == value.id:
            here.remove(old)
            refuse_super(old.node, new.where)
            text = indented(old.source)
            check_indented(old.node, text, new.where)
            return Statement(new.module, old.node, text, new.where, adds)
    raise ExportError(
        f"{new.where}: {ast.unparse(new.node)} must come after the "
        f"function {value.id}, in the same cell"
    )


def check_indented(node, text, where):
    """Refuse a string over several lines, which indenting would change."""
    (moved,) = ast.parse(f"class _:\n{text}").body[0].body
    for f in (node, moved):
        f.body = f.body[is_docstring(f.body[0]) :]
    if ast.dump(node) != ast.dump(moved):
        raise ExportError(
            f"{where}: {node.name} holds a string over several lines, "
            "which would change inside the class: join it from single lines"
        )


def is_docstring(node):
    """True for a statement that is a string and nothing else."""
    value = getattr(node, "value", None)
    return isinstance(node, ast.Expr) and isinstance(
        getattr(value, "value", None), str
    )


def defined(node):
    """The name that a statement defines, None if it defines nothing."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return node.name
    if isinstance(node, ASSIGNMENTS) and node.value is not None:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if len(targets) == 1:
            return getattr(targets[0], "id", None)
    return None


def grown(node):
    """(class, member) of a statement ``Class.member = ...``, or None."""
    match node:
        case ast.Assign(
            targets=[ast.Attribute(value=ast.Name(id=owner), attr=member)]
        ):
            return owner, member
    return None


# --- merging what the chapters say


def members(source, make):
    """The parts of a class, by name, each with the comments above it.

    Definitions of one name (a property and its setter) are one part.
    """
    lines, found = source.split("\n"), {}
    node = ast.parse(source).body[0]
    first = node.body[0]
    if first.lineno == node.lineno:  # class X: ...
        return {HEAD: make(HEAD, source)}
    done = first.lineno - 1
    if getattr(first, "decorator_list", None):
        done = first.decorator_list[0].lineno - 1
    while done and lines[done - 1].lstrip().startswith("#"):
        done -= 1
    found[HEAD] = make(HEAD, "\n".join(lines[:done]).rstrip("\n"))
    for i, child in enumerate(node.body):
        name = DOC if i == 0 and is_docstring(child) else defined(child)
        end = len(lines) if child is node.body[-1] else child.end_lineno
        while not lines[done].strip():
            done += 1
        text = "\n".join(lines[done:end]).rstrip()
        done = child.end_lineno
        if name is None:  # a pass, say: it stays with what is above it
            name = next(reversed(found))
        if name in found:
            gap = "\n" if name == HEAD else "\n\n"
            text = found[name].source + gap + text
        found[name] = make(name, text)
    return found


def collect(until, root):
    """All definitions up to a chapter, by name, and the docstrings."""
    found, first, docstrings = {}, {}, {}
    for path in chapters(root):
        notebook = read(path)
        if until is not None and notebook.number > until:
            continue
        docstrings |= notebook.docstrings
        add_chapter(notebook, found, first)
    return found, first, docstrings


def add_chapter(notebook, found, first):
    """Bring the definitions to where they are after this chapter."""
    whole = {}  # what this chapter defines whole: name -> cell
    for new in notebook.statements:
        name, where, old = new.name, new.where, found.get(new.name)

        def make(part, text, where=where):
            return Part(part, text, notebook.number, where, notebook)

        if old and old.module != new.module:
            raise ExportError(
                f"{where} defines {name} in nn/{new.module}.py, but "
                f"chapter {old.chapters[0]} does so in nn/{old.module}.py: "
                "rename one"
            )
        if new.adds:
            extended(old, name, where)
            replace(old, [make(new.adds[1], new.source)])
        elif name in (names_of(getattr(new.node, "bases", []))):
            extended(old, name, where)
            base = check_extension(new.node, found, where)
            parts = members(new.source, make)
            del parts[HEAD]
            check_defaults(old, parts, where)
            if base:
                head = old.parts[HEAD].source.rpartition("class ")[0]
                text = f"{head}class {name}({base}):"
                parts[HEAD] = make(HEAD, text)
            replace(old, parts.values())
        else:
            parts = {HEAD: make(HEAD, new.source)}
            if isinstance(new.node, ast.ClassDef):
                parts = members(new.source, make)
            d = Definition(
                name, new.module, parts, notebook.number, new.source
            )
            if old:
                d.replaced = [*old.replaced, *old.parts.values()]
            whole[name] = where
            found[name] = d  # a known name keeps its place
            first.setdefault(name, notebook.number)
    check_children(whole, found)


def names_of(nodes):
    """The plain names among the nodes."""
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def indented(text):
    """The text of a function as that of a method."""
    return "\n".join(
        f"    {line}" if line else "" for line in text.split("\n")
    )


def refuse_super(tree, where):
    """``super`` would mean the former self here, the base in nn/."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "super":
            raise ExportError(
                f"{where}: super() in a class that is merged means another "
                "class in the package than in the notebook: name the base, "
                "or write the class whole"
            )


def extended(old, name, where):
    """The class that a later cell adds to; an error if there is none."""
    if old is None or not isinstance(old.node, ast.ClassDef):
        raise ExportError(
            f"{where} adds to the class {name}, which no chapter up to "
            "this one defines"
        )


def replace(old, parts):
    """Put new parts of a class in the place of those of their name."""
    old.text = None
    for part in parts:
        if part.name in old.parts:
            old.replaced.append(old.parts[part.name])
        old.parts[part.name] = part


def check_extension(node, found, where):
    """What ``class X(X):`` may hold; return B for ``class X(B, X):``.

    B then takes the place of the base of X, from which it inherits.
    """
    name = node.name
    new = [ast.unparse(base) for base in node.bases[:-1]]
    old = bases_of(found[name])
    if (
        ast.unparse(node.bases[-1]) != name
        or len(new) > 1
        or any(b not in found or bases_of(found[b]) != old for b in new)
        or node.keywords
        or node.decorator_list
    ):
        raise ExportError(
            f"{where}: class {name}(...) may add members, and a base that "
            f"inherits from {' and '.join(old)} as class {name}(Base, "
            f"{name}); for anything else write the class whole"
        )
    for i, child in enumerate(node.body):
        empty = isinstance(child, ast.Pass) or ast.unparse(child) == "..."
        docstring = i == 0 and is_docstring(child)
        if defined(child) is None and not docstring and not empty:
            raise ExportError(
                f"{where}: class {name}({name}) holds methods, attributes "
                "and a docstring, nothing else"
            )
    refuse_super(node, where)
    heirs = [d.name for d in found.values() if name in bases_of(d)]
    if heirs:
        raise ExportError(
            f"{where}: {', '.join(sorted(heirs))} inherit from {name}, and "
            f"in the notebook they would not inherit from class "
            f"{name}({name}): grow it in place, {name}.method = method"
        )
    return new[0] if new else None


def bases_of(definition):
    """The names of the classes that a definition inherits from."""
    return names_of(getattr(definition.node, "bases", []))


def check_defaults(old, new, where):
    """An attribute that a new ``__init__`` brings has a class default.

    Else an earlier chapter's ``__init__`` would leave it out in a notebook
    that runs against the whole package.
    """
    if "__init__" not in new or "__init__" not in old.parts:
        return
    ours, theirs = (
        {
            n.attr
            for n in ast.walk(ast.parse(f"class _:\n{part.source}"))
            if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
        }
        for part in (new["__init__"], old.parts["__init__"])
    )
    for name in sorted(ours - theirs - {*new, *old.parts}):
        raise ExportError(
            f"{where}: the new attribute {name} of {old.name} needs a "
            f"default in the class, {name} = None, for the chapters before"
        )


def check_children(whole, found):
    """A base class that is written anew needs its children anew."""
    for name, where in whole.items():
        if not found[name].replaced:
            continue
        left = {
            d.name
            for d in found.values()
            if name in bases_of(d) and d.name not in whole
        }
        if left:
            raise ExportError(
                f"{where} redefines the base class {name}, so this chapter "
                f"must redefine {', '.join(sorted(left))} too; to add a "
                f"method, grow it in place: {name}.method = method"
            )


def generated(path):
    """True for a module that this tool has written."""
    return path.read_bytes().startswith(HEADER.encode())
