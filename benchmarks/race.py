"""Living processes that take turns, epoch by epoch: A B C ... C B A.

Each system trains in a process of its own and waits while the others have
their turn, so that slow drifts of the machine touch all of them. A ratio
is taken round by round, between neighbours in time.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TURN = 0.25  # seconds: shorter epochs are run several at a time
FOREIGN = 0.12  # share of a processor that others may have during a turn
THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "NPROC",  # JAX
)


def environment(threads):
    """The environment of a worker: nothing set for OpenBLAS alone."""
    env = {k: v for k, v in os.environ.items() if "OPENBLAS" not in k}
    env |= dict.fromkeys(THREADS, str(threads))
    env |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    if threads == 1:
        env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    path = [str(ROOT), *filter(None, [env.get("PYTHONPATH")])]
    return env | {"PYTHONPATH": os.pathsep.join(path)}


class Worker:
    """A process that trains one system when it is told to."""

    def __init__(self, options, log):
        options = options | {"born": time.time()}
        self.name = options["system"]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "benchmarks.worker",
                json.dumps(options),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment(options["threads"]),
        )
        self.ready = self.read()

    def read(self):
        """The next answer."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(
                f"the benchmark's process for {self.name} ended; "
                f"what it said is in {log_path()}"
            )
        return json.loads(line)

    def ask(self, **order):
        """Give an order and wait for the answer."""
        print(json.dumps(order), file=self.process.stdin, flush=True)
        return self.read()

    def tell(self, **order):
        """Give an order that has no answer."""
        print(json.dumps(order), file=self.process.stdin, flush=True)

    def close(self):
        """End the process."""
        self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def log_path():
    """Where the messages of the workers go."""
    folder = ROOT / "runs"
    folder.mkdir(exist_ok=True)
    return folder / "benchmark.log"


def busy():
    """Seconds that the machine's processors have worked, None unknown."""
    try:
        with open("/proc/stat") as file:
            ticks = [int(n) for n in file.readline().split()[1:]]
    except OSError:
        return None
    worked = sum(ticks[:3]) + sum(ticks[5:8])
    return worked / os.sysconf("SC_CLK_TCK")


class Patience:
    """How long, in all, the race may wait and repeat for quiet turns."""

    def __init__(self, seconds):
        self.left, self.noisy, self.turns = seconds, 0, 0

    def wait(self, limit=5.0):
        """Wait until nobody else works, ``limit`` seconds at most."""
        start = time.time()
        while busy() is not None and time.time() - start < min(
            limit, self.left
        ):
            before = busy()
            time.sleep(0.1)
            if busy() - before < 0.025:
                break
        self.left -= time.time() - start

    def measured(self, turn):
        """The result of ``turn()``, again while others disturb it."""
        self.turns += 1
        for _ in range(4):
            self.wait()
            before, start = busy(), time.time()
            result = turn()
            if before is None:
                return result
            wall = time.time() - start
            foreign = busy() - before - result.get("cpu", wall)
            if foreign < FOREIGN * max(wall, 0.03):
                return result
            self.left -= wall
            if self.left <= 0:
                break
        self.noisy += 1
        return result


def spread(values):
    """Median, least and largest, with four significant digits."""
    values = [*values]
    found = statistics.median(values), min(values), max(values)
    names = ("median", "min", "max")
    return dict(zip(names, (digits(v) for v in found), strict=True))


def digits(value):
    """The number with four significant digits."""
    return float(f"{value:.4g}")


def ratios(report, a, b):
    """The spread of time(a) / time(b), taken round by round."""
    pairs = zip(
        report["systems"][a]["seconds"],
        report["systems"][b]["seconds"],
        strict=True,
    )
    return spread(x / y for x, y in pairs)


def race(options, names, rounds, patience, *, predictions=0, say=print):
    """Race the systems ``names``; return what was measured."""
    with open(log_path(), "a") as log:
        workers = [
            Worker(options | {"system": name}, log) for name in names
        ]
        try:
            return run(workers, options, rounds, patience, predictions, say)
        finally:
            for worker in workers:
                worker.close()


def run(workers, options, rounds, patience, predictions, say):
    """The rounds of a race between processes that are ready."""
    report = {**options, "rounds": rounds, "systems": {}}
    many = {}
    for worker in workers:
        first = worker.ask(epochs=1)["seconds"]
        second = worker.ask(epochs=1)["seconds"]
        many[worker.name] = max(1, int(TURN / second))
        report["systems"][worker.name] = {
            "start": digits(worker.ready["start"]),
            "first_epoch": digits(first),
            "blas": worker.ready["blas"],
            "seconds": [],
        }
    for i in range(rounds):
        for worker in workers[:: -1 if i % 2 else 1]:
            n = many[worker.name]
            turn = patience.measured(lambda w=worker, n=n: w.ask(epochs=n))
            found = report["systems"][worker.name]
            found["seconds"].append(digits(turn["seconds"] / n))
            found["peak"] = round(turn["peak"])
    for worker in workers:
        worker.tell(epochs=0)
    for rows in (1, 10_000) if predictions else ():
        for i in range(predictions):
            for worker in workers[:: -1 if i % 2 else 1]:
                if worker.name == "floor":
                    continue
                turn = patience.measured(
                    lambda w=worker, rows=rows: w.ask(predict=rows)
                )
                found = report["systems"][worker.name]
                found.setdefault(f"predict_{rows}", []).append(
                    digits(turn["seconds"])
                )
    for worker in workers:
        medians = spread(report["systems"][worker.name]["seconds"])
        say(
            f"  {worker.name:12} {1e3 * medians['median']:9.1f} ms an epoch"
        )
    return report
