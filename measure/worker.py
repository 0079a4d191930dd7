"""One system in a process of its own, which waits for its turn.

``python -m measure.worker '{"system": "nn", ...}'`` prints one JSON line
when it is ready and one for each line that it reads: ``{"epochs": 3}``
trains so many epochs, ``{"epochs": 0}`` ends the training, and from then
on ``{"predict": 10000}`` predicts so many rows, again and again for a
while. It ends with its input. With ``"before": path`` in the options,
``nn`` is imported from the checkout of an older commit: this module and
``systems`` use only what it had, and import it after the path is known.
"""

import json
import os
import sys
import time
from dataclasses import fields

import numpy as np

LEAST = 0.1  # seconds that predictions are repeated for


def peak():
    """Largest memory of this process so far, in MiB."""
    try:
        with open("/proc/self/status") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["VmHWM"].split()[0]) / 1024
    except OSError:
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used / (1024**2 if sys.platform == "darwin" else 1024)


def forget_peak():
    """Begin to measure anew, where the system can do so."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


class Turns:
    """What a training loop calls after each epoch; waits for its turn."""

    def __init__(self, read, write):
        self.read, self.write = read, write

    def wait(self):
        """Take the next order; False if there are no more epochs."""
        self.left = self.read().get("epochs", 0)
        self.start, self.cpu = time.perf_counter(), time.process_time()
        return self.left > 0

    def __call__(self):
        """End of an epoch: True ends the training."""
        self.left -= 1
        if self.left:
            return False
        seconds = time.perf_counter() - self.start
        cpu = time.process_time() - self.cpu
        self.write({"seconds": seconds, "cpu": cpu, "peak": peak()})
        return not self.wait()


def seconds_to_predict(predict, X):
    """Seconds for one call, after a first one, as a mean."""
    predict(X)
    calls, start, seconds = 0, time.perf_counter(), 0.0
    while seconds < LEAST:
        predict(X)
        calls += 1
        seconds = time.perf_counter() - start
    return seconds / calls


def blas():
    """Name, version and kernel of each library of products in use."""
    try:
        from threadpoolctl import threadpool_info
    except ModuleNotFoundError:
        return []
    keys = ("internal_api", "version", "architecture", "num_threads")
    found = (info for info in threadpool_info() if "user_api" in info)
    return [{key: info.get(key) for key in keys} for info in found]


def data(options):
    """Rows to train on and rows to predict."""
    from nn.tasks import TASKS

    (X, y), (X_test, _) = TASKS[options["task"]].data()
    rows = options.get("rows") or len(X)
    many = np.resize(X_test, (10_000, X.shape[1]))
    return X[:rows], y[:rows], many


def main():
    """Serve one system until the input ends."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # keep the libraries' output off the protocol

    def write(message):
        print(json.dumps(message), file=out, flush=True)

    def read():
        line = sys.stdin.readline()
        return json.loads(line) if line else {}

    options = json.loads(sys.argv[1])
    if "before" in options:
        sys.path.insert(0, options["before"])
    from . import systems

    loading = time.time()
    X, y, X_test = data(options)
    loading = time.time() - loading
    forget_peak()
    names = (field.name for field in fields(systems.Case))
    given = {name: options[name] for name in names if name in options}
    system = systems.SYSTEMS[options["system"]](systems.Case(X, y, **given))
    born = options["born"]
    ready = {"start": time.time() - born - loading, "blas": blas()}
    write(ready)
    turns = Turns(read, write)
    if turns.wait():
        system.train(turns)
    while "predict" in (order := read()):
        rows = X_test[: order["predict"]]
        write({"seconds": seconds_to_predict(system.predict, rows)})


if __name__ == "__main__":
    main()
