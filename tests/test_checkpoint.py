"""A training that goes on is the one that was never stopped."""

import json

import numpy as np
import pytest

from nn import (
    L1,
    L2,
    SGD,
    Adam,
    AdamW,
    BatchNormalization,
    Dense,
    Dropout,
    Identity,
    Layer,
    MeanSquaredError,
    Momentum,
    Normalization,
    ReLU,
    RMSProp,
    Sequential,
    WeightFileError,
    cosine,
    fit,
    mean_absolute_error,
    save_arrays,
)
from nn.checkpoint import Checkpoint, _parts, epochs_in

KINDS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
RULES = {
    "SGD": lambda: SGD(0.01, lr_decay=0.01),
    "Momentum": lambda: Momentum(1e-3),
    "RMSProp": lambda: RMSProp(),
    "Adam": lambda: Adam(0.01),
    "AdamW": lambda: AdamW(0.01, weight_decay=0.1, clip=0.5),
    "cosine": lambda: Adam(schedule),
    "mostly large": lambda: parts_of(Adam(0.01), small=20),
    "all apart": lambda: parts_of(Momentum(1e-3), small=0),
}
rng = np.random.default_rng(0)
X = rng.normal(size=(50, 5)).astype(np.float32)
Y = X[:, :1] * 2


def schedule(t):
    return cosine(0.01, t, 400)


def parts_of(optimizer, small):
    optimizer.small = small
    return optimizer


class Block(Layer):
    """A user's layer with layers and a generator of its own."""

    def __init__(self, inner, noise):
        self.inner, self.noise = {"a": inner}, noise

    def forward(self, X, training=False):
        if training:
            X = X + self.noise.normal(size=X.shape).astype(X.dtype)
        return self.inner["a"].forward(X, training)

    def backward(self, grad, /):
        return self.inner["a"].backward(grad)

    def parameters(self):
        return self.inner["a"].parameters()

    def gradients(self):
        return self.inner["a"].gradients()


def training(
    kind="PCG64",
    rule=RULES["Adam"],
    *,
    rate=0.2,
    l2=1e-3,
    act=ReLU,
    momentum=0.9,
):
    """A network, its optimizer and the generator for the rows."""
    bits = getattr(np.random, kind)
    a, b, c, d = (np.random.Generator(bits(seed)) for seed in range(4))
    model = Sequential(
        Normalization.of(X),
        Dense(5, 16, rng=a, regularizer=L2(l2)),
        act(),
        Dropout(rate, rng=b),
        Sequential(
            *(Dense(16, 8, rng=a), ReLU(), Dropout(0.3, rng=b)),
            BatchNormalization(8, momentum=momentum),
        ),
        Block(Dropout(0.1, rng=d), d),
        Dense(8, 1, rng=a, regularizer=L1(1e-4)),
    )
    return model, rule(), c


def run(parts, *, checkpoint=None, epochs=7):
    model, optimizer, order = parts
    history = checkpoint.resume() if checkpoint else None
    return fit(
        model,
        X,
        Y,
        loss=MeanSquaredError(),
        optimizer=optimizer,
        epochs=epochs,
        batch_size=16,
        validation=(X[:9], Y[:9]),
        metrics={"mae": mean_absolute_error},
        rng=order,
        history=history,
        on_epoch=checkpoint,
    )


def bits_of(model):
    return {name: a.tobytes() for name, a in model.state().items()}


class Bent(Layer):
    """A user's layer with a function, and a way back to its network."""

    def __init__(self, f):
        self.f, self.network, self.steps = f, None, 0

    def forward(self, X, training=False):
        self.steps += training
        if training:
            self.kept = X
        return self.f(X)

    def backward(self, grad, /):
        return grad * self.take()  # the wrong slope, but always the same


def stop_after(k):
    return lambda epoch, history: epoch + 1 == k or None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", RULES)
def test_a_resumed_training_has_the_same_bits(tmp_path, kind, rule):
    path = tmp_path / "a"
    whole = training(kind, RULES[rule])
    history = run(whole)
    for k in (1, 2, 5):
        parts = training(kind, RULES[rule])
        run(parts, checkpoint=Checkpoint(path, *parts, then=stop_after(k)))
        assert epochs_in(path) == k
    parts = training(kind, RULES[rule])
    assert run(parts, checkpoint=Checkpoint(path, *parts)) == history
    assert bits_of(parts[0]) == bits_of(whole[0])
    again = training(kind, RULES[rule])  # all epochs are done
    assert run(again, checkpoint=Checkpoint(path, *again)) == history
    assert bits_of(again[0]) == bits_of(whole[0])


def test_an_interrupted_step_is_taken_back(tmp_path):
    """In the same process, with the same objects."""

    class Interrupting(Adam):
        def change(self, g, state, lr):
            change = super().change(g, state, lr)
            if self.t == self.last:
                raise KeyboardInterrupt
            return change

    def rule():
        adam = Interrupting(0.01)
        adam.small, adam.last = 20, 14
        return adam

    whole = training(rule=rule)
    whole[1].last = 0
    history = run(whole)
    parts = training(rule=rule)
    checkpoint = Checkpoint(tmp_path / "a", *parts)
    with pytest.raises(KeyboardInterrupt):
        run(parts, checkpoint=checkpoint)
    parts[1].last = 0
    assert run(parts, checkpoint=checkpoint) == history
    assert bits_of(parts[0]) == bits_of(whole[0])


def test_without_a_file_it_begins(tmp_path):
    parts = training()
    before = bits_of(parts[0])
    assert Checkpoint(tmp_path / "a", *parts).resume() == {}
    assert epochs_in(tmp_path / "a") == 0
    assert bits_of(parts[0]) == before


def test_a_checkpoint_before_the_first_epoch(tmp_path):
    whole, parts = training(), training()
    Checkpoint(tmp_path / "a", *parts).save({})
    assert epochs_in(tmp_path / "a") == 0
    parts = training()
    checkpoint = Checkpoint(tmp_path / "a", *parts)
    assert run(parts, checkpoint=checkpoint) == run(whole)
    assert bits_of(parts[0]) == bits_of(whole[0])


def shared_apart():
    parts = training()
    parts[0].layers[4].layers[2].rng = np.random.default_rng(9)
    return parts


@pytest.mark.parametrize(
    ("other", "about", "message"),
    [
        (
            lambda: training(l2=1),
            {},
            r"regularizer\.lam is 0\.001 in the fi",
        ),
        (
            lambda: training(act=Identity),
            {},
            "class is ReLU in the file and",
        ),
        (
            lambda: training(rate=0.3),
            {},
            r"rate is 0\.2 in the file and 0\.3",
        ),
        (
            lambda: training(momentum=0.5),
            {},
            r"momentum is 0\.9 in the file and 0\.5",
        ),
        (
            lambda: training(rule=RMSProp),
            {},
            "class is Adam in the file and",
        ),
        (lambda: training(rule=lambda: Adam(0.1)), {}, r"lr is 0\.01 in"),
        (lambda: training(rule=RULES["cosine"]), {}, r"lr\(0\) is missing"),
        (
            lambda: training(rule=lambda: Adam(0.01, beta2=0.9)),
            {},
            r"beta2 is 0\.999 in the file and 0\.9 here",
        ),
        (
            lambda: training(rule=lambda: Adam(0.01, clip=1)),
            {},
            r"clip is None in the file and 1\.0 here",
        ),
        (
            lambda: training("Philox"),
            {},
            "generator rng is PCG64 of rng in",
        ),
        (shared_apart, {}, r"generator layers\.4\.layers\.2\.rng is PCG64"),
        (
            training,
            {"data": "b"},
            "but data is missing in the file and b",
        ),
        (
            lambda: (Sequential(Dense(5, 1)), Adam(0.01), training()[2]),
            {},
            r"and \d+ more; go on",
        ),
    ],
)
def test_another_training_is_refused_by_name(
    tmp_path, other, about, message
):
    path, parts = tmp_path / "a", training()
    run(parts, checkpoint=Checkpoint(path, *parts), epochs=1)
    model, optimizer, order = other()
    before = bits_of(model), order.bit_generator.state
    checkpoint = Checkpoint(path, model, optimizer, order, about=about)
    with pytest.raises(WeightFileError, match=message):
        checkpoint.resume()
    assert bits_of(model) == before[0]
    np.testing.assert_equal(order.bit_generator.state, before[1])
    assert optimizer.t == 0
    assert optimizer.state == {}


@pytest.mark.parametrize(
    ("count", "end"),
    [
        (5, "e is missing in the file and 0 here; go on"),
        (6, "and 1 more; go on"),
        (8, "and 3 more; go on"),
    ],
)
def test_a_message_names_the_first_five_differences(tmp_path, count, end):
    path, parts = tmp_path / "a", training()
    run(parts, checkpoint=Checkpoint(path, *parts), epochs=1)
    about = dict.fromkeys("abcdefgh"[:count], "0")
    with pytest.raises(WeightFileError, match=end):
        Checkpoint(path, *training(), about=about).resume()


def test_schedules_are_compared_by_their_values(tmp_path):
    path = tmp_path / "a"
    parts = training(rule=lambda: Adam(lambda t: 0.01 / (1 + t)))
    run(parts, checkpoint=Checkpoint(path, *parts), epochs=2)
    same = training(rule=lambda: Adam(lambda step: 0.01 / (step + 1)))
    assert len(Checkpoint(path, *same).resume()["loss"]) == 2
    other = training(rule=lambda: Adam(lambda t: 0.01 / (1 + t * t)))
    with pytest.raises(WeightFileError, match=r"rule lr\(3\) is"):
        Checkpoint(path, *other).resume()


def test_a_file_may_lack_an_argument_that_is_none(tmp_path, monkeypatch):
    """A version of the package without clip has written it."""
    path, parts, rule = tmp_path / "a", training(), _parts.rule

    def without_clip(optimizer, steps):
        found = rule(optimizer, steps)
        assert found.pop("clip") is None
        return found

    with monkeypatch.context() as earlier:
        earlier.setattr(_parts, "rule", without_clip)
        run(parts, checkpoint=Checkpoint(path, *parts), epochs=1)
    assert len(Checkpoint(path, *training()).resume()["loss"]) == 1
    clipped = training(rule=lambda: Adam(0.01, clip=1))
    with pytest.raises(WeightFileError, match="clip is missing in the"):
        Checkpoint(path, *clipped).resume()


def test_files_of_other_kinds_are_refused(tmp_path):
    parts = training()
    parts[0].save(tmp_path / "weights")
    with pytest.raises(WeightFileError, match="must be a checkpoint"):
        Checkpoint(tmp_path / "weights", *parts).resume()
    Checkpoint(tmp_path / "a", *parts).save({"loss": [1.0]})
    data = bytearray((tmp_path / "a").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(WeightFileError, match="it is damaged"):
        Checkpoint(tmp_path / "a", *parts).resume()


def test_layers_of_a_user(tmp_path):
    def parts(f, rule=SGD):
        layer = Bent(f)
        layer.network = Sequential(Dense(5, 3, rng=0), layer, Dense(3, 1))
        return layer.network, rule(0.01), np.random.default_rng(0)

    model, *others = parts(np.tanh)
    run(
        (model, *others),
        checkpoint=Checkpoint(tmp_path / "a", model, *others),
    )
    assert Checkpoint(tmp_path / "a", *parts(np.tanh)).resume()
    with pytest.raises(
        WeightFileError, match="f is tanh in the file and sin"
    ):
        Checkpoint(tmp_path / "a", *parts(np.sin)).resume()


def test_a_seed_is_no_generator(tmp_path):
    model, optimizer, _ = training()
    with pytest.raises(TypeError, match="rng must be the Generator"):
        Checkpoint(tmp_path / "a", model, optimizer, 7)


def test_a_long_history_fits(tmp_path):
    path, parts = tmp_path / "a", training()
    history = {"loss": [*np.linspace(0, 1, 60_000).tolist(), np.float32(2)]}
    Checkpoint(path, *parts).save(history)
    assert Checkpoint(path, *parts).resume() == history


def test_a_class_that_hides_its_arguments_has_none():
    assert _parts.arguments(dict) == []
    assert _parts.arguments(L2) == ["lam"]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("about", {"rows": {1, 2}}),
        ("about", {"file": b"x"}),
        ("about", {"a": {(1,): 2}}),
        ("about", "text"),
        ("about", [1]),
        ("then", 3),
        ("then", list),
        ("model", Sequential),
        ("model", None),
        ("optimizer", Adam),
        ("optimizer", "adam"),
        ("rng", 3),
    ],
)
def test_a_wrong_argument_is_refused_before_the_training(name, wrong):
    right = {
        "path": "run.safetensors",
        "model": Dense(5, 1),
        "optimizer": Adam(),
        "rng": np.random.default_rng(0),
    }
    with pytest.raises(TypeError, match=f"{name} must"):
        Checkpoint(**right | {name: wrong})


def test_about_may_hold_what_json_can_write(tmp_path):
    about = {1: np.float32(2), "nan": np.nan, "inf": [np.inf, np.arange(2)]}
    parts = Dense(5, 1), Adam(), np.random.default_rng(0)
    path = tmp_path / "run.safetensors"
    Checkpoint(path, *parts, about=about).save({"loss": [0.5]})
    resumed = Checkpoint(path, *parts, about=about).resume()
    assert resumed == {"loss": [0.5]}


TRAINING = {
    "history": {"loss": [1.0]},
    "steps": 1,
    "description": {},
    "generators": {},
}


@pytest.mark.parametrize(
    "training",
    [
        None,
        b"{",
        b"[]",
        b"\xff",
        *(
            json.dumps({k: v for k, v in TRAINING.items() if k != name})
            for name in TRAINING
        ),
        json.dumps(TRAINING | {"history": {"loss": 3}}),
        json.dumps(TRAINING | {"history": {"loss": [1.0], "b": "c"}}),
        json.dumps(TRAINING | {"history": [1.0]}),
        json.dumps(TRAINING | {"steps": "1"}),
        json.dumps(TRAINING | {"description": []}),
        json.dumps(TRAINING | {"generators": []}),
    ],
)
def test_a_file_with_other_contents_is_refused(tmp_path, training):
    path, arrays = tmp_path / "run.safetensors", {}
    if training is not None:
        data = training.encode() if isinstance(training, str) else training
        arrays["training"] = np.frombuffer(data, np.uint8)
    save_arrays(path, arrays, about={"kind": "checkpoint"})
    parts = Dense(5, 1), Adam(), np.random.default_rng(0)
    with pytest.raises(WeightFileError, match="progress cannot be read"):
        Checkpoint(path, *parts).resume()
    with pytest.raises(WeightFileError, match="progress cannot be read"):
        epochs_in(path)
