"""The types of the package, as a user's type checker sees them."""

import ast
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import nn
from tools.merge import generated

ROOT = Path(__file__).resolve().parents[1]
STUBS = sorted((ROOT / "nn").glob("*.pyi"))
RIGHT = '''
import numpy as np
from numpy.typing import NDArray

import nn
from nn.typing import Floats, LossLike, Metric


class Huber:
    """A loss of one's own needs no base."""

    error: Floats

    def forward(self, Z: Floats, y: Floats) -> float:
        self.error = np.clip(Z - y, -1, 1)
        return float(np.abs(self.error).mean())

    def backward(self) -> Floats:
        return self.error


class Shift(nn.Layer):
    def forward(
        self, X: NDArray[np.float32], training: bool = False
    ) -> NDArray[np.float32]:
        return X + np.float32(1)

    def backward(self, grad: NDArray[np.float32], /) -> NDArray[np.float32]:
        return grad


class Sign(nn.Optimizer):
    def change(
        self,
        g: NDArray[np.float32],
        state: object,
        lr: float,
    ) -> NDArray[np.float32]:
        return np.float32(-lr) * np.sign(g)


(X, y), (X_test, y_test) = nn.datasets.california_housing()
first, *others = nn.datasets.california_housing(validation=0.1)
rng: np.random.Generator = np.random.default_rng(0)
penalty = nn.L2(1e-4)
dense = nn.Dense(X.shape[1], np.int64(16), regularizer=penalty, rng=rng)
last = nn.Dense(16, 1, rng=0)
model = nn.Sequential(
    nn.Normalization.of(X), Shift(), dense, nn.ReLU(), last
)
losses: list[LossLike] = [Huber(), nn.MeanSquaredError()]
metrics: dict[str, Metric] = {"r2": nn.r2_score}
for optimizer in (Sign(1e-3), nn.Adam(lambda t: nn.cosine(0.1, t, 99))):
    history = nn.fit(
        model, X, y, loss=losses[0], optimizer=optimizer, epochs=1,
        validation=(X_test, y_test), metrics=metrics, rng=0,
        on_epoch=lambda epoch, history: history["loss"][-1] < 0.1,
    )
loss: float = history["val_loss"][-1]
scores = nn.evaluate(model, [[1.0] * 8], [[2.0]], loss=losses[1])
P: Floats = nn.softmax(nn.predict(model, X))
digest: str = model.save("model.safetensors", about={"by": "me"})
again: nn.Sequential = nn.tasks.load("fashion-mnist").load("a.safetensors")
slope: Floats = dense.backward(X)
maybe = dense.backward(X, input_gradient=False)
reveal_type(scores)
'''
WRONG = {
    "import nn\nnn.Dence(1, 2)\n": ("attr-defined", "Dence"),
    "from nn import Dence\n": ("attr-defined", "Dence"),
    "import nn\nnn.Dense('two', 16)\n": ("arg-type", "str"),
    "import nn\nnn.Dense(2)\n": ("call-arg", "n_out"),
    "import nn\nnn.Adam(learning_rate=1)\n": ("call-arg", "learning_rate"),
    "import nn\nnn.Adam('fast')\n": ("arg-type", "str"),
    "import nn\nnn.Sequential(nn.ReLU)\n": ("arg-type", "ReLU"),
    "import nn\nnn.Sequential().no_such_method()\n": (
        "attr-defined",
        "no_such_method",
    ),
    "import nn\nnn.datasets.mnist()\n": ("attr-defined", "mnist"),
    "import nn\nnn.export.to_onnx(nn.ReLU(), 'a', softmax='yes')\n": (
        "arg-type",
        "str",
    ),
    "import nn\nnn.fit(nn.Sequential(), [[1]], [0], loss='mse',"
    " optimizer=nn.SGD(), epochs=1)\n": ("arg-type", "str"),
    "import nn\nnn.fit(nn.Sequential(), [[1]], [0], loss=nn.L2(0),"
    " optimizer=nn.SGD(), epochs=1)\n": ("arg-type", "L2"),
    "import nn\nnn.Dense(2, 3).backward([[1]], input_gradient=False).T\n": (
        "union-attr",
        "None",
    ),
}


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """``mypy(code)``: what mypy --strict says of a user's script."""
    folder = tmp_path_factory.mktemp("types")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file="]
    command += ["--follow-imports=silent", "--no-error-summary"]

    def run(*codes):
        names = [f"script_{i}.py" for i in range(len(codes))]
        for name, code in zip(names, codes, strict=True):
            (folder / name).write_text(code)
        done = subprocess.run(
            [*command, *names],
            cwd=folder,
            env=os.environ | {"MYPYPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert not done.stderr
        lines = done.stdout.splitlines()
        return [
            [line for line in lines if line.startswith(name)]
            for name in names
        ]

    return run


def test_a_script_without_mistakes(mypy):
    ((said,),) = mypy(RIGHT)
    assert re.search(r"note: Revealed type is .*dict\[.*str.*float", said)


def test_each_mistake_is_reported(mypy):
    for code, said in zip(WRONG, mypy(*WRONG), strict=True):
        kind, name = WRONG[code]
        assert len(said) >= 1, code
        assert f"[{kind}]" in said[0], said
        assert name in said[0], said


def fresh():
    """An object of each public class that has attributes of its own."""
    for make in (nn.L1, nn.L2, nn.Dropout):
        yield make(0.5)
    for make in (nn.SGD, nn.Momentum, nn.RMSProp, nn.Adam, nn.Optimizer):
        yield make(0.5)
    yield from (nn.AdamW(1), nn.Joint(1), nn.Dense(3, 2))
    yield from (nn.Normalization(0, 1), nn.BatchNormalization(3))
    yield from (nn.Sequential(), nn.ReLU(), nn.Identity(), nn.Softmax())
    yield 2 * nn.Tensor(1)
    model, rows = nn.Sequential(nn.Dense(2, 1)), np.ones((2, 2))
    how = {"loss": nn.MeanSquaredError(), "optimizer": nn.SGD(1)}
    yield nn.Instruments(model, rows, rows[:, :1], **how)
    scores, classes, targets = np.ones((2, 2)) / 2, [0, 1], np.ones((2, 2))
    for loss, y in (
        (nn.SoftmaxCrossEntropy(), classes),
        (nn.CategoricalCrossEntropy(), classes),
        (nn.MeanSquaredError(), targets),
    ):
        loss.forward(scores, y)
        yield loss


def stubbed():
    """The attributes that the stubs give each class: {class: names}."""
    for path in STUBS:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                yield (
                    node.name,
                    {
                        a.target.id
                        for a in node.body
                        if isinstance(a, ast.AnnAssign)
                    },
                )


def test_the_stubs_name_the_attributes_that_objects_have():
    stubs, objects = dict(stubbed()), [*fresh()]
    for thing in objects:
        kinds = [kind.__name__ for kind in type(thing).__mro__]
        named = set().union(*(stubs.get(kind, ()) for kind in kinds))
        has = {name for name in vars(thing) if name[0] != "_"}
        assert has <= named, type(thing)
        assert all(hasattr(thing, name) for name in named), type(thing)
    tried = {type(thing).__name__ for thing in objects}
    untried = {name for name, names in stubs.items() if names} - tried
    # scikit-learn's checks try the estimators
    assert untried == {"Layer", "_NeuralNet", "NeuralNetClassifier"}


def test_each_module_of_the_chapters_has_a_stub():
    modules = [p for p in (ROOT / "nn").glob("*.py") if generated(p)]
    wanted = {path.stem for path in modules} - {"__init__"}
    assert {path.stem for path in STUBS} == wanted


def pyright(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


@pytest.mark.full
def test_pyright_agrees_on_the_script(tmp_path):
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT)]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text("import nn\nnn.Dence(1, 2)\n")
    found = pyright(tmp_path)["generalDiagnostics"]
    errors = [each for each in found if each["severity"] == "error"]
    assert {Path(each["file"]).name for each in errors} == {"wrong.py"}
    said = "\n".join(each["message"] for each in errors)
    assert '"Dence" is not a known attribute of module' in said


@pytest.mark.full
def test_pyright_knows_every_public_type():
    found = pyright(ROOT, "--verifytypes", "nn", "--ignoreexternal")
    symbols = found["typeCompleteness"]["symbols"]
    untyped = "nn.estimators"  # inherits from scikit-learn, without types
    names = {
        s["name"]: s["isTypeKnown"]
        for s in symbols
        if s["isExported"] and not s["name"].startswith(untyped)
    }
    assert len(names) > 300
    assert [name for name in names if not names[name]] == []


@pytest.mark.full
def test_wheel_and_sdist_hold_the_stubs(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    with tarfile.open(sdist) as file:
        others = [name.partition("/")[2] for name in file.getnames()]
    wanted = {f"nn/{path.name}" for path in [*STUBS, Path("py.typed")]}
    assert wanted <= {*names}
    assert wanted <= {*others}
