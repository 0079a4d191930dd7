"""The files that people feed to a task: pictures, arrays, tables."""

import io
import os
import re
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from nn import predict
from nn.cli import main
from nn.datasets import (
    HOUSING_FEATURES,
    california_housing,
    fashion_mnist_sample,
)
from nn.tasks import california_housing as housing
from nn.tasks import fashion_mnist as fashion
from nn.tasks import load
from nn.tasks.california_housing import RANGES, read_districts
from nn.tasks.fashion_mnist import read_images

HEADER = ",".join(HOUSING_FEATURES)
ROW = "8.3252,41,6.984,1.0238,322,2.5556,37.88,-122.23"


@pytest.fixture
def boot():
    """An ankle boot, uint8 (28, 28), black around it."""
    X, y = fashion_mnist_sample()
    return X[y == 9][0].reshape(28, 28)


def pixels(path):
    return read_images(path).reshape(28, 28)


def refusal(read, path):
    """The sentence with which ``read`` refuses the file."""
    with pytest.raises(ValueError, match="must ") as caught:
        read(path)
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 800
    return text


def attempt(read, path):
    """What ``read`` returns, and the sentence with which it refuses."""
    try:
        return read(path), None
    except ValueError as error:
        return None, str(error)


# what is no file, for all readers


@pytest.mark.parametrize("name", ["x.png", "x.npy", "x.csv"])
def test_what_is_no_file_is_refused_at_once(name, tmp_path):
    read = read_districts if name == "x.csv" else read_images
    path = tmp_path / name
    assert "No such file" in refusal(read, path)
    path.mkdir()
    assert "is a folder" in refusal(read, path)
    path.rmdir()
    os.mkfifo(path)
    assert "is a pipe or a device" in refusal(read, path)
    path.unlink()
    path.symlink_to("/dev/zero")
    assert "is a pipe or a device" in refusal(read, path)
    path.unlink()
    path.symlink_to(path)
    assert "cannot be opened" in refusal(read, path)
    assert "embedded null" in refusal(read, f"{tmp_path}/a\0b-{name}")


def test_control_characters_of_a_name_are_escaped(tmp_path, boot, capsys):
    name = f"{tmp_path}/a\x1b[31m\nb.png"
    assert r"a\x1b[31m\nb.png" in refusal(read_images, name)
    Image.fromarray(boot).resize((56, 56)).save(name)
    assert main(["predict", "fashion-mnist", name]) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == err.count("\n") == 1
    assert r"a\x1b[31m\nb.png: Ankle boot" in out


# pictures


@pytest.mark.parametrize("form", ["png", "jpg", "webp", "tif", "lzw"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_read_upright(form, orientation, boot, tmp_path):
    as_stored = {
        1: boot,
        2: boot[:, ::-1],
        3: boot[::-1, ::-1],
        4: boot[::-1],
        5: boot.T,
        6: np.rot90(boot),
        7: boot[::-1, ::-1].T,
        8: np.rot90(boot, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(np.ascontiguousarray(as_stored[orientation]))
    options = {
        "jpg": {"quality": 100},
        "webp": {"lossless": True},
        "lzw": {"format": "TIFF", "compression": "tiff_lzw"},
    }
    path = tmp_path / f"boot.{form}"
    picture.save(path, exif=exif, **options.get(form, {}))
    assert np.abs(pixels(path) - boot.astype(float)).max() <= 1


def test_sixteen_bits_of_a_png_are_scaled(boot, tmp_path):
    Image.fromarray(boot * np.uint16(257)).save(tmp_path / "a.png")
    assert np.array_equal(pixels(tmp_path / "a.png"), boot)


@pytest.mark.parametrize(
    ("dtype", "factor", "mode"),
    [
        (np.uint16, 257, "I;16"),
        (np.int32, 1, "I"),
        (np.float32, 1 / 255, "F"),
    ],
)
def test_a_tiff_without_a_fixed_white_is_refused(
    dtype, factor, mode, boot, tmp_path
):
    array = (boot.astype(float) * factor).astype(dtype)
    Image.fromarray(array).save(tmp_path / "a.tif")
    text = refusal(read_images, tmp_path / "a.tif")
    assert f"mode {mode}," in text
    assert "save it with values from 0 to 255" in text


@pytest.mark.parametrize("brightness", [0, 255])
def test_a_thing_cut_out_stands_out(brightness, boot, tmp_path):
    colour = np.full((28, 28), brightness, np.uint8)
    picture = np.dstack([colour, colour, colour, boot])
    Image.fromarray(picture).save(tmp_path / "a.png")
    assert np.array_equal(pixels(tmp_path / "a.png"), boot)


@pytest.mark.parametrize("opacity", [0, 255])
def test_a_picture_of_nothing_is_refused(opacity, tmp_path):
    Image.new("RGBA", (90, 60), (9, 9, 9, opacity)).save(tmp_path / "a.png")
    assert "same brightness" in refusal(read_images, tmp_path / "a.png")


@pytest.mark.parametrize("form", ["gif", "png", "webp", "tif"])
def test_of_several_frames_the_first_counts(form, boot, tmp_path, capsys):
    frames = [Image.fromarray(a).convert("RGB") for a in (boot, 255 - boot)]
    path = tmp_path / f"a.{form}"
    more = {"lossless": True} if form == "webp" else {}
    frames[0].save(path, save_all=True, append_images=frames[1:], **more)
    assert np.array_equal(pixels(path), boot)
    assert "was cut to its first frame" in capsys.readouterr().err


def test_a_picture_with_too_many_pixels_is_not_decoded(
    tmp_path, recwarn, capsys
):
    path = tmp_path / "a.png"
    for side in 7072, 13_300, 50_000:  # below, in and above Pillow's limits
        stored = io.BytesIO()
        Image.new("1", (8, 8)).save(stored, "PNG")
        data = bytearray(stored.getvalue())
        data[16:24] = struct.pack(">II", side, side)
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
        path.write_bytes(data)
        assert "pixels" in refusal(read_images, path)
    assert len(recwarn) == 0
    assert capsys.readouterr().err == ""


def test_a_file_with_too_many_bytes_is_not_read(tmp_path):
    for name, read in ("a.png", read_images), ("a.csv", read_districts):
        with open(tmp_path / name, "wb") as file:
            file.truncate(300_000_000)
        assert "300,000,000" in refusal(read, tmp_path / name)


def test_a_strip_is_no_picture_of_a_thing(tmp_path):
    Image.new("L", (2900, 100)).save(tmp_path / "a.png")
    assert "2900 x 100 pixels" in refusal(read_images, tmp_path / "a.png")


def test_postscript_is_not_run(tmp_path, monkeypatch):
    ran = tmp_path / "ran"
    for name in ("gs", "gswin64c"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\ntouch {ran}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    path = tmp_path / "a.png"
    path.write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n"
        b"%%EndComments\n0 setgray 0 0 28 28 rectfill showpage\n"
    )
    assert "cannot identify image file" in refusal(read_images, path)
    assert not ran.exists()


def formats(boot):
    """Some 24 kinds of pictures, as bytes."""
    grey = Image.fromarray(boot)
    rgb, colours = grey.convert("RGB"), grey.convert("RGBA")
    several = {"save_all": True, "append_images": [rgb.rotate(90)]}
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds = [
        (grey, "PNG", {}),
        (grey, "PNG", {"exif": exif}),
        (rgb, "PNG", several),
        (rgb, "PNG", {}),
        (colours, "PNG", {}),
        (grey.convert("LA"), "PNG", {}),
        (grey.convert("P"), "PNG", {"transparency": 0}),
        (grey.convert("1"), "PNG", {}),
        (Image.fromarray(boot * np.uint16(257)), "PNG", {}),
        (grey, "JPEG", {}),
        (rgb, "JPEG", {"progressive": True, "exif": exif}),
        (grey.convert("CMYK"), "JPEG", {}),
        (grey, "GIF", {}),
        (rgb, "GIF", several),
        (grey, "BMP", {}),
        (rgb, "BMP", {}),
        (grey.convert("1"), "BMP", {}),
        (rgb, "WEBP", {}),
        (colours, "WEBP", {"lossless": True, "exif": exif}),
        (rgb, "WEBP", several),
        (grey, "TIFF", {}),
        (rgb, "TIFF", {"compression": "tiff_lzw", "exif": exif}),
        (rgb, "TIFF", {"compression": "tiff_adobe_deflate", **several}),
        (grey.convert("1"), "TIFF", {"compression": "group4"}),
    ]
    for picture, name, options in kinds:
        file = io.BytesIO()
        picture.save(file, name, **options)
        yield file.getvalue()


def damaged(data, rng):
    """A copy of ``data`` with a few bytes changed, lost, added or moved."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        a, b = sorted(rng.integers(len(data) + 1, size=2))
        b = min(b, a + int(rng.integers(1, 40)))
        kind = rng.integers(7)
        if kind == 0:
            del data[b:]
        elif kind == 1:
            del data[a:b]
        elif kind == 2:
            data[a:a] = data[a:b]
        elif kind == 3:
            data[a:b] = rng.bytes(b - a)
        elif kind == 4:
            data[a:b] = b"\xff" * (b - a)
        elif kind == 5:
            data[a:b] = bytes(b - a)
        elif b > a:
            data[a] ^= 1 << rng.integers(8)
        if not data:
            return b""
    return bytes(data)


def test_damaged_pictures(cases, boot, tmp_path, rng):
    """Damaged pictures of 24 kinds are read or refused in one sentence."""
    path = tmp_path / "x.png"
    originals = list(formats(boot))
    for original in originals:
        path.write_bytes(original)
        read_images(path)
    for k in range(cases(600, 4000)):
        path.write_bytes(damaged(originals[k % len(originals)], rng))
        image, refused = attempt(read_images, path)
        if refused:
            assert refused.startswith(f"{path} must ")
            assert refused.isprintable()
        else:
            assert image.shape == (1, 784)
            assert image.dtype == np.uint8


def test_what_pillow_warns_of_bears_the_name(boot, tmp_path, capsys):
    path = tmp_path / "a.tif"
    entries = [(256, 4, 28), (257, 4, 28), (258, 3, 8), (262, 3, 1)]
    entries += [(273, 4, 8), (277, 3, 1), (278, 4, 28), (279, 4, 784)]
    entries += [(65000, 2, 2**30)]  # a text far beyond the end of the file
    ifd = struct.pack("<H", len(entries))
    for tag, kind, value in entries:
        count = 1000 if tag == 65000 else 1
        ifd += struct.pack("<HHII", tag, kind, count, value)
    content = b"II*\0" + struct.pack("<I", 8 + 784) + boot.tobytes() + ifd
    path.write_bytes(content + bytes(4))
    assert np.array_equal(pixels(path), boot)
    assert f"{path}: read in spite of: " in capsys.readouterr().err


# arrays


def npy(header, body=b"", magic=b"\x93NUMPY\x01\x00"):
    header = header.encode() + b"\n"
    return magic + struct.pack("<H", len(header)) + header + body


SHAPE = "{{'descr': {!r}, 'fortran_order': False, 'shape': {}}}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (npy(SHAPE.format("|u1", (10**12, 784))), "greater than file size"),
        (npy(SHAPE.format("|u1", (2**62, 784))), "cannot be read"),
        (npy(SHAPE.format("|u1", (-1, 784))), "cannot be read"),
        (npy(SHAPE.format("|u1", (2, 784)), bytes(100)), "file size"),
        (npy(SHAPE.format("|O", (1,)), b"cos\nsystem\n"), "cannot be read"),
        (npy("{'descr': '|u1', 'shape': ((((("), "cannot be read"),
        (npy("(" * 9000), "cannot be read"),
        (npy("'" + "\\" * 99), "cannot be read"),
        (npy("__import__('os').system('touch ran')"), "cannot be read"),
        (b"\x80\x04cos\nsystem\n(S'touch ran'\ntR.", "cannot be read"),
    ],
    ids=range(11),
)
def test_npy_files_that_are_none(content, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    assert message in refusal(read_images, path)
    assert os.listdir(tmp_path) == ["x.npy"]


def test_an_archive_called_npy_is_refused(boot, tmp_path):
    np.savez(tmp_path / "x", boot)
    (tmp_path / "x.npz").rename(tmp_path / "x.npy")
    assert "an array that numpy.save" in refusal(
        read_images, tmp_path / "x.npy"
    )


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "?", "i1", "u2"])
def test_other_numbers_are_refused_with_advice(dtype, boot, tmp_path):
    np.save(tmp_path / "x.npy", (boot / 255).astype(dtype))
    text = refusal(read_images, tmp_path / "x.npy")
    assert f"but holds {np.dtype(dtype)} of shape (28, 28)" in text
    assert "save np.round(255 * X).astype(np.uint8)" in text


def test_pixels_that_are_all_at_most_1_are_refused(boot, tmp_path):
    black_and_nearly_black = (boot / 255).round().astype(np.uint8)
    np.save(tmp_path / "x.npy", black_and_nearly_black)
    text = refusal(read_images, tmp_path / "x.npy")
    assert "uint8 of shape (28, 28), all at most 1. For values" in text
    Image.fromarray(black_and_nearly_black).save(tmp_path / "x.png")
    assert "same brightness" in refusal(read_images, tmp_path / "x.png")


def test_arrays_in_either_order_are_mapped(tmp_path):
    X, _ = fashion_mnist_sample()
    for order in "CF":
        np.save(tmp_path / "x.npy", np.array(X, order=order))
        assert np.array_equal(read_images(tmp_path / "x.npy"), X)
    np.save(tmp_path / "x.npy", X)
    read = read_images(tmp_path / "x.npy")
    assert isinstance(read.base.base, np.memmap)


def test_bright_borders_of_arrays_are_told(tmp_path, capsys):
    X, _ = fashion_mnist_sample()
    np.save(tmp_path / "x.npy", X)
    read_images(tmp_path / "x.npy")
    assert capsys.readouterr().err == ""
    np.save(tmp_path / "x.npy", np.vstack([X[:5], 255 - X[:3]]))
    read_images(tmp_path / "x.npy")
    assert "3 of 8 have a bright border" in capsys.readouterr().err
    halves = np.full((2, 784), [[127], [128]], np.uint8)
    np.save(tmp_path / "x.npy", halves)
    read_images(tmp_path / "x.npy")
    assert "1 of 2 have a bright border" in capsys.readouterr().err


def test_damaged_arrays(cases, tmp_path, rng):
    """Damaged .npy files are read or refused in one sentence."""
    X, _ = fashion_mnist_sample()
    path = tmp_path / "x.npy"
    np.save(path, X[:1])
    original = path.read_bytes()
    for _ in range(cases(500, 5000)):
        head = damaged(original[:128], rng)
        body = original[128:]
        path.write_bytes(head + (body if rng.integers(2) else b""))
        images, refused = attempt(read_images, path)
        if refused:
            assert refused.startswith(f"{path} must ")
            assert refused.isprintable()
        else:
            assert images.shape[1:] == (784,)


# a scaled picture for the network that ships


@pytest.mark.parametrize("settings", ["classic", "plain", "tuned"])
def test_the_network_refuses_scaled_pixels(settings):
    X, _ = fashion_mnist_sample()
    model = load("fashion-mnist", settings)
    expected = predict(model, X)
    found = predict(model, X.astype(float))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    for wrong in (
        X / 255,
        X / np.float32(256),
        X > 0,
        X.view(np.int8),
        X * 2.0,
    ):
        with pytest.raises(ValueError, match="X must hold pixels from 0"):
            predict(model, wrong)


# tables


def districts(text, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_districts(path)


def test_the_ranges_are_those_of_the_data():
    pairs = california_housing()
    X = np.concatenate([X for X, _ in pairs])
    low, high = np.array(RANGES).T
    assert np.all(low <= X.min(axis=0))
    assert np.all(X.max(axis=0) <= high)
    slack = 0.01 * np.ptp(X, axis=0)
    assert np.all(X.min(axis=0) - low <= slack)
    assert np.all(high - X.max(axis=0) <= slack)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{ROW}\n",
        f"\ufeff{HEADER}\r\n{ROW}\r\n",
        f"{HEADER}\r{ROW}",
        f"{HEADER},,\n\n{ROW},,\n,,,\n   \n",
        f"{HEADER}\n{ROW},,  ,\n",
        ", ".join(f'"{name}"' for name in HOUSING_FEATURES) + f"\n{ROW}\n",
        f"{HEADER}\n" + ", ".join(f'"{x}"' for x in ROW.split(",")),
        f"{HEADER},note,note\n{ROW},twice,ignored\n",
        f"{HEADER}\n{ROW.replace('41', '4.1E+1').replace('322', '+322.')}",
    ],
    ids=range(9),
)
def test_tables_that_are_read(text, tmp_path):
    expected = np.array([[float(x) for x in ROW.split(",")]], np.float32)
    assert np.array_equal(districts(text, tmp_path), expected)


def with_cell(column, text):
    cells = dict(zip(HOUSING_FEATURES, ROW.split(","), strict=True))
    return f"{HEADER}\n{ROW}\n{','.join((cells | {column: text}).values())}"


def swapped():
    cells = ROW.split(",")
    return ",".join([*cells[:6], cells[7], cells[6]])


NUMBERLESS = [
    "1_0",
    "",
    "NA",
    "nan",
    "inf",
    "0x1p3",
    "٣",
    "1 2",
    "$3",
    "1e",
]
IMPLAUSIBLE = [
    ("MedInc", "83252"),
    ("MedInc", "83.252"),
    ("MedInc", "0"),
    ("HouseAge", "1975"),
    ("HouseAge", "-1"),
    ("AveRooms", "880"),
    ("AveOccup", "1e39"),
    ("AveOccup", "1e400"),
    ("AveOccup", "1e-50"),
    ("Population", "-322"),
    ("Latitude", "43"),
    ("Longitude", "122.23"),
]


@pytest.mark.parametrize("text", NUMBERLESS)
def test_cells_that_are_no_numbers(text, tmp_path):
    with pytest.raises(ValueError, match="line 3: AveOccup must") as caught:
        districts(with_cell("AveOccup", text), tmp_path)
    assert str(caught.value).endswith(
        f"must be a finite number, but is {text!r}"
    )


@pytest.mark.parametrize(("column", "text"), IMPLAUSIBLE)
def test_values_that_no_district_has(column, text, tmp_path):
    pattern = rf"line 3: {column} \(.*\) must lie between"
    with pytest.raises(ValueError, match=pattern):
        districts(with_cell(column, text), tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEADER}\n{swapped()}", r"line 2: Latitude \(degrees north\)"),
        (f"{HEADER}\n{ROW.replace('322', '1,322')}", "2 must have 8 cells"),
        (f"{HEADER}\n{ROW.replace('.', ',')}", "but has 14"),
        (f"{HEADER}\nx,{ROW}", "but has 9"),
        (f"{HEADER}\n{ROW}\n1,2,3", "line 3 must have 8 cells.* but has 3"),
        (f"{HEADER},MedInc\n{ROW},1.5", "names MedInc more than once"),
        (f'{HEADER}\n{ROW}\n"{ROW}\n{ROW}', "line 3 must be a row.*quot"),
        (f'{HEADER}\n"8.3252"1,{ROW[7:]}', "line 2 must be a row"),
        (f'{HEADER}\n"{ROW * 9999}', "line 2 must be a row.* field limit"),
        (f"{HEADER}\n{ROW}\n".replace(",", ";"), "separated by commas"),
        (f"{HEADER}\n{ROW}\n".encode("utf-16"), "text in UTF-8"),
        (f"{HEADER}\n{ROW}\n".encode("utf-16-le"), "not in UTF-16"),
        (f"{HEADER}\n{ROW}\n\0", "contains NUL"),
        (f"{HEADER},é\n{ROW},é".encode("latin-1"), "text in UTF-8"),
        ("", "has no MedInc"),
        ("\n\n", "has no MedInc"),
        (HEADER.lower() + f"\n{ROW}", "has no MedInc"),
        (f"{HEADER}\n,,,,,,,\n", "has none"),
        (f"{HEADER}\n{'9' * 5000},{ROW}", "but has 9"),
        (with_cell("MedInc", "x" * 100_000), r"\.\.\. \(cut\)$"),
        (with_cell("MedInc", "9" * 130_000 + "x"), r"\.\.\. \(cut\)$"),
        (with_cell("MedInc", "9" * 130_000), r"MedInc .* but is inf"),
        (with_cell("MedInc", "\x1b[31m8"), r"MedInc must.*x1b\[31m8'$"),
    ],
    ids=range(23),
)
def test_tables_that_are_refused(text, message, tmp_path):
    start = time.monotonic()
    with pytest.raises(ValueError, match=message) as caught:
        districts(text, tmp_path)
    assert time.monotonic() - start < 2
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 800


def test_standard_input_is_read_as_a_file_is(tmp_path):
    text = f"\ufeff{HEADER}\r\n{ROW}\r\n"
    (tmp_path / "x.csv").write_text(text, "utf-8", newline="")
    command = [sys.executable, "-m", "nn", "predict", "california-housing"]
    given = {"capture_output": True, "check": True, "cwd": tmp_path}
    paths = os.pathsep.join([os.getcwd(), *sys.path])
    given["env"] = {**os.environ, "PYTHONPATH": paths}
    from_file = subprocess.run([*command, "x.csv"], **given)
    piped = subprocess.run([*command, "-"], input=text.encode(), **given)
    assert b"x.csv" + piped.stdout[1:] == from_file.stdout
    assert re.fullmatch(rb"-: \$\d{3},\d{3}\s*", piped.stdout)


def test_standard_input_that_is_closed_or_endless(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert "is closed" in refusal(read_districts, "-")
    monkeypatch.setattr(housing, "MAX_BYTES", 1000)
    with open("/dev/zero", encoding="utf-8") as endless:
        monkeypatch.setattr(sys, "stdin", endless)
        assert "at most 1,000 bytes" in refusal(read_districts, "-")


def test_damaged_tables(cases, tmp_path, rng):
    """Damaged CSV files are read or refused in one sentence."""
    (X, _), _ = california_housing()
    rows = [",".join(map(repr, row)) for row in X[:3].tolist()]
    original = "\n".join([HEADER, *rows, ""]).encode()
    low, high = np.array(RANGES, np.float32).T
    path = tmp_path / "x.csv"
    for _ in range(cases(500, 5000)):
        path.write_bytes(damaged(original, rng))
        X, refused = attempt(read_districts, path)
        if refused:
            assert re.match(rf"{path}(, line \d+)?:? ", refused)
            assert refused.isprintable()
        else:
            assert X.dtype == np.float32
            assert X.shape[1:] == (8,)
            assert np.all((low <= X) & (X <= high))


def test_pictures_without_pillow(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "PIL", None)
    (tmp_path / "x.png").touch()
    with pytest.raises(ValueError, match="pictures need Pillow"):
        fashion.read_images(tmp_path / "x.png")
