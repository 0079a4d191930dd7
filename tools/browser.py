"""A browser that reaches only the page, and tells what went wrong."""

import contextlib
import functools
import http.server
import os
import shutil
import threading

FLAGS = [
    "--no-sandbox",  # as root there is none; the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
FIRST_VIEW = {"viewport": {"width": 1280, "height": 900}}
# Go to each figure, since some wait for it, until all are alive or failed.
ALIVE = """(least) => {
  const figures = [...document.querySelectorAll("figure[data-nn]")];
  const waiting = figures.find((figure) => !figure.dataset.state);
  (waiting ?? document.body).scrollIntoView();
  return !waiting && figures.length >= least;
}"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class NoBrowserError(Exception):
    """Says what to install."""


@contextlib.contextmanager
def launch():
    """A Chromium, found on the path or brought by Playwright."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ModuleNotFoundError:
        raise NoBrowserError(
            "the browser tests need Playwright: pip install playwright"
        ) from None
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as p:
        try:
            browser = p.chromium.launch(executable_path=path, args=FLAGS)
        except Error as error:
            why = str(error).splitlines()[0]
            raise NoBrowserError(
                "the browser tests need Chromium: apt-get install "
                "chromium, or python -m playwright install chromium "
                f"({why})"
            ) from None
        yield browser
        browser.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files, and does not speak of it."""

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serve(folder, handler=Quiet):
    """The address of a server on this machine for the files of a folder."""
    handler = functools.partial(handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}/"
        web.shutdown()


@contextlib.contextmanager
def visit(browser, address, base, *, ready=1, patience=10, **options):
    """Open ``address`` and wait until ``ready`` figures live.

    Nothing is waited for longer than ``patience`` seconds.
    When the visit ends, an uncaught error, an error in the console and a
    request to anything but ``base`` are an AssertionError.
    """
    options = FIRST_VIEW | options
    context = browser.new_context(**options)
    context.set_default_timeout(1000 * patience)
    wrong = []

    def only_here(route):
        if route.request.url.startswith((base, "data:", "blob:")):
            route.continue_()
        else:
            wrong.append(f"request to {route.request.url}")
            route.abort()

    context.route("**/*", only_here)
    page = context.new_page()
    page.on("pageerror", lambda e: wrong.append(f"uncaught error: {e}"))
    page.on(
        "console",
        lambda m: m.type == "error" and wrong.append(f"console: {m.text}"),
    )
    try:
        page.goto(address)
        if ready:
            page.wait_for_function(ALIVE, arg=ready)
            page.evaluate("() => new Promise(requestAnimationFrame)")
        yield page
    except Exception as error:
        assert not wrong, wrong
        raise AssertionError(f"{type(error).__name__}: {error}") from error
    else:
        if ready:  # without scripts, no frame is ever drawn
            page.evaluate("() => new Promise(requestAnimationFrame)")
        assert not wrong, wrong
    finally:
        context.close()


def in_ci():
    """Whether no test may be skipped."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")
