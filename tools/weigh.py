"""Weigh the pages of the built book, as a browser receives them.

    python -m tools weigh            bytes of the first view of each page
    python -m tools weigh --slow     and the times on a slow telephone
    python -m tools weigh --slow 5   each the median of five loads
    python -m tools weigh --slow 5 --save
                                     and write them to results/weights.md

``--beside NAME SITE PAGE`` adds a page of another site, in the folder SITE.

The first view is all that Chromium fetches to show a page before any
scrolling, from an empty cache, with text compressed as web servers do. What
a page would fetch from another site is not in it.
"""

import argparse
import datetime
import gzip
import statistics
import sys
from pathlib import Path

import yaml

from nn.files import write_file

from .browser import FIRST_VIEW, NoBrowserError, Quiet, launch, serve
from .pdf import ROOT, pages

TABLE = ROOT / "results" / "weights.md"
KINDS = ("Document", "Stylesheet", "Script", "Font", "Image")
TEXT = (".html", ".css", ".js", ".svg", ".json", ".xml", ".txt")
# Lighthouse's "slow 4G" and a processor four times slower than this one
SLOW = {"latency": 150, "down": 1.6e6 / 8, "up": 0.75e6 / 8, "cpu": 4}
TELEPHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}
WATCH = """() => {
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const e of list.getEntries())
      if (!e.hadRecentInput) window.shifts += e.value;
  }).observe({type: "layout-shift", buffered: true});
  // when the last figure was drawn and the page was free to answer a hand
  window.alive = null;
  window.coming = 0;
  new MutationObserver(() => {
    window.coming += 1;
    requestAnimationFrame(() => setTimeout(() => {
      window.alive = performance.now();
      window.coming -= 1;
    }));
  }).observe(document, {subtree: true, attributeFilter: ["data-state"]});
}"""
SHOWN = """() => !window.coming &&
  performance.getEntriesByType("paint").length > 0"""
FOUND = """() => ({
  title: document.title,
  paint: performance.getEntriesByType("paint").at(-1).startTime / 1000,
  alive: window.alive && Math.max(window.alive,
    performance.getEntriesByType("paint").at(-1).startTime) / 1000,
  shift: window.shifts,
})"""
# The slowest figure whose data come late, timed from a jump to it
COMING = """async () => {
  let slowest = 0;
  const figures = document.querySelectorAll("figure[data-nn]:has(script)");
  for (const figure of figures) {
    const start = performance.now();
    if (figure.dataset.state) continue;
    figure.scrollIntoView();
    while (!figure.dataset.state) await new Promise(requestAnimationFrame);
    await new Promise((drawn) => setTimeout(drawn));
    slowest = Math.max(slowest, performance.now() - start);
  }
  return slowest / 1000;
}"""
HEADS = ("kB", "HTML", "styles", "scripts", "fonts", "pictures", "shift")
TIMES = ("first paint", "figures alive")


class Compressing(Quiet):
    """Serves text compressed, if the browser takes it."""

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if path.suffix not in TEXT or not path.is_file():
            super().do_GET()
            return
        data = gzip.compress(path.read_bytes(), 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def weigh(browser, address, *, slow=False):
    """Return bytes by kind, layout shift and times in s of one page."""
    context = browser.new_context(**(TELEPHONE if slow else FIRST_VIEW))
    page = context.new_page()
    page.add_init_script(f"({WATCH})()")
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    if slow:
        wire.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": SLOW["latency"],
                "downloadThroughput": SLOW["down"],
                "uploadThroughput": SLOW["up"],
            },
        )
        wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOW["cpu"]})
    kinds, sizes = {}, {}
    wire.on(
        "Network.responseReceived",
        lambda e: (
            e["response"]["url"].startswith("http")  # data: is in its file
            and kinds.update({e["requestId"]: e["type"]})
        ),
    )
    wire.on(
        "Network.loadingFinished",
        lambda e: sizes.update({e["requestId"]: e["encodedDataLength"]}),
    )
    page.goto(address, wait_until="networkidle", timeout=120_000)
    page.wait_for_function(SHOWN)
    found = page.evaluate(FOUND)
    found["bytes"] = dict.fromkeys(KINDS, 0)
    for request, kind in kinds.items():
        size = sizes.get(request, 0)
        found["bytes"][kind] = found["bytes"].get(kind, 0) + size
    found["total"] = sum(found["bytes"].values())
    if slow and (late := page.evaluate(COMING)):
        found["alive"] = max(found["alive"] or 0, late)
    context.close()
    return found


def measure(browser, address, *, loads):
    """Return the numbers of a page under HEADS, and those under TIMES.

    The times are medians over ``loads`` on the slow telephone, if any.
    """
    found = weigh(browser, address)
    sizes = [found["total"], *(found["bytes"][kind] for kind in KINDS)]
    row = [*(size / 1000 for size in sizes), found["shift"]]
    late = [weigh(browser, address, slow=True) for _ in range(loads)]
    row[-1] = max([row[-1], *(one["shift"] for one in late)])
    for time in ("paint", "alive") if late else ():
        values = [one[time] for one in late]
        row.append(None if None in values else statistics.median(values))
    return row


def cells(row):
    """Write the numbers of a row."""
    digits = [0] * 6 + [3] + [1] * len(TIMES)
    return [
        "" if value is None else f"{value:,.{n}f}"
        for value, n in zip(row, digits, strict=False)
    ]


def conditions(browser, loads):
    """What the numbers were measured with, in words."""
    day, width = datetime.date.today(), TELEPHONE["viewport"]["width"]
    return (
        f"Measured on {day.day} {day:%B %Y} with Chromium "
        f"{browser.version}. The slow telephone is emulated: a screen "
        f"{width} pixels wide, {8e-6 * SLOW['down']:.2g} Mbit/s, "
        f"{SLOW['latency']} ms of delay, and a processor {SLOW['cpu']} "
        "times slower than one core of the machine that measured. Times "
        f"are medians; loads of each page: {loads}.\n"
    )


def table(rows):
    """A table in Markdown of {name: numbers}."""
    heads = ["first view", *HEADS, *(f"{head}, s" for head in TIMES)]
    lines = [heads, ["---", *["--:"] * (len(heads) - 1)]]
    lines += [[name, *cells(row)] for name, row in rows.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def summary(rows):
    """The median and the maximum of each column, if it has numbers."""
    columns = [
        [value for value in column if value is not None] or [None]
        for column in zip(*rows.values(), strict=True)
    ]
    return {
        f"median of {len(rows)} pages": [*map(statistics.median, columns)],
        "largest of each column": [*map(max, columns)],
    }


def main(argv=None):
    """Run the command; return the exit code."""
    about, usage, *_ = __doc__.split("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m tools weigh",
        description=about,
        epilog=usage,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--site", type=Path, default=ROOT / "_build" / "html"
    )
    parser.add_argument(
        "--slow", type=int, nargs="?", const=1, default=0, metavar="LOADS"
    )
    parser.add_argument("--save", action="store_true")
    parser.add_argument(
        "--beside",
        nargs=3,
        action="append",
        default=[],
        metavar=("NAME", "SITE", "PAGE"),
    )
    parser.add_argument("pages", nargs="*", help="default: every page")
    options = parser.parse_args(argv)
    if options.save and (options.pages or not options.slow):
        parser.error("--save needs --slow and all pages")
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    if not (options.site / f"{toc['root']}.html").is_file():
        print(f"weigh: no book in {options.site}: run make book")
        return 1
    ours = {n: (options.site, n) for n in options.pages or pages(toc)}
    beside = {n: (Path(site), page) for n, site, page in options.beside}
    heads = [*HEADS, *(TIMES if options.slow else ())]
    print(f"{'':40}", *(f"{head:>8}" for head in heads))
    rows = {}
    try:
        with launch() as browser:
            how = conditions(browser, options.slow)
            for name, (site, page) in (ours | beside).items():
                with serve(site, Compressing) as web:
                    address = f"{web}{page.removesuffix('.html')}.html"
                    rows[name] = measure(
                        browser, address, loads=options.slow
                    )
                numbers = (f"{c:>8}" for c in cells(rows[name]))
                print(f"{name[:40]:40}", *numbers, flush=True)
    except NoBrowserError as error:
        print(f"weigh: {error}", file=sys.stderr)
        return 1
    own = {name: rows[name] for name in ours}
    short = summary(own)
    for name, row in short.items():
        print(f"{name[:40]:40}", *(f"{c:>8}" for c in cells(row)))
    if options.save:
        chosen = {
            said: row
            for name, row in own.items()
            if (said := in_table(name, toc))
        }
        theirs = {name: rows[name] for name in beside}
        text = f"{how}\n{table(chosen | short | theirs)}"
        write_file(TABLE, text.encode())
    return 0


def in_table(name, toc):
    """What the table calls a page, or None if it is only in the median."""
    if name == toc["root"]:
        return "welcome"
    folder, _, page = name.partition("/")
    return f"chapter {int(page[:2])}" if folder == "notebooks" else None
