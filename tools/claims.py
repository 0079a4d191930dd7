"""Numbers of a chapter's text that nothing in the chapter supports.

A number is supported if an output prints it, a code cell contains it, or a
true equation of the text does, such as 4 · 47 = 188; it may be rounded.
Small whole numbers and years are not looked at, and neither are the numbers
of exercises and quiz questions, chapters and equations.
"""

import math
import re
from itertools import pairwise

from .cells import is_code, own_name, pictures, printed, prose

SMALL, YEARS = 12, range(1600, 2100)
UNITS = {  # a number in this unit, over the same number in the code's
    "%": 100,
    "dollars": 100_000,
    "million": 1e-6,
    "MB": 1e-6,
    "kB": 1e-3,
}
NUMBER = (
    r"(?<![\w.])(?<![A-Za-z]-)"
    r"(\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?)(?!\w)\s*\\?(%|[^\W\d]+)?"
)
IN_CODE = r"(?<![A-Za-z_\d.])\d[\d_,]*(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+"
OWN_NUMBERS = (  # of tasks and questions, and of the book's parts
    r"(?ms)^## Exercises.*?(?=^## Recap|\Z)|\*\d+ minutes"
    r"|\([1-9]\d?\.\d\d?\)|[Cc]hapters?\s\d+(?:(?:,| and|, and| to)\s\d+)*"
)
MARKUP = r"\]\([^)]*\)|<[^>]*>|\\tag\{[^}]*\}|[_^](?:\{[^}]*\}|\w)"
FORMULA = r"\$\$?([^$]+)\$\$?"
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
PLAIN = (  # how numbers are written in formulas and in the text
    (r"\{,\}", ","),
    ("−", "-"),
    (r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: f"^{{{m[0].translate(SUPERSCRIPTS)}}}"),
    (r"(\d)\s*(?:\\cdot|·|×)\s*10\^(?:\{(-?\d+)\}|(\d))", r"\1e\2\3"),
    (r"(?<![\d.])10\^(?:\{(-?\d+)\}|(\d))", r"1e\1\2"),
)
PYTHON = (  # how Python writes what a formula computes
    (r"\\(?:begin|end)\{\w+\}|\\\\|\\[,;:!]|\\q?quad|&", ""),
    (r",(?=\d{3})", ""),
    (r"\\cdot|\\times", "*"),
    (r"\\approx", "≈"),
    (r"\\[td]?frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))"),
    (r"\\(sqrt|ln|log)\s*(?:\{([^{}]*)\}|([\d.]+))", r"\1(\2\3)"),
    (r"\\(sqrt|ln|log)\s*\(", r"\1("),
    (r"\^\{([^{}]*)\}", r"**(\1)"),
    (r"\^", "**"),
)
ARITHMETIC = r"(?:[\d.()+*/\s-]|e-|\b(?:sqrt|ln|log)\b|\be\b)+"
NAMES = {"sqrt": math.sqrt, "ln": math.log, "log": math.log, "e": math.e}


def replaced(pairs, text):
    """The text with each pattern replaced, one after another."""
    for pattern, new in pairs:
        text = re.sub(pattern, new, text)
    return text


def value(side):
    """What one side of an equation computes; None if it has letters."""
    if not re.fullmatch(ARITHMETIC, side) or not re.search(r"\d", side):
        return None
    try:
        return float(eval(side.strip(), {"__builtins__": {}}, NAMES))
    except (SyntaxError, TypeError, ArithmeticError):
        return None


def precision(number, rough=True):
    """The unit of the last digit; if rough, of the last before zeros."""
    mantissa, _, exponent = number.replace(",", "").partition("e")
    whole, point, fraction = mantissa.partition(".")
    zeros = len(whole) - max(len(whole.rstrip("0")), 2)
    last = max(zeros, 0) if rough and not point else -len(fraction)
    return 10.0 ** (last + int(exponent or 0))


def equations(text):
    """(formula, its numbers, true?) of each equation between numbers."""
    for formula in re.findall(FORMULA, replaced(PLAIN, text)):
        python = replaced(PYTHON, formula)
        signs = re.findall("[=≈]", python)
        sides = pairwise(re.split("[=≈]", python))
        for sign, (a, b) in zip(signs, sides, strict=True):
            x, y = value(a), value(b)
            if x is not None and y is not None:
                plain = [s.strip(" -\n") for s in (a, b)]
                plain = [s for s in plain if re.fullmatch(r"[\d.e-]+", s)]
                units = [precision(s, sign == "≈") for s in plain]
                close = max(units, default=0) / 2 + 1e-9 * abs(x)
                found = re.findall(r"\d[\d.]*(?:e-?\d+)?", a + b)
                yield formula, map(float, found), abs(x - y) <= close


def texts(nb):
    """(cell's index, text) of the author's text, alternative texts too."""
    for i, cell in enumerate(nb.cells):
        for text in dict.fromkeys([prose(cell), *pictures(cell)]):
            if text and own_name(cell) is None:
                yield i, text


def supported(nb):
    """The numbers of outputs, code cells and true equations, a set."""
    found = set()
    for cell in nb.cells:
        if is_code(cell) and own_name(cell) is None:
            for text in [cell.source, *map(printed, cell.outputs)]:
                for number in re.findall(IN_CODE, text):
                    parts = re.sub(r"_|,(?=\d{3}(?!\d))", "", number)
                    found |= {float(p) for p in parts.split(",") if p}
    for _, text in texts(nb):
        for _, numbers, true in equations(text):
            found |= set(numbers) if true else set()
    return found


def quoted(nb):
    """(cell's index, number, its unit) of each that needs a source."""
    whole = "".join(f"\n{text}\0" for _, text in texts(nb))
    left = re.sub(OWN_NUMBERS, lambda m: "\0" * m[0].count("\0"), whole)
    for (i, _), text in zip(texts(nb), left.split("\0"), strict=False):
        text = re.sub(MARKUP, " ", replaced(PLAIN, text))
        for number, unit in re.findall(NUMBER, text):
            x = float(number.replace(",", ""))
            year = x in YEARS and "," not in number
            if not (number.isdigit() and (x <= SMALL or year)):
                yield i, number, unit


def agrees(number, unit, known):
    """True if the number is one of those known, rounded."""
    x = float(number.replace(",", ""))
    close = precision(number) / 2 * (1 + 1e-9)
    scales = {1, UNITS.get(unit, 1)}
    return any(abs(k * s - x) <= close for k in known for s in scales)


def unsupported(nb):
    """(cell's index, number) of each that nothing supports."""
    known = supported(nb)
    for i, number, unit in quoted(nb):
        if not agrees(number, unit, known):
            yield i, number
