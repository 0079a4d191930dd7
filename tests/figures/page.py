"""A page with one figure, and what a reader sees and does there.

Numbers are compared to 1e-5, what is drawn (bars, lines, pixels) as it is
laid out.
"""

import copy
import functools
import importlib
import importlib.util

import numpy as np

import nn
from nn import figures
from nn.figures import _figure

CLOSE = {"rtol": 1e-5, "atol": 1e-5}
NAMES = _figure.names()
# sets the inputs of the figure by name, one after the other, and lists what
# it then exposes; an input shows the value that it really took
PLAY = """settings => {
  const root = document.querySelector("figure.nn");
  const find = selector => root.querySelector(selector);
  const box = selector => find(selector).getBoundingClientRect().toJSON();
  const line = selector => {
    const area = find(selector).closest(".nn-area");
    return [find(selector).getAttribute("points"), area.dataset.domain,
      area.getAttribute("width"), area.getAttribute("height")];
  };
  return settings.map(values => {
    for (const [name, value] of Object.entries(values)) {
      const input = find(`[name="${name}"]`);
      input.value = value;
      input.dispatchEvent(new Event("input", {bubbles: true}));
      input.dispatchEvent(new Event("change", {bubbles: true}));
      if (Math.abs(input.value - value) > 1e-6)
        throw new Error(`${name} is ${input.value}, not ${value}`);
    }
    return [values, JSON.parse(find(".nn-live").dataset.values), %s];
  });
}"""


@functools.cache
def poster():
    import matplotlib.pyplot as plt

    fig, ax = figures.subplots(figsize=(6.4, 3.2))
    ax.plot([-4, 1.5, 4], [0, 0, 3.75])
    plt.close(fig)
    return figures.png(fig)


def make(name, **data):
    """The figure ``name`` without its chapter."""
    alt = f"An interactive figure, here without its chapter: {name}"
    return figures.Figure(name, alt=alt, poster=poster(), **data)


def module_of(name):
    """The module with the example and the tests of the figure ``name``."""
    own = importlib.util.find_spec(f"test_{name}_figure") is not None
    return importlib.import_module(f"test_{name}" + "_figure" * own)


def play(page, settings, also="null"):
    """(setting, what is exposed, ``also`` in JavaScript) for each setting.

    ``also`` may use ``root``, ``find``, ``box`` and ``line`` of PLAY.
    """
    return page.evaluate(PLAY % also, settings)


def values(page):
    """What the figure exposes now."""
    return play(page, [{}])[0][1]


def now(page, also):
    """What the JavaScript ``also`` says now."""
    return play(page, [{}], also)[0][2]


def points(line):
    """The points of a polyline in the units of its axes, (n, 2)."""
    text, domain, width, height = line
    x0, x1, y0, y1 = map(float, domain.split())
    xy = np.array([p.split(",") for p in text.split()], float)
    x = x0 + xy[:, 0] / float(width) * (x1 - x0)
    y = y1 - xy[:, 1] / float(height) * (y1 - y0)
    return np.stack([x, y], axis=1)


def bars(page, selector=".nn-bar"):
    """Left and right ends of the bars, as shares of their tracks (n, 2)."""
    js = """bars => bars.map(bar => {
      const [a, b] = [bar, bar.firstChild].map(e =>
        e.getBoundingClientRect());
      if (!(a.width > 10 && b.height > 5)) throw new Error("no bar");
      return [(b.left - a.left) / a.width, (b.right - a.left) / a.width];
    })"""
    return np.array(page.eval_on_selector_all(selector, js))


def number(text):
    """The number that a reader reads."""
    return float(text.replace("−", "-"))


def canvas(page, selector="canvas"):
    """The pixels of a canvas as the reader sees them, (h, w, 4)."""
    js = """c => [c.width, c.height, c.getContext("2d")
      .getImageData(0, 0, c.width, c.height).data.join()]"""
    width, height, data = page.eval_on_selector(selector, js)
    pixels = np.array(data.split(","), np.uint8)
    return pixels.reshape(height, width, 4)


def place(page, selector, u, v):
    """The point of the page at the shares u, v of an element's box."""
    box = page.locator(selector).bounding_box()
    return box["x"] + u * box["width"], box["y"] + v * box["height"]


def spot(page, x, y, nth=0):
    """Where x and y of a plot's axes are on the page."""
    plot = page.locator("svg.nn-plot").nth(nth)
    plot.scroll_into_view_if_needed()
    box, area = plot.bounding_box(), plot.locator(".nn-area")
    left, top, width, height = (
        float(area.get_attribute(name))
        for name in ("x", "y", "width", "height")
    )
    domain = area.get_attribute("data-domain").split()
    x0, x1, y0, y1 = map(float, domain)
    return (
        box["x"] + left + (x - x0) / (x1 - x0) * width,
        box["y"] + top + (y1 - y) / (y1 - y0) * height,
    )


def drag(page, start, *ways, nth=0):
    """Press the mouse at a place of a plot's axes; move it to others."""
    page.mouse.move(*spot(page, *start, nth))
    page.mouse.down()
    for way in ways:
        page.mouse.move(*spot(page, *way, nth))
    page.mouse.up()


def swipe(page, start, end):
    """Move a finger from one place of the page to another, in steps."""
    devices = page.context.new_cdp_session(page)

    def touch(kind, *points):
        touches = [{"x": x, "y": y} for x, y in points]
        devices.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": touches},
        )

    touch("touchStart", start)
    for k in range(1, 9):
        part = [
            a + k / 8 * (b - a) for a, b in zip(start, end, strict=True)
        ]
        touch("touchMove", part)
        page.wait_for_timeout(20)
    touch("touchEnd")
    page.wait_for_timeout(50)


def float64(model):
    """A copy of a model that computes in double precision."""
    model = copy.deepcopy(model)
    for layer in model.layers:
        for name in ("W", "b", "mean", "std"):
            if name in vars(layer):
                setattr(layer, name, getattr(layer, name).astype(float))
    return model


def network(arrays, bend=nn.ReLU):
    """A network in double precision with the weights W, b, W, b ..."""
    layers = []
    for W, b in zip(arrays[::2], arrays[1::2], strict=True):
        layer = nn.Dense(*np.shape(W), dtype=np.float64)
        layer.W[...], layer.b[...] = W, b
        layers += [layer, bend()]
    return nn.Sequential(*layers[:-1])
