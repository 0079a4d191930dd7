"""A network that judges a picture while a reader paints on it."""

import functools
import re

import numpy as np
from page import CLOSE, bars, canvas, float64, make, number, place, values

import nn
from nn import figures
from nn.datasets import FASHION_CLASSES, fashion_mnist_sample
from nn.tasks import load

SAMPLE = fashion_mnist_sample()
X, Y = (a[100:160] for a in SAMPLE)  # the images of the figure
PICTURE = "canvas[role=application]"
SHIFTS = {"left": (0, -2), "up": (-2, 0), "right": (0, 2), "down": (2, 0)}


@functools.cache
def fashion_model():
    """A network that has seen 100 images of the sample, not more."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Normalization(mean=0, std=255),
        nn.Dense(784, 128, rng=rng),
        nn.ReLU(),
        nn.Dense(128, 64, rng=rng),
        nn.ReLU(),
        nn.Dense(64, 10, rng=rng),
    )
    loss, optimizer = nn.SoftmaxCrossEntropy(), nn.Adam(1e-3)
    options = {"epochs": 20, "batch_size": 20, "rng": rng}
    rows = (a[:100] for a in SAMPLE)
    nn.fit(model, *rows, loss=loss, optimizer=optimizer, **options)
    return model


def rounded(model):
    """A copy in double precision whose matrices were float16."""
    model = float64(model)
    for name, array in model.state().items():
        if name.endswith(".W"):
            array[...] = array.astype(np.float16)
    return model


def chances(images):
    """What the network says in double precision, (n, 10)."""
    return nn.softmax(nn.predict(rounded(fashion_model()), images))


def test_sixteen_bits_are_enough():
    """For the networks of the package too, on 200 images."""
    for model in (fashion_model(), load("fashion-mnist")):
        exact, near = (
            nn.softmax(nn.predict(m, SAMPLE[0]))
            for m in (float64(model), rounded(model))
        )
        assert np.abs(exact - near).max() < 0.005
        assert (exact.argmax(axis=1) == near.argmax(axis=1)).all()


def example():
    return make(
        "fashion",
        network=figures.network(fashion_model().state(), half=True),
        images=X,
        labels=Y.astype(np.uint8),
        classes=list(FASHION_CLASSES),
        start=int(chances(X).max(axis=1).argmin()),
    )


def agree(page):
    """Compare the verdict on the picture with NumPy's; (picture, p)."""
    pixels = canvas(page)
    assert (pixels[..., 3] == 255).all()
    assert (pixels[..., 0] == pixels[..., 1]).all()
    picture, shown = pixels[..., 0], values(page)
    (p,) = chances(picture.reshape(1, 784))
    assert np.allclose(shown["p"], p, rtol=1e-5, atol=1e-5)
    assert shown["truth"] == Y[shown["index"]]
    assert np.allclose(bars(page), np.c_[0 * p, p], atol=0.02)
    numbers = page.locator(".nn-number").all_inner_texts()
    assert numbers == [f"{100 * v:.1f} %" for v in p]
    (best,) = page.locator(".nn-best th").all_inner_texts()
    name = best.split("←")[0].strip()
    assert name == FASHION_CLASSES[p.argmax()]
    reading = page.locator(".nn-reading").inner_text()
    assert f"The network says {name}" in reading
    assert page.locator(".nn-true").count() == 1
    return picture, p


def click(page, name):
    page.get_by_role("button", name=name).click()


def test_random_images_are_judged_as_by_numpy(page):
    agree(page)
    seen = [values(page)["index"]]
    assert seen == [chances(X).max(axis=1).argmin()]
    for _ in range(20):
        click(page, "Next random image")
        seen.append(values(page)["index"])
        assert seen[-1] != seen[-2]
        assert (agree(page)[0].ravel() == X[seen[-1]]).all()
    assert len(set(seen)) > 8


def test_the_pen_paints_a_line_while_it_is_down(page):
    image, before = agree(page)
    page.mouse.move(*place(page, PICTURE, 0.3, 0.8))
    page.mouse.down()
    page.mouse.move(*place(page, PICTURE, 0.7, 0.2))
    page.mouse.up()
    painted, after = agree(page)
    changed = painted != image
    assert changed.sum() > 15
    assert (painted[changed] == 0).all()
    rows = np.flatnonzero((painted == 0).any(axis=1))
    assert {7, 12, 17, 22} <= set(rows)  # a line without gaps
    assert abs(after - before).max() > 1e-4
    page.mouse.move(*place(page, PICTURE, 0.3, 0.5))  # the pen is up
    assert (agree(page)[0] == painted).all()
    click(page, "Restore")
    assert (agree(page)[0] == image).all()


def test_a_shift_moves_the_picture_and_no_pixel_comes_round(page):
    image, _ = agree(page)
    for way, (down, right) in SHIFTS.items():
        click(page, "Restore")
        click(page, f"Shift {way}")
        wide = np.zeros((32, 32), np.uint8)
        wide[2 + down : 30 + down, 2 + right : 30 + right] = image
        assert (agree(page)[0] == wide[2:30, 2:30]).all()


def test_one_can_paint_by_keyboard_alone(page):
    page.get_by_role("button", name="Clear").press("Enter")
    assert not agree(page)[0].any()
    reading = page.locator(".nn-reading").inner_text()
    assert "nothing in the picture" in reading
    page.get_by_label("pen").select_option(label="white (draw)")
    page.locator(PICTURE).focus()
    for key in ["Space", *["ArrowDown"] * 3, "Space", "ArrowLeft", "Space"]:
        page.keyboard.press(key)
    expected = np.zeros((28, 28), np.uint8)
    expected[12:18, 12:15] = expected[15:18, 11:14] = 255
    assert (agree(page)[0] == expected).all()


def test_inside_are_the_units_that_move_the_score_most(page):
    page.get_by_label("look inside").check()
    model, before = rounded(fashion_model()), None
    for _ in range(5):
        click(page, "Next random image")
        shown = values(page)
        x = X[shown["index"]][None]
        Z = model.forward(x, training=True)
        g = np.eye(10)[[Z.argmax()]]
        for layer in model.layers[:2:-1]:  # down to the first ReLU
            g = layer.backward(g)
        A = x
        for layer in model.layers[:3]:
            A = layer.forward(A)
        parts = (A * g)[0]
        assert np.allclose(shown["parts"], parts, **CLOSE)
        order = np.argsort(-parts)
        units = [*order[:4], *order[:-5:-1]]
        assert parts[units[3]] > 0 > parts[units[7]]
        name = FASHION_CLASSES[Z.argmax()]
        seen = page.locator(".nn-portraits [role=img]")
        said = [c.get_attribute("aria-label") for c in seen.all()]
        assert len(said) == 8
        for text, u in zip(said, units, strict=True):
            unit, part, score = re.fullmatch(
                r"unit (\d+): (. [\d.]+) in the score of (.+)", text
            ).groups()
            assert (int(unit), score) == (u, name)
            assert abs(number(part.replace(" ", "")) - parts[u]) < 0.006
        assert said != before
        before = said
    pixels = canvas(page, ".nn-portraits canvas").reshape(784, 4)
    w = model.layers[1].W[:, units[0]]
    shade = 255 * abs(w) / abs(w).max()
    assert abs(pixels[:, 3] - shade).max() < 1.5
    blue = pixels[:, 2] > pixels[:, 0]
    assert np.array_equal(blue[shade > 3], (w > 0)[shade > 3])
    page.get_by_label("look inside").uncheck()
    assert page.locator(".nn-portraits").count() == 0


def slopes(picture, target):
    """The slope of the loss of a class for each pixel, (784,)."""
    model, loss = rounded(fashion_model()), nn.SoftmaxCrossEntropy()
    x = picture.reshape(1, 784).astype(float)
    loss.forward(model.forward(x, training=True), np.array([target]))
    return model.backward(loss.backward())[0]


def test_the_pixel_slopes_are_those_of_numpy(page):
    picture, p = agree(page)
    choice = page.get_by_label("it should say")
    assert choice.input_value() == str(np.argsort(-p)[1])
    assert values(page)["slopes"] is None
    assert not page.locator("canvas.nn-overlay").is_visible()
    page.get_by_label("show the slopes").check()
    assert page.locator("canvas.nn-overlay").is_visible()
    for target in range(10):
        choice.select_option(str(target))
        g = slopes(picture, target)
        most = abs(g).max()
        shown = values(page)
        assert shown["target"] == target
        assert np.allclose(shown["slopes"], g, rtol=1e-5, atol=1e-5 * most)
        ink = canvas(page, "canvas.nn-overlay").reshape(784, 4).astype(int)
        assert np.allclose(ink[:, 3], 255 * abs(g) / most, atol=1)
        seen = ink[:, 3] > 3
        blue = ink[:, 2] > ink[:, 0]
        assert np.array_equal(blue[seen], (g < 0)[seen])  # to be brighter
        asked = page.locator(".nn-question").last.inner_text()
        assert f"the network says {FASHION_CLASSES[target]}?" in asked


def test_steps_along_the_slopes_change_the_answer(page):
    picture, _ = agree(page)
    target = 4
    page.get_by_label("it should say").select_option(str(target))
    reading = page.locator(".nn-reading")
    for _ in range(30):
        click(page, "One step")
        g = slopes(picture, target)
        step = 8 * g / np.sqrt(np.mean(g**2))
        expected = np.clip(picture.ravel() - step, 0, 255)
        new, p = agree(page)
        # half a grey level may be rounded either way
        assert abs(new.ravel() - expected).max() < 0.5 + 1e-6
        most = abs(new.astype(int) - picture).max()
        said = f"No pixel changed by more than {most} of 255."
        assert said in reading.inner_text()
        picture = new
        if p.argmax() == target:
            break
    assert p.argmax() == target
    click(page, "Restore")
    assert "No pixel" not in reading.inner_text()
