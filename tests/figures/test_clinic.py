"""Three trainings with a fault: their curves, and a diagnosis."""

import numpy as np
from page import CLOSE, make, now, play, points, values

CAUSES = ["too hot", "frozen", "asleep"]
REASONS = [f"That was reason {k}." for k in range(3)]
MARKS = {"the mean": 1.5, "least squares": 0.5}
EPOCHS = 12
LOG = {"loss": True, "dead": False, "update": True}
LIMITS = {"loss": [-3, 4], "dead": [0, 1], "update": [-8, 1]}
SHOWN = """[find(".nn-reading").textContent,
  find("[name=open]").disabled, find("[name=diagnosis]").disabled]"""
LINES = """[...root.querySelectorAll(".nn-area")].map(area =>
  [...area.querySelectorAll("polyline")].map(e => [
    e.getAttribute("points"), area.dataset.domain,
    area.getAttribute("width"), area.getAttribute("height")]))"""


def recorded():
    """Losses and readings as the chapter records them, float32."""
    rng = np.random.default_rng(0)
    arrays = {
        "loss": 10 ** rng.uniform(-2, 3, (3, 2, EPOCHS)),
        "dead": rng.uniform(0, 1, (3, 2, EPOCHS + 1)),
        "update": 10 ** rng.uniform(-7, 0, (3, 3, EPOCHS + 1)),
    }
    arrays["update"][1, 2] = 0  # no power of 10
    return {name: a.astype(np.float32) for name, a in arrays.items()}


def example():
    quantities = {
        name: {
            "title": f"the {name}",
            "values": values,
            "limits": LIMITS[name],
            "log": LOG[name],
        }
        for name, values in recorded().items()
    }
    return make(
        "clinic",
        quantities=quantities,
        causes=CAUSES,
        reasons=REASONS,
        marks=MARKS,
        epochs=EPOCHS,
    )


def diagnose(page, patient, cause):
    """Choose a patient and a diagnosis by their names."""
    page.locator("[name=patient]").select_option(index=patient)
    page.locator("[name=diagnosis]").select_option(label=cause)


def test_the_readings_are_those_of_the_notebook(page):
    for patient in range(3):
        page.locator("[name=patient]").select_option(index=patient)
        settings = [{"epoch": e} for e in (0, 1, 5, EPOCHS)]
        for wanted, shown, _ in play(page, settings):
            epoch = wanted["epoch"]
            assert shown["patient"] == patient
            for name, array in recorded().items():
                first = EPOCHS + 1 - array.shape[2]
                expected = array[patient, :, epoch - first]
                if epoch < first:
                    assert shown["shown"][name] == [None, None]
                else:
                    assert np.allclose(
                        shown["shown"][name], expected, **CLOSE
                    )


def test_the_curves_end_at_the_epoch(page):
    for patient in range(3):
        page.locator("[name=patient]").select_option(index=patient)
        for wanted, _, drawn in play(
            page, [{"epoch": 7}, {"epoch": 12}], LINES
        ):
            for (name, array), lines in zip(
                recorded().items(), drawn, strict=True
            ):
                first = EPOCHS + 1 - array.shape[2]
                epochs = np.arange(first, wanted["epoch"] + 1)
                low = LIMITS[name][0]
                for row, line in zip(array[patient], lines, strict=True):
                    x, y = points(line).T
                    row = row[: len(epochs)]
                    if LOG[name]:
                        row = np.log10(np.maximum(row, 10.0**low))
                    assert np.allclose(x, epochs, atol=0.05)
                    assert np.allclose(y, row, atol=0.05)


def test_the_marks_are_at_their_losses(page):
    heights = """[...find(".nn-area").querySelectorAll("line")].map(e =>
      [e.getAttribute("y1"), e.getAttribute("y2"),
       find(".nn-area").getAttribute("height")].map(Number))"""
    low, high = LIMITS["loss"]
    for (y1, y2, height), value in zip(
        now(page, heights), MARKS.values(), strict=True
    ):
        assert y1 == y2
        found = high - y1 / height * (high - low)
        assert np.isclose(found, np.log10(value), atol=0.02)


def test_the_record_opens_only_after_a_diagnosis(page):
    text, shut, fixed = now(page, SHOWN)
    assert shut
    assert not fixed
    assert not any(cause in text for cause in CAUSES)
    shown = values(page)
    assert (shown["guess"], shown["cause"], shown["open"]) == (
        *(None, None),
        False,
    )
    diagnose(page, 0, "frozen")
    text, shut, fixed = now(page, SHOWN)
    assert not shut
    assert values(page)["guess"] == "frozen"
    assert values(page)["cause"] is None
    assert "too hot" not in text
    page.get_by_role("button", name="Open the record").click()
    text, shut, fixed = now(page, SHOWN)
    assert shut
    assert fixed
    assert values(page)["cause"] == "too hot"
    assert text == (
        "Patient 1: too hot. That was reason 0. "
        "Your diagnosis was: frozen; 0 of 1 so far."
    )


def test_right_diagnoses_are_counted_and_kept(page):
    for patient, guess in [(2, "asleep"), (0, "asleep"), (1, "frozen")]:
        diagnose(page, patient, guess)
        page.get_by_role("button", name="Open the record").click()
    text, *_ = now(page, SHOWN)
    assert "Your diagnosis was right; 2 of 3 so far." in text
    assert (values(page)["right"], values(page)["opened"]) == (2, 3)
    page.locator("[name=patient]").select_option(index=0)
    shown = values(page)
    assert (shown["guess"], shown["cause"]) == ("asleep", "too hot")
    assert page.locator("[name=diagnosis]").is_disabled()


def test_a_diagnosis_of_one_patient_is_not_that_of_the_next(page):
    diagnose(page, 0, "asleep")
    page.locator("[name=patient]").select_option(index=1)
    assert values(page)["guess"] is None
    assert page.locator("[name=diagnosis]").input_value() == "0"
    page.locator("[name=patient]").select_option(index=0)
    assert values(page)["guess"] == "asleep"


def test_small_numbers_are_read_as_powers_of_ten(page):
    labels = """[...root.querySelectorAll("svg.nn-plot")].map(
      e => e.getAttribute("aria-label"))"""
    page.locator("[name=patient]").select_option(index=1)
    text = now(page, labels)[2]
    value = recorded()["update"][1, 0, EPOCHS]
    exponent = int(np.floor(np.log10(value)))
    assert exponent < -2
    small = "".join(
        "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".index(c)] for c in f"{exponent}"
    )
    assert f"{value / 10.0**exponent:.1f} · 10{small}" in text
    assert text.endswith(", 0.")  # the array of zeros


def test_play_runs_through_the_epochs_and_pauses(page):
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        """() => JSON.parse(document.querySelector(".nn-live")
          .dataset.values).epoch === 12 &&
          document.querySelector("[name=play]").textContent === 'Play'"""
    )
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(350)
    page.get_by_role("button", name="Pause").click()
    epoch = values(page)["epoch"]
    assert 0 < epoch < EPOCHS
    page.wait_for_timeout(300)
    assert values(page)["epoch"] == epoch
    assert page.locator("[name=epoch]").input_value() == str(epoch)


def test_reset_asks_every_question_again(page):
    before = values(page)
    diagnose(page, 2, "asleep")
    page.get_by_role("button", name="Open the record").click()
    page.get_by_role("button", name="Reset").click()
    assert values(page) == before
    page.locator("[name=patient]").select_option(index=2)
    assert values(page)["guess"] is None
