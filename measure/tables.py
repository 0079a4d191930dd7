"""Numbers and tables of what was measured, as Markdown."""

import statistics

from nn.tasks import TASKS

NAMES = {
    "nn": "`nn`",
    "nn-before": "`nn`, before",
    "keras": "Keras, `fit`",
    "keras-tuned": "Keras, `steps_per_execution=64`",
    "torch": "PyTorch, eager, fused Adam",
    "sklearn": "scikit-learn's MLP",
    "jax": "JAX, compiled `lax.scan`",
    "textbook": "textbook style, NumPy",
    "floor": "the products alone",
}
GROWTH = {
    "batch": ("batch size", lambda report: report["batch"]),
    "width": ("hidden width", lambda report: report["sizes"][1]),
}


def significant(value, digits=4):
    """The number with so many significant digits."""
    return float(f"{value:.{digits}g}")


def spread(values):
    """Median, least and largest, with four significant digits."""
    values = [*values]
    found = statistics.median(values), min(values), max(values)
    names = ("median", "min", "max")
    return dict(zip(names, map(significant, found), strict=True))


def ratios(report, a, b):
    """The spread of time(a) / time(b), taken round by round."""
    pairs = zip(
        report["systems"][a]["seconds"],
        report["systems"][b]["seconds"],
        strict=True,
    )
    return spread(x / y for x, y in pairs)


def number(value):
    """A ratio, a time or a size with three significant digits."""
    text = f"{value:.3g}"
    return f"{float(text):,.0f}" if "e" in text else text


def between(found):
    """A spread as text: median (min to max)."""
    values = [number(found[k]) for k in ("median", "min", "max")]
    return "{} ({} to {})".format(*values)


def row(*cells):
    """One line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def grid(head, rows):
    """A Markdown table: the first column left, the others right."""
    line = row("---", *["--:"] * (len(head) - 1))
    return "\n".join([row(*head), line, *(row(*r) for r in rows)])


def ordered(report):
    """The systems of a race, in the order of NAMES."""
    return [name for name in NAMES if name in report["systems"]]


def title(report):
    """Task, layer sizes and threads of a race."""
    sizes, threads = "-".join(map(str, report["sizes"])), report["threads"]
    plural = "s" * (threads > 1)
    name = TASKS[report["task"]].title
    return f"{name}, {sizes}, {threads} thread{plural}"


def times(report):
    """A race: milliseconds, ratios, memory, and the whole training."""
    settings = TASKS[report["task"]].settings["classic"]
    rows = []
    for name in ordered(report):
        found = report["systems"][name]
        ms = spread(1e3 * s for s in found["seconds"])
        whole = found["start"] + found["first_epoch"]
        whole += (settings.epochs - 1) * ms["median"] / 1e3
        ours = "1" if name == "nn" else between(ratios(report, "nn", name))
        floors = between(ratios(report, name, "floor"))
        rows.append(
            [
                NAMES[name],
                between(ms),
                ours,
                "1" if name == "floor" else floors,
                number(found["peak"]),
                number(found["start"]),
                number(found["first_epoch"]),
                "" if name == "floor" else number(whole),
            ]
        )
    head = [
        title(report),
        "ms an epoch",
        "our time / its time",
        "its time / the floor",
        "peak MiB",
        "start, s",
        "first epoch, s",
        f"from start to {settings.epochs} epochs, s",
    ]
    return grid(head, rows)


def predictions(report):
    """One row and ten thousand, in microseconds and milliseconds."""
    rows = []
    for name in ordered(report):
        found = report["systems"][name]
        if "predict_1" in found:
            one = spread(1e6 * s for s in found["predict_1"])
            many = spread(1e3 * s for s in found["predict_10000"])
            rows.append([NAMES[name], between(one), between(many)])
    return grid([title(report), "one row, µs", "10,000 rows, ms"], rows)


def imports(report):
    """What an import costs."""
    seconds = report["imports"]
    bare = statistics.median(seconds["nothing"])
    rows = []
    for name in ("numpy", "nn"):
        median = statistics.median(seconds[name])
        least = statistics.median(seconds["numpy"])
        rows.append(
            [
                f"`import {name}`",
                number(1e3 * (median - bare)),
                number((median - bare) / (least - bare)),
            ]
        )
    return grid(["in a new Python", "ms", "of NumPy's"], rows)


def growth(reports, label, value):
    """Our time over the others', as something grows."""
    names = [n for n in ordered(reports[0]) if n != "nn"]
    rows = []
    for report in reports:
        seconds = spread(report["systems"]["nn"]["seconds"])["median"]
        others = [between(ratios(report, "nn", name)) for name in names]
        rows.append([str(value(report)), number(1e3 * seconds), *others])
    heads = [f"our time / {NAMES[name]}" for name in names]
    return grid([label, "`nn`, ms an epoch", *heads], rows)


def setting(report):
    """What it was measured on, in words."""
    blas = report["races"][0]["systems"]["nn"]["blas"]
    kernel = ", ".join(
        f"{b['internal_api']} {b['version']}, kernel {b['architecture']}"
        for b in blas
    )
    versions = ", ".join(f"{k} {v}" for k, v in report["versions"].items())
    noise = report["noise"]
    return (
        f"{report['machine']['processors']} processors "
        f"({report['machine']['processor']}); products by {kernel or '?'}; "
        f"{versions}. {report['races'][0]['rounds']} rounds; "
        f"{noise['disturbed']} of {noise['turns']} turns were kept "
        "although other programs took more than 12 % of a processor. "
        "Ratios are taken round by round: median (least to largest)."
    )


def tables(report):
    """All tables, as Markdown."""
    parts = [setting(report)]
    if report["quick"]:
        parts.append("**A quick trial with few rows: not a measurement.**")
    if "note" in report:
        parts.append(f"**{report['note']}**")
    parts += [times(r) for r in report["races"]]
    parts += [predictions(r) for r in report["races"]]
    parts.append(imports(report))
    scaling = {k: v for k, v in report["scaling"].items() if v}
    for kind, found in scaling.items():
        label, value = GROWTH[kind]
        parts.append(growth(found, label, value))
    return "\n\n".join(parts) + "\n"
