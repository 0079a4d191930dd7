"""Long-lived processes that take turns, epoch by epoch: A B C ... C B A.

Each system trains in a process of its own and waits while the others have
their turn, so that slow drifts of the machine touch all of them. A ratio
is taken round by round, between neighbours in time.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from .tables import significant, spread

ROOT = Path(__file__).resolve().parents[1]
TURN = 0.25  # seconds: shorter epochs are run several at a time
OTHER_CPU = 0.12  # fraction of a processor that others may use in a turn
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
    """A process that trains one system on request."""

    def __init__(self, options, messages):
        options = options | {"born": time.time()}
        self.name = options["system"]
        command = ["-P", "-m", "measure.worker", json.dumps(options)]
        self.process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
            env=environment(options["threads"]),
        )
        self.ready = self.read()

    def read(self):
        """The next answer."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(
                f"the process of {self.name} ended; its messages are in "
                f"{messages_path()}"
            )
        return json.loads(line)

    def ask(self, **order):
        """Give an order and wait for the answer."""
        self.tell(**order)
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


def messages_path():
    """Where the messages of the workers go."""
    folder = ROOT / "runs"
    folder.mkdir(exist_ok=True)
    return folder / "race.log"


def busy():
    """Seconds that the machine's processors have worked, None unknown."""
    try:
        with open("/proc/stat") as file:
            ticks = [int(n) for n in file.readline().split()[1:]]
    except OSError:
        return None
    worked = sum(ticks[:3]) + sum(ticks[5:8])
    return worked / os.sysconf("SC_CLK_TCK")


class Budget:
    """Seconds that the race may wait, in all, for quiet turns."""

    def __init__(self, seconds):
        self.left, self.disturbed, self.turns = seconds, 0, 0

    def wait(self, limit=5.0):
        """Wait until no other program works, ``limit`` seconds at most."""
        start = time.time()
        while busy() is not None and time.time() - start < min(
            limit, self.left
        ):
            before = busy()
            time.sleep(0.1)
            if busy() - before < 0.025:
                break
        self.left -= time.time() - start

    def until_quiet(self, turn):
        """The result of ``turn()``, again while others disturb it."""
        self.turns += 1
        for _ in range(4):
            self.wait()
            before, start = busy(), time.time()
            result = turn()
            if before is None:
                return result
            wall = time.time() - start
            others = busy() - before - result.get("cpu", wall)
            if others < OTHER_CPU * max(wall, 0.03):
                return result
            self.left -= wall
            if self.left <= 0:
                break
        self.disturbed += 1
        return result


def race(options, systems, rounds, budget, *, predictions=0, log=print):
    """Race the ``systems``; return the measurements.

    ``options`` say what is trained; ``systems`` maps names to options of
    each system's own.
    """
    with open(messages_path(), "a") as messages:
        workers = [
            Worker(options | own | {"system": name}, messages)
            for name, own in systems.items()
        ]
        try:
            return run(workers, options, rounds, budget, predictions, log)
        finally:
            for worker in workers:
                worker.close()


def run(workers, options, rounds, budget, predictions, log):
    """The rounds of a race between processes that are ready."""
    report = {**options, "rounds": rounds, "systems": {}}
    many = {}
    for worker in workers:
        first = worker.ask(epochs=1)["seconds"]
        second = worker.ask(epochs=1)["seconds"]
        many[worker.name] = max(1, int(TURN / second))
        report["systems"][worker.name] = {
            "start": significant(worker.ready["start"]),
            "first_epoch": significant(first),
            "blas": worker.ready["blas"],
            "seconds": [],
        }

    for i in range(rounds):
        for worker in workers[:: -1 if i % 2 else 1]:
            n = many[worker.name]
            turn = budget.until_quiet(lambda w=worker, n=n: w.ask(epochs=n))
            found = report["systems"][worker.name]
            found["seconds"].append(significant(turn["seconds"] / n))
            found["peak"] = round(turn["peak"])
    for worker in workers:
        worker.tell(epochs=0)
    workers = [w for w in workers if w.name != "floor"]
    for rows in (1, 10_000) if predictions else ():
        for i in range(predictions):
            for worker in workers[:: -1 if i % 2 else 1]:
                turn = budget.until_quiet(
                    lambda w=worker, n=rows: w.ask(predict=n)
                )
                found = report["systems"][worker.name]
                found.setdefault(f"predict_{rows}", []).append(
                    significant(turn["seconds"])
                )
    for name, found in report["systems"].items():
        median = spread(found["seconds"])["median"]
        log(f"  {name:12} {1e3 * median:9.1f} ms an epoch")
    return report
