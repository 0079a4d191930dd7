"""Weigh the pages of the built book, as a browser receives them.

    python -m tools weigh            bytes of the first view of each page
    python -m tools weigh --slow     and the times on a slow telephone

The first view is all that Chromium fetches to show a page before any
scrolling, from an empty cache, with text compressed as web servers do.
"""

import argparse
import gzip
import statistics
import sys
from pathlib import Path

import yaml

from .browser import FIRST_VIEW, NoBrowserError, Quiet, launch, serve
from .pdf import ROOT, pages

KINDS = ("Document", "Stylesheet", "Script", "Font", "Image")
TEXT = (".html", ".css", ".js", ".svg", ".json", ".xml", ".txt")
# Lighthouse's "slow 4G" and a processor four times slower than this one
SLOW = {"latency": 150, "down": 1.6e6 / 8, "up": 0.75e6 / 8, "cpu": 4}
SHIFTS = """() => {
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const e of list.getEntries())
      if (!e.hadRecentInput) window.shifts += e.value;
  }).observe({type: "layout-shift", buffered: true});
}"""
PAINTED = "performance.getEntriesByType('paint').length > 0"
TIMES = """() => ({
  paint: performance.getEntriesByType("paint").at(-1).startTime,
  ready: performance.getEntriesByType("navigation")[0].loadEventStart,
  shift: window.shifts,
})"""


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
    """Return bytes by kind, layout shift and times in ms of one page."""
    context = browser.new_context(**FIRST_VIEW)
    page = context.new_page()
    page.add_init_script(f"({SHIFTS})()")
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
    page.wait_for_function(PAINTED)
    found = page.evaluate(TIMES)
    context.close()
    found["bytes"] = dict.fromkeys(KINDS, 0)
    for request, kind in kinds.items():
        size = sizes.get(request, 0)
        found["bytes"][kind] = found["bytes"].get(kind, 0) + size
    found["total"] = sum(found["bytes"].values())
    return found


def main(argv=None):
    """Run the command; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools weigh", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--site", type=Path, default=ROOT / "_build" / "html"
    )
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("pages", nargs="*", help="default: every page")
    options = parser.parse_args(argv)
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    if not (options.site / f"{toc['root']}.html").is_file():
        print(f"weigh: no book in {options.site}: run make book")
        return 1
    heads = ["kB", "html", "css", "js", "fonts", "images", "shift"]
    print(f"{'':40}", *(f"{head:>7}" for head in heads))
    totals = []
    try:
        with (
            launch() as browser,
            serve(options.site, Compressing) as web,
        ):
            for name in options.pages or pages(toc):
                address = f"{web}{name}.html"
                found = weigh(browser, address, slow=options.slow)
                totals.append(found["total"])
                sizes = [found["total"], *found["bytes"].values()][:6]
                row = [f"{size / 1000:7.0f}" for size in sizes]
                row.append(f"{found['shift']:7.3f}")
                if options.slow:
                    row.append(
                        f"  paint {found['paint'] / 1000:.1f} s, "
                        f"loaded {found['ready'] / 1000:.1f} s"
                    )
                print(f"{name[:40]:40}", *row, flush=True)
    except NoBrowserError as error:
        print(f"weigh: {error}", file=sys.stderr)
        return 1
    print(f"median {statistics.median(totals) / 1000:.0f} kB")
    return 0
