"""In the dark, plots change paper and ink, keep their hues, stay clear."""

import base64
import colorsys
import io

import numpy as np
import pytest
from PIL import Image

from nn import figures

SIDE = 20  # pixels of each colour
INK = ("#ffffff", *figures.CYCLE)  # paper first
SHOW = """([address, kind]) => {
  const frame = document.createElement("span");
  frame.className = "nn-still";
  frame.innerHTML = `<img alt="" class="${kind}" src="${address}">`;
  document.querySelector("article").prepend(frame);
  frame.scrollIntoView();
  return frame.firstChild.decode();
}"""


@pytest.fixture(scope="module")
def shown(visit, site, serve):
    """The colours of INK as the dark page shows them, by class."""
    points = np.array(
        [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in INK]
    )
    strip = np.broadcast_to(points[:, None], (len(INK), SIDE, 3))
    strip = np.repeat(strip, SIDE, axis=0).astype(np.uint8)
    png = io.BytesIO()
    Image.fromarray(strip).save(png, "png")
    address = (
        "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()
    )
    web, found = serve(site), {"as drawn": points}
    with visit(
        f"{web}book/glossary.html", web, ready=0, color_scheme="dark"
    ) as page:
        for kind in ("nn-drawn", "nn-photograph"):
            page.evaluate(SHOW, [address, kind])
            picture = page.locator(f"img.{kind}").first.screenshot()
            pixels = np.asarray(
                Image.open(io.BytesIO(picture)).convert("RGB")
            )
            found[kind] = pixels[SIDE // 2 :: SIDE, SIDE // 2].astype(int)
        body = page.evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        found["page"] = np.array(
            [int(n) for n in body.strip("rgb()").split(", ")]
        )
    return found


def contrasts(colours):
    """WCAG's contrast of each colour with the first."""
    light = np.asarray(colours) / 255
    light = np.where(
        light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4
    ) @ [0.2126, 0.7152, 0.0722]
    pairs = [sorted((one, light[0])) for one in light[1:]]
    return np.array([(high + 0.05) / (low + 0.05) for low, high in pairs])


def test_the_paper_of_a_plot_is_the_page(shown):
    assert np.abs(shown["nn-drawn"][0] - shown["page"]).max() <= 5


def test_no_colour_of_a_plot_loses_contrast(shown):
    colours = [c != figures.BLACK for c in INK[1:]]
    before = contrasts(shown["as drawn"])
    after = contrasts(shown["nn-drawn"])
    assert (after >= before)[colours].all()
    assert after.min() > 3


def test_each_colour_of_a_plot_keeps_its_hue(shown):
    for name, before, after in zip(
        INK, shown["as drawn"], shown["nn-drawn"], strict=True
    ):
        hues = [colorsys.rgb_to_hsv(*c / 255)[0] for c in (before, after)]
        if np.ptp(before):  # black and white have none
            assert abs(hues[0] - hues[1]) * 360 < 15, name


def test_a_photograph_stays_as_it_is(shown):
    assert np.abs(shown["nn-photograph"] - shown["as drawn"]).max() <= 2
