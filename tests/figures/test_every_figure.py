"""The interactive figures in a browser: for every reader, everywhere.

A request that leaves the page and an uncaught error fail the test, whatever
it tests.
"""

import re

import numpy as np
import pytest
from page import NAMES, make, module_of, swipe, values

from nn.figures import Figure

PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True}
SMALL = {"viewport": {"width": 320, "height": 640}, "has_touch": True}
CONTROLS = "input, select, button, [tabindex]"
# the text that is seen in a figure, its colour, the colour behind it
TEXTS = """() => {
  const found = [];
  const figure = document.querySelector("figure.nn");
  const walk = document.createTreeWalker(figure, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode()); ) {
    const e = node.parentElement;
    const box = e.getBoundingClientRect();
    if (!node.data.trim() || box.width < 2 || box.height < 2) continue;
    if (["STYLE", "SCRIPT", "NOSCRIPT"].includes(e.tagName)) continue;
    if (e.closest(":disabled")) continue;
    let back = e;
    const paper = n => getComputedStyle(n).backgroundColor;
    while (/, 0\\)/.test(paper(back))) back = back.parentElement;
    const style = getComputedStyle(e);
    const ink = e instanceof SVGElement ? style.fill : style.color;
    found.push([node.data.trim(), ink, paper(back)]);
  }
  return found;
}"""


def of(*names):
    """A page with each of these figures."""
    return pytest.mark.parametrize("name", names)


def opened(**ways):
    """The page as the browser opens it in each of these ways."""
    return pytest.mark.parametrize("options", ways.values(), ids=ways)


every = of(*NAMES)


@every
@opened(phone=PHONE, small=SMALL)
def test_no_sideways_scroll_on_a_phone(page):
    wide = page.evaluate(
        """() => {
          const edge = document.documentElement.clientWidth;
          const live = document.querySelector(".nn-live");
          return [document.documentElement.scrollWidth - edge,
            ...[...live.querySelectorAll("*")]
            .filter(e => !e.closest(".nn-heard, .nn-area"))
            .filter(e => getComputedStyle(e).clipPath === "none")
            .filter(e => e.getBoundingClientRect().right > edge + 1)
            .map(e => e.outerHTML.slice(0, 80))];
        }"""
    )
    assert wide == [0]


def luminance(colour):
    """The relative luminance of WCAG, and the opacity."""
    r, g, b, *a = map(float, re.findall(r"[\d.]+", colour))
    c = np.array([r, g, b]) / 255
    c = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return c @ [0.2126, 0.7152, 0.0722], (a or [1.0])[0]


@every
@opened(light={"color_scheme": "light"}, dark={"color_scheme": "dark"})
def test_text_is_readable_in_both_themes(page, options):
    texts = page.evaluate(TEXTS)
    assert len(texts) > 5
    for text, ink, paper in texts:
        (a, _), (b, opaque) = luminance(ink), luminance(paper)
        contrast = (max(a, b) + 0.05) / (min(a, b) + 0.05)
        assert contrast >= 4.5, (text, ink, paper)
        assert opaque == 1
    own = page.eval_on_selector(
        "figure.nn", "e => getComputedStyle(e).backgroundColor"
    )
    level, opaque = luminance(own)
    assert opaque == 1
    dark = options["color_scheme"] == "dark"
    assert level < 0.05 if dark else level > 0.9


@of("neuron")
@pytest.mark.parametrize(
    "mark",
    [
        "document.documentElement.dataset.theme = 'dark'",  # the book
        "document.documentElement.setAttribute('theme', 'dark')",  # Colab
        "document.body.dataset.jpThemeLight = 'false'",  # JupyterLab
        "document.body.className = 'vscode-dark'",
    ],
)
def test_dark_theme_of_each_place(page, mark):
    page.evaluate(mark)
    own = page.eval_on_selector(
        "figure.nn", "e => getComputedStyle(e).backgroundColor"
    )
    assert luminance(own)[0] < 0.05


def seen(page, selector):
    """Whether something is laid out."""
    return page.locator(selector).is_visible()


@every
@opened(no_script={"ready": 0, "java_script_enabled": False})
def test_without_scripts_the_poster_stands_in(page):
    assert seen(page, ".nn-poster img")
    assert page.locator(".nn-poster img").get_attribute("alt")
    box = page.locator(".nn-poster img").bounding_box()
    assert box["width"] > 300
    assert box["height"] > 100
    assert seen(page, "noscript")


@every
def test_print_shows_the_poster(page):
    assert not seen(page, ".nn-poster")
    assert seen(page, ".nn-live")
    page.emulate_media(media="print")
    assert seen(page, ".nn-poster img")
    assert not seen(page, ".nn-live")


@every
@pytest.mark.parametrize("base", ["file", "http"], indirect=True)
def test_two_on_one_page_live_apart(show, name):
    figure, other = (module_of(k).example() for k in (name, "neuron"))
    parts = [other.html(), figure.html(), figure.html()]
    html = figure.page().replace(figure.html(), "\n".join(parts))
    with show(html, ready=3) as page:
        states = page.eval_on_selector_all(
            "figure.nn", "all => all.map(e => e.dataset.state)"
        )
        assert states == ["ready"] * 3
        ids = page.eval_on_selector_all("[id]", "all => all.map(e => e.id)")
        assert len(ids) == len(set(ids))
        assert ids
        live = page.locator(f"figure[data-nn={name}] .nn-live")
        assert live.count() >= 2
        second, third = live.nth(live.count() - 2), live.last
        before = third.get_attribute("data-values")
        assert second.get_attribute("data-values") == before
        slider = third.locator("input[type=range]")
        if name == "fashion":
            third.get_by_role("button", name="Clear").click()
        else:
            press(slider.first, 1)
        assert third.get_attribute("data-values") != before
        assert second.get_attribute("data-values") == before


def press(slider, times):
    """Move a slider by the arrow keys, away from its end."""
    at_end = slider.get_attribute("max") == slider.input_value()
    for _ in range(times):
        slider.press("ArrowLeft" if at_end else "ArrowRight")


@every
def test_controls_are_native_named_and_kept_from_shortcuts(page):
    live = page.locator(".nn-live")
    for control in live.locator(CONTROLS).all():
        html = control.evaluate("e => e.outerHTML")[:120]
        kept = control.get_attribute("data-lm-suppress-shortcuts")
        assert kept == "true", html
    tree = live.aria_snapshot()
    roles = r"button|slider|combobox|checkbox|radio|application|img"
    for line in tree.splitlines():
        role = re.match(rf"\s*- ({roles})\b(?! \")", line)
        assert not role, f"without a name: {line}"
    assert live.get_by_role("status").count() == 1
    headers = live.locator("tbody tr").count()
    assert live.locator("tbody th[scope=row]").count() == headers
    described = live.locator("[aria-describedby]")
    for control in described.all():
        target = control.get_attribute("aria-describedby")
        assert page.locator(f"[id='{target}']").count() == 1


@every
def test_every_control_is_reached_and_moved_by_keyboard(page):
    reach = page.evaluate(
        """selector => {
          const all = [...document.querySelectorAll(selector)]
            .filter(e => !e.disabled)
            .filter(e => e.type !== "radio" || e.checked);
          all.forEach((e, i) => (e.dataset.place = i));
          return all.length;
        }""",
        f".nn-live :is({CONTROLS})",
    )
    places = []
    for _ in range(reach):
        page.keyboard.press("Tab")
        place = page.evaluate("document.activeElement.dataset.place")
        places.append(place)
        outline = page.evaluate(
            "getComputedStyle(document.activeElement).outlineStyle"
        )
        assert outline not in ("none", ""), "focus is not seen"
    assert places == [str(i) for i in range(reach)]
    for slider in page.locator("input[type=range]:enabled").all():
        before = values(page)
        shown = slider.get_attribute("aria-valuetext")
        press(slider, 3)
        assert values(page) != before
        assert slider.get_attribute("aria-valuetext") != shown


@every
def test_status_is_spoken_once_the_hand_rests(page, name):
    status = page.get_by_role("status")
    page.wait_for_timeout(100)
    first = status.text_content()
    assert len(first) > 20
    spoken = page.evaluate_handle(
        """() => {
          const log = [];
          new MutationObserver(() => log.push(1)).observe(
            document.querySelector("[role=status]"), {childList: true});
          return log;
        }"""
    )
    if name == "fashion":
        for _ in range(6):
            page.locator("canvas[role=application]").press("ArrowLeft")
    else:
        press(page.locator("input[type=range]").first, 6)
    page.wait_for_timeout(900)
    assert spoken.evaluate("log => log.length") in (1, 2)
    reading = page.locator(".nn-reading").text_content()
    assert status.text_content() == reading


@every
@opened(reduced={"reduced_motion": "reduce"})
def test_nothing_moves_by_itself(page):
    look = "document.querySelector('.nn-live').outerHTML"
    page.wait_for_timeout(200)
    before = page.evaluate(look)
    page.wait_for_timeout(700)
    assert page.evaluate(look) == before
    assert page.evaluate("document.getAnimations().length") == 0


@every
@opened(phone=PHONE)
def test_a_finger_can_scroll_past(page):
    traps = page.eval_on_selector_all(
        ".nn-live *",
        "all => all.filter(e => getComputedStyle(e).touchAction"
        " === 'none').map(e => e.outerHTML.slice(0, 80))",
    )
    assert traps == []


@of("neuron", "hinges", "descent")
@opened(low=PHONE | {"viewport": {"width": 390, "height": 400}})
def test_a_finger_drags_sideways_and_scrolls_up_and_down(page):
    thing = page.locator(".nn-hand .nn-grip, .nn-hand .nn-home").first
    thing.scroll_into_view_if_needed()
    before, height = values(page), page.evaluate("scrollY")
    box = thing.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    swipe(page, (x, y), (x, y - 120))
    assert page.evaluate("scrollY") > height + 50
    assert values(page) == before
    thing.scroll_into_view_if_needed()
    box = thing.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    swipe(page, (x, y), (x + 60, y + 10))
    assert values(page) != before


@of("fashion")
@opened(phone=PHONE)
def test_a_finger_paints_only_after_a_tap(page):
    page.get_by_label("pen").select_option(label="white (draw)")
    before, canvas = values(page), page.locator("canvas[role=application]")
    canvas.tap()
    assert values(page) == before
    action = "e => getComputedStyle(e).touchAction"
    assert canvas.evaluate(action) == "none"
    canvas.tap()
    assert values(page) != before


@of("neuron")
def test_a_resized_window_is_drawn_anew(page, rng):
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function(
        "document.querySelector('svg.nn-plot').clientWidth < 380"
    )
    module_of("neuron").test_the_lines_are_those_of_numpy(page, rng)


def test_a_figure_that_cannot_start_keeps_its_poster(show):
    with (  # noqa: PT012
        pytest.raises(AssertionError, match="uncaught error"),
        show(make("spirals").page()) as page,
    ):
        assert seen(page, ".nn-poster img")
        alert = page.get_by_role("alert").inner_text()
        assert "could not start" in alert


def test_strays_and_errors_are_reported(show):
    html = make("neuron").page()
    fetch = "<script>fetch('http://127.0.0.1:9/x').catch(() => 0)</script>"
    with (
        pytest.raises(
            AssertionError, match=r"request to http://127.0.0.1:9"
        ),
        show(html.replace("</body>", f"{fetch}</body>")),
    ):
        pass
    throw = "<script>setTimeout(() => nothing.there, 0)</script>"
    with (
        pytest.raises(AssertionError, match="nothing is not defined"),
        show(html.replace("</body>", f"{throw}</body>")) as page,
    ):
        page.wait_for_timeout(50)


def test_state_survives_awkward_text(show):
    classes = ["</script><b>", "<!-- & \u2028 'x' \"", "Ünïcode ✓"]
    alt = 'A class whose name would end the script: </script> & "quotes"'
    figure = Figure("softmax", alt=alt, classes=classes)
    with show(figure.page()) as page:
        heads = page.locator("tbody th").all_text_contents()
        assert heads == classes
        poster = page.locator(".nn-poster p")
        assert poster.text_content() == alt
        assert len(values(page)["p"]) == 3


@every
def test_reset_brings_back_the_start(page):
    before = values(page)
    look = """() => {
      const live = document.querySelector(".nn-live").cloneNode(true);
      live.querySelectorAll(".nn-heard").forEach(e => e.remove());
      return live.textContent;
    }"""  # without the sentence for screen readers, which comes later
    words = page.evaluate(look)
    for slider in page.locator("input[type=range]").all():
        press(slider, 2)
    if not page.locator("input[type=range]").count():
        page.get_by_role("button", name="Clear").click()
    assert values(page) != before
    page.get_by_role("button", name="Reset").click()
    assert values(page) == before
    assert page.evaluate(look) == words
    focused = page.evaluate("document.activeElement.textContent")
    assert focused == "Reset"
