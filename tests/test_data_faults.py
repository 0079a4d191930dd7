"""Servers that break the rules, damaged caches, killed downloads.

Each fault of a server is tried alone and before a second address that
holds the files: the data are recovered or refused with every place.
"""

import contextlib
import gzip
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
import warnings
from pathlib import Path

import numpy as np
import pytest
from fashion_files import FINAL, NAMES, files_in, write

from nn.datasets import _fashion, _fetch, _idx, fashion_mnist

HERE = Path(_fashion.__file__).parent
# the answers to a request; {size} and {good} belong to the right file
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def status(code, text="", headers=b"", body=b"no"):
    """A whole answer with a status."""
    head = f"HTTP/1.1 {code} {text}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + headers + b"\r\n" + body


def to(address):
    """A redirection to an address."""
    return status(302, "Found", b"Location: " + address + b"\r\n")


def sized(body, size=None):
    """A right answer with a body, or with another size than it has."""
    size = str(len(body) if size is None else size)
    return OK + b"Content-Length: " + size.encode() + b"\r\n\r\n" + body


def chunk(size, body=b""):
    return CHUNKED + size + b"\r\n" + body + b"\r\n"


def faults(good):
    """{name: bytes to answer with, or a function of the connection}."""
    content = gzip.decompress(good)
    other = content[:-1] + bytes([content[-1] ^ 1])
    codes = [204, 206, 300, 304, 305, 400, 401, 403, 404, 407, 410]
    codes += [416, 418, 429, 451, 500, 501, 502, 503, 504, 511, 599, 999]
    addresses = [
        b"",
        b"/",  # to itself, for ever
        b"http://[::1/x",
        b"http://" + b"a" * 300,
        b"http://" + b"a" * 70 + b".example",
        b"http://a..b/",
        b"http://.a/",
        b"http://:80/",
        b"http:///x",
        b"http://127.0.0.1:abc/",
        b"http://127.0.0.1:99999/",
        b"http://127.0.0.1:-1/",
        b"http://127.0.0.1:9/x",
        b"http://[::1]:9/",
        b"http://\xff\xfe/",
        b"http://\xe2\x98\x83.invalid:9/",
        b"http://127.0.0.1:9/\x1b[31m",
        b"http://a b/",
        b"http://user:p@ss@127.0.0.1:9/",
        b"https://127.0.0.1:9/",
        b"ftp://127.0.0.1:9/x",
        b"file:///etc/passwd",
        b"data:,x",
        b"javascript:alert(1)",
        b"//[",
        b"x" * 70_000,
    ]
    plain = {
        "nothing": b"",
        "a blank line": b"\r\n\r\n",
        "no HTTP": b"220 files.example FTP\r\n",
        "no HTTP, escapes": b"\x1b]0;title\x07\x1b[2J\r\n\r\n",
        "HTTP/0.9": content,
        "another version": b"HTTP/9.9 200 OK\r\n\r\n",
        "no code": b"HTTP/1.1\r\n\r\n",
        "code abc": b"HTTP/1.1 abc OK\r\n\r\n",
        "code -1": b"HTTP/1.1 -1 OK\r\n\r\n",
        "reason with escapes": status(500, "\x1b[31mred\x07\x9b2J"),
        "reason of 60 kB": status(500, "x" * 60_000),
        "status of 70 kB": b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n",
        "100 for ever": b"HTTP/1.1 100 Continue\r\n\r\n" * 200,
        "TLS alert": b"\x15\x03\x01\x00\x02\x02\x28",
        "headers cut": OK + b"Content-Le",
        "200 headers": OK + b"A: b\r\n" * 200 + b"\r\n",
        "header of 70 kB": OK + b"A: " + b"x" * 70_000 + b"\r\n\r\n",
        "header without colon": OK + b"x\r\n\r\n" + other,
        "NUL in a header": OK + b"A\0: \0\r\n\r\n" + other,
        "length of 400 digits": sized(good, "9" * 400),
        "length of 5,000 digits": sized(other, "9" * 5000),
        "length of 10 GB": sized(good, 10**10),
        "length abc": sized(other, "abc"),
        "length -5": sized(other, -5),
        "length 0": sized(good, 0),
        "length 1": sized(good, 1),
        "length too small": sized(good, len(good) - 1),
        "length too large": sized(good, len(good) + 1),
        "chunk of -5": chunk(b"-5", good),
        "chunk of zz": chunk(b"zz", good),
        "chunk of 2 ** 80": chunk(b"1" + b"0" * 20, good),
        "chunk of 400 digits": chunk(b"f" * 400, good),
        "chunk size of 70 kB": chunk(b"1;" + b"x" * 70_000),
        "chunk cut": chunk(b"ffff", good[:99]),
        "no last chunk": chunk(b"%x" % len(good), good),
        "empty chunks": CHUNKED + b"0\r\n\r\n",
        "another coding": OK + b"Transfer-Encoding: br\r\n\r\n" + other,
        "empty": sized(b""),
        "a page": sized(b"<html>please sign in</html>"),
        "a page with escapes": sized(b"\x1b[31m\x1b]0;x\x07" * 9),
        "a page, packed": sized(gzip.compress(b"<html></html>")),
        "cut": sized(good[:-9]),
        "without its last byte": sized(good[:-1]),
        "half": sized(good[: len(good) // 2]),
        "only the head": sized(good[:10]),
        "one bit changed": sized(gzip.compress(other)),
        "checksum changed": sized(good[:-8] + bytes(8)),
        "method of packing 7": sized(b"\x1f\x8b\x07" + good[3:]),
        "broken stream": sized(good[:20] + b"\xff" * 50 + good[70:]),
        "twice": sized(gzip.compress(content * 2)),
        "one byte more": sized(gzip.compress(content + b"x")),
        "a bomb": sized(gzip.compress(bytes(30_000_000))[:16_000]),
        "another dtype": sized(gzip.compress(b"\0\0\x0d" + content[3:])),
        "garbage": sized(np.random.default_rng(0).bytes(9000)),
        "unpacked, cut": sized(content[:-1]),
    }
    acts = {
        "close": lambda link: None,
        "reset": reset,
        "reset in the body": lambda link: (
            link.sendall(sized(good)[:200]),
            reset(link),
        ),
        "silence": lambda link: wait_for_the_end(link),
        "silence in the body": lambda link: (
            link.sendall(sized(good)[:200]),
            wait_for_the_end(link),
        ),
        "drip of the status": lambda link: drip(link, b"HTTP/1.1 " * 99),
        "drip of a header": lambda link: drip(link, OK + b"A: b\r\n" * 99),
        "drip of the body": lambda link: (
            link.sendall(sized(good)[:60]),
            drip(link, good),
        ),
        "drip of a chunk's size": lambda link: (
            link.sendall(CHUNKED),
            drip(link, b"0" * 999),
        ),
        "without end": lambda link: endless(
            link, OK + b"\r\n", b"x" * 9999
        ),
        "chunks without end": lambda link: endless(
            link, CHUNKED, b"270f\r\n" + b"x" * 9999 + b"\r\n"
        ),
        "headers without end": lambda link: endless(link, OK, b"A: b\r\n"),
    }
    named = {f"status {code}": status(code) for code in codes}
    named |= {f"to {a[:30]!r}": to(a) for a in addresses}
    return named | plain | acts


def reset(link):
    link.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )


def wait_for_the_end(link):
    link.settimeout(20)
    while link.recv(4096):
        pass


def drip(link, content):
    for k in range(len(content)):
        link.sendall(content[k : k + 1])
        time.sleep(0.05)


def endless(link, start, more):
    link.sendall(start)
    while True:
        link.sendall(more)


class Server:
    """Answers each request with ``answer``: bytes or a function."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.answer = b""
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                link, _ = self.listener.accept()
                threading.Thread(
                    target=self.speak, args=[link], daemon=True
                ).start()

    def speak(self, link):
        with link, contextlib.suppress(OSError):
            asked = link.recv(65_536).decode("latin-1").split(" ")
            answer = self.answer
            if isinstance(answer, dict):
                path = asked[1] if len(asked) > 1 else ""
                answer = answer.get(path, status(404))
            if isinstance(answer, bytes):
                link.sendall(answer)
                link.shutdown(socket.SHUT_WR)
                link.settimeout(5)
                while link.recv(65_536):  # a close now would be a reset
                    pass
            else:
                answer(link)


@pytest.fixture
def servers(places):
    """Two servers; with ``places``, no test reaches the user's cache."""
    pair = Server(), Server()
    yield pair
    for server in pair:
        server.listener.close()


@pytest.fixture
def good(small):
    """The answers of a right server, by path."""
    return {f"/{n}.gz": sized(gzip.compress(small[n])) for n in NAMES}


def right(small, data):
    (X, y), (X_test, y_test) = data
    arrays = dict(zip(NAMES, (X, y, X_test, y_test), strict=True))
    return all(
        array.astype(np.uint8).tobytes()
        == small[name][8 if array.ndim == 1 else 16 :]
        for name, array in arrays.items()
    )


def refused(error, *parts):
    """True for a message with all parts that a terminal may print."""
    text = str(error)
    return (
        all(part in text for part in (*parts, "What to do, one of these"))
        and text.replace("\n", "").isprintable()
        and len(text) < 6000
    )


def outcome(small, addresses):
    """What comes of one attempt: "recovered", "refused" or the trouble."""
    try:
        data = fashion_mnist()
    except FileNotFoundError as error:
        ok = refused(error, *(f"download: {a}: " for a in addresses))
        return "refused" if ok else str(error)
    except Exception as error:
        return repr(error)
    return "recovered" if right(small, data) else "WRONG DATA"


def test_faults_of_servers(
    cases, small, good, places, servers, monkeypatch
):
    """Faulty servers, alone and before a good one: recovered or refused."""
    bad, second = servers
    second.answer = good
    monkeypatch.setattr(_fetch, "SILENCE", 60)
    kinds = faults(gzip.compress(small[NAMES[0]]))
    tried = cases(2 * len(kinds), 2 * len(kinds))
    found = {}
    for name, answer in kinds.items():
        bad.answer = answer
        slow = name.startswith(("silence", "drip"))
        monkeypatch.setattr(_fetch, "TIMEOUT", 0.5 if slow else 20)
        monkeypatch.setattr(_fetch, "LIMIT", 1 if slow else 30)
        for addresses in (bad.url,), (bad.url, second.url):
            monkeypatch.setattr(_fetch, "ADDRESSES", addresses)
            start = time.monotonic()
            what = outcome(small, addresses)
            if time.monotonic() - start > 15:
                what = "too slow"
            files = files_in(places["cache"])
            if files != (FINAL if what == "recovered" else []):
                what = f"{what}, and leaves {files}"
            found[name, len(addresses)] = what
            print(f"{time.monotonic() - start:5.2f} s", name, what)
            for path in places["cache"].iterdir():
                path.unlink()
    assert len(found) == tried >= 168
    right_of = {1: "refused", 2: "recovered"}
    wrong = {k: v for k, v in found.items() if v != right_of[k[1]]}
    assert wrong == {}


ADDRESSES = [
    "http://127.0.0.1:9",
    "http://[::1/x",
    "http://a..b",
    "http://" + "a" * 300,
    "https://127.0.0.1:{port}",
    "gopher://x",
    "",
]
PROXIES = [
    "http://.proxy:8080",
    "http://127.0.0.1:9",
    "http://[::1",
    "http://proxy:abc",
    "socks5://127.0.0.1:9",
    "http://a:é@b@127.0.0.1:9",
    "\x1b[31m",
]


@pytest.mark.parametrize("address", ADDRESSES, ids=range(len(ADDRESSES)))
def test_addresses_that_cannot_be_asked(
    address, small, good, places, servers, monkeypatch
):
    first = address.format(port=servers[0].url.rpartition(":")[2])
    servers[0].answer = servers[1].answer = good
    monkeypatch.setattr(_fetch, "ADDRESSES", (first,))
    with pytest.raises(FileNotFoundError) as caught:
        fashion_mnist()
    assert refused(caught.value, "download: ")
    monkeypatch.setattr(_fetch, "ADDRESSES", (first, servers[1].url))
    assert right(small, fashion_mnist())


@pytest.mark.parametrize("proxy", PROXIES, ids=range(len(PROXIES)))
def test_proxies_that_cannot_be_asked(
    proxy, small, good, places, servers, monkeypatch
):
    servers[1].answer = good
    address = servers[1].url
    monkeypatch.setattr(
        _fetch, "ADDRESSES", ("http://files.invalid", address)
    )
    # urllib asks for the proxies once
    monkeypatch.setattr(urllib.request, "_opener", None)
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert right(small, fashion_mnist())
    monkeypatch.delenv("no_proxy")
    monkeypatch.delenv("NO_PROXY", raising=False)
    for path in places["cache"].iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError) as caught:
        fashion_mnist()
    assert refused(caught.value, "http://files.invalid: ", address)


def test_a_long_download_is_shown_without_a_terminal(
    small, good, places, servers, monkeypatch, capsys
):
    answer = good[f"/{NAMES[0]}.gz"]

    def slow(link):
        link.sendall(answer[:-1])
        time.sleep(0.4)
        link.sendall(answer[-1:])

    servers[0].answer = good | {f"/{NAMES[0]}.gz": slow}
    monkeypatch.setattr(_fetch, "ADDRESSES", (servers[0].url,))
    monkeypatch.setattr(_fetch, "SILENCE", 0.1)
    assert right(small, fashion_mnist())
    first, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith(f"downloading {NAMES[0]}: [###")


@pytest.mark.parametrize(
    ("limit", "kind", "said"),
    [
        ("TIMEOUT", "silence", "timed out"),
        ("TIMEOUT", "silence in the body", "timed out"),
        ("LIMIT", "drip of a header", "within 0.2 seconds"),
        ("LIMIT", "drip of the body", "within 0.2 seconds"),
        ("", "without end", "but sends more"),
        ("", "chunks without end", "but sends more"),
        ("", "length of 400 digits", "but announces 99999"),
    ],
)
def test_each_limit_alone(
    limit, kind, said, small, places, servers, monkeypatch
):
    for name in "TIMEOUT", "LIMIT":
        monkeypatch.setattr(_fetch, name, 0.2 if name == limit else 15)
    servers[0].answer = faults(gzip.compress(small[NAMES[0]]))[kind]
    monkeypatch.setattr(_fetch, "ADDRESSES", (servers[0].url,))
    start = time.monotonic()
    with pytest.raises(FileNotFoundError, match=said):
        fashion_mnist()
    assert time.monotonic() - start < 10


def test_the_limits_are_those_of_the_text():
    assert (_fetch.TIMEOUT, _fetch.LIMIT, _fetch.SILENCE) == (30, 1200, 10)
    text = " ".join(fashion_mnist.__doc__.split())
    assert "after 20 minutes, and after 30 seconds" in text
    assert "every 10 seconds" in text


# several processes, and processes that die


@pytest.fixture
def start(small, places, servers):
    """Start processes that fetch the small files from the first server."""
    code = f"""if True:
        import sys
        from pathlib import Path
        from nn.datasets import _fashion, _fetch, _idx
        _idx.FILES.update({_idx.FILES!r})
        _fashion.DEBIAN = Path({str(places["debian"])!r})
        _fetch.ADDRESSES = ({servers[0].url!r},)
        _fashion.fetch_fashion_mnist(apt=False)
    """
    path = os.pathsep.join([str(HERE.parents[1]), *sys.path])
    started = []

    def call():
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path},
            stderr=subprocess.PIPE,
        )
        started.append(child)
        return child

    yield call
    for child in started:
        child.kill()
        child.wait()
        child.stderr.close()


def test_four_processes_at_once(start, servers, good, places):
    servers[0].answer = good
    children = [start() for _ in range(4)]
    for child in children:
        assert child.wait(60) == 0, child.stderr.read()
    assert files_in(places["cache"]) == FINAL


def test_a_killed_download_leaves_no_file(
    start, servers, good, places, small, monkeypatch
):
    answer = good[f"/{NAMES[0]}.gz"]

    def half(link):
        link.sendall(answer[: len(answer) // 2])
        wait_for_the_end(link)

    servers[0].answer = half
    cache = places["cache"]
    child = start()
    end = time.monotonic() + 60
    while not list(cache.glob(".*.part")):
        assert child.poll() is None, child.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.01)
    child.kill()
    child.wait()
    (part,) = files_in(cache)
    assert part.endswith(".part")
    # what is left is not in the way, and stays while it may be at work
    servers[0].answer = good
    monkeypatch.setattr(_fetch, "ADDRESSES", (servers[0].url,))
    assert right(small, fashion_mnist())
    assert files_in(cache) == [part, *FINAL]
    # the day after, reading the data removes it, and only it
    others = [cache / ".apt-x", cache / ".notes.part", cache / "mine"]
    for path in others:
        path.mkdir()
        (path / "x").touch()
    for path in [cache / part, *others]:
        os.utime(path, (0, time.time() - 90_000))
    fashion_mnist()
    assert files_in(cache) == sorted([".notes.part", "mine", *FINAL])


def test_downloads_killed_at_any_moment(
    cases, start, servers, good, places, rng
):
    """Downloads killed at any moment leave no damaged file."""

    def in_pieces(answer):
        def send(link):
            for k in range(0, len(answer), 1 + len(answer) // 10):
                link.sendall(answer[k : k + 1 + len(answer) // 10])
                time.sleep(0.02)

        return send

    servers[0].answer = {k: in_pieces(a) for k, a in good.items()}
    cache = places["cache"]
    for _ in range(cases(6, 60)):
        child = start()
        end = time.monotonic() + 60
        while not (cache.exists() and files_in(cache)):
            assert child.poll() is None, child.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 1))
        child.kill()
        child.wait()
        for path in list(cache.iterdir()):
            if path.name in FINAL:
                _idx.read_file(path, path.stem)
            path.unlink()


def test_an_interrupted_download_ends_at_once(start, servers, places):
    servers[0].answer = wait_for_the_end
    child = start()
    end = time.monotonic() + 60
    while not places["cache"].exists() or not files_in(places["cache"]):
        assert child.poll() is None, child.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    child.wait(10)
    assert b"KeyboardInterrupt" in child.stderr.read()
    assert files_in(places["cache"]) == []


# caches and folders


def spoil(path, rng):
    """Damage the file at ``path``, or put something else in its place."""
    data = bytearray(path.read_bytes())
    path.unlink()
    kind = rng.integers(11)
    if kind == 0:
        pass
    elif kind == 1:
        path.mkdir()
    elif kind == 2:
        os.mkfifo(path)
    elif kind == 3:
        path.symlink_to(path)
    elif kind == 4:
        path.symlink_to("/dev/zero")
    elif kind == 5:
        path.write_bytes(data[: rng.integers(len(data))])
    elif kind == 6:
        path.write_bytes(gzip.compress(bytes(10_000_000)))
    elif kind == 7:
        path.write_bytes(rng.bytes(500))
    else:
        for _ in range(rng.integers(1, 4)):
            data[rng.integers(len(data))] ^= 1 << rng.integers(8)
        path.write_bytes(data)


def test_damaged_caches(cases, small, places, rng):
    """Damaged caches are reported, and never give other data."""
    for k in range(cases(60, 300)):
        packed = bool(rng.integers(2))
        folder = places["cache"].parent / f"cache-{k}"
        write(folder, small, packed)
        names = rng.permutation(NAMES)[: rng.integers(1, 5)]
        for name in names:
            spoil(folder / (f"{name}.gz" if packed else name), rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                data = fashion_mnist(folder)
            except (FileNotFoundError, ValueError) as error:
                message = str(error)
            else:
                assert right(small, data)
                continue
        assert str(folder) in message
        assert message.replace("\n", "").isprintable()
        # the same folder is no harm where another place has the files
        write(places["debian"], small)


def test_a_whole_file_beside_a_damaged_one_is_read(small, places):
    write(places["folder"], small, packed=False)
    for name in NAMES:
        (places["folder"] / f"{name}.gz").write_bytes(b"\x1f\x8b half")
    assert right(small, fashion_mnist(places["folder"]))
    (places["folder"] / NAMES[0]).write_bytes(b"")
    with pytest.raises(ValueError, match=r"be unpacked.*; .*nothing"):
        fashion_mnist(places["folder"])


@pytest.mark.parametrize("folder", [b"/tmp", 3, "", ["x"], True])
def test_what_is_no_folder(folder, places):
    error = ValueError if folder == "" else TypeError
    with pytest.raises(error, match="folder must be a path") as caught:
        fashion_mnist(folder)
    assert repr(folder) in str(caught.value)


@pytest.mark.parametrize("name", ["~nosuchuser/x", "a\x1b[31m\nb", "a\0b"])
def test_a_folder_that_does_not_exist_is_told(name, places):
    with (
        pytest.warns(UserWarning, match="no such folder"),
        pytest.raises(FileNotFoundError) as caught,
    ):
        fashion_mnist(name, download=False)
    assert f"folder: {name.encode('unicode_escape').decode()}: no" in str(
        caught.value
    )


def test_an_unknown_user_in_the_variable_is_told(places, monkeypatch):
    monkeypatch.setenv("NN_DATA", "~nosuchuser/x")
    with (
        pytest.warns(UserWarning, match="NN_DATA: ~nosuchuser/x"),
        pytest.raises(FileNotFoundError),
    ):
        fashion_mnist(download=False)


def test_a_user_without_a_home(small, places, monkeypatch):
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    with pytest.raises(FileNotFoundError) as caught:
        fashion_mnist()
    assert refused(
        caught.value, "has no home folder", "the folder XDG_CACHE_HOME"
    )
    assert not Path("~").exists()
    write(places["folder"], small)
    assert right(small, fashion_mnist(places["folder"]))
