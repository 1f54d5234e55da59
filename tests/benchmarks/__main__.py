"""One table: six workloads on autograd_lite and its peers, each with its check values, in one run.

    python -m tests.benchmarks                          (all: about a quarter of an hour)
    python -m tests.benchmarks --quick --only moons rnn --peers micrograd eager python c

The peers are the extra `benchmark`; one that is missing is named and left out. Every workload runs on every peer in a fresh
process of one thread, the peers in turn, round after round. A figure is the median over the rounds of the median run.

on, off         the time of the unit, with the garbage collector on (as Python has it) and off
x micrograd     how many times faster than micrograd, or a scalar GPT's own engine, collector on and off
/ peer          the time over that of the fastest peer that is a library; / C, over that of C by hand
ready           seconds until the first run can start: of our programs, to record the graph and its gradient, to write the
                source, and for the compiler, processor seconds of its own; nothing is compiled before
first           seconds of the first run
MB ready        what all this adds to the process at its peak
memory          what the first run adds to the process at its peak: bytes a node, in the scalar engines, else MB
growth          what the runs after the first add to the process, MB
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from autograd_lite import Program

from . import arrays, by_hand, compiled, gpt, scalars
from .workloads import WORKLOADS, check

SCALAR = {"chain", "deep3", "deep4", "deep5", "deep6"}
TRAINED = {"moons", "mazur", "rnn", "lstm"}
Maker = Callable[[str], scalars.Run]

# By name: the workloads that it runs, and what makes one ready to run
PEERS: dict[str, tuple[set[str], Maker]] = {
    "micrograd": (SCALAR | {"moons", "mazur"}, lambda name: scalars.on(scalars.micrograd(), name)),
    "micrograd, recursion unlimited": (
        {*WORKLOADS} - {"deep3", "moons", "mazur", "gpt"},
        lambda name: scalars.unlimited(scalars.on(scalars.micrograd(), name)),
    ),
    "PyTorch scalars": (SCALAR, scalars.torch_scalars),
    "PyTorch": (TRAINED, arrays.torch),
    "HIPS autograd scalars": (SCALAR - {"deep6"}, scalars.hips_scalars),
    "HIPS autograd": (TRAINED, arrays.hips),
    "JAX jit": (TRAINED | {"chain"}, arrays.jax),
    "JAX scan": (TRAINED, partial(arrays.jax, whole=True)),
    "Python by hand": ({"chain", "mazur"}, by_hand.in_python),
    "C by hand": (TRAINED | {"chain"}, by_hand.in_c),
    "eager": ({*WORKLOADS} - {"gpt"}, lambda name: scalars.on(scalars.eager(), name)),
    "eager, linear": (TRAINED, lambda name: scalars.on(scalars.eager(linear=True), name)),
    **compiled.PEERS,
}
for peer, make in gpt.PEERS.items():
    others, make_others = PEERS.get(peer, (set(), make))
    PEERS[peer] = others | {"gpt"}, lambda name, make=make, others=make_others: (make if name == "gpt" else others)(name)
ROOT = Path(__file__).parent.parent.parent
LIBRARIES = ("micrograd", "PyTorch", "HIPS", "JAX")


def resident(field: str) -> float:
    """The process's memory now (VmRSS) or at its peak (VmHWM), in bytes; nan where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith(field))


def made(maker: Maker, workload: str) -> dict[str, Any]:
    """The run, and how long it took to make: in all, and for our programs in its phases."""
    whole = Program.__init__
    spent = [0.0]

    def timed(*arguments: Any) -> None:
        begun = time.perf_counter()
        whole(*arguments)
        spent[0] += time.perf_counter() - begun

    before, begun = resident("VmRSS"), time.perf_counter()
    with mock.patch.object(Program, "__init__", timed):
        run = maker(workload)
    ready = time.perf_counter() - begun
    times = os.times()
    compiler = times.children_user + times.children_system
    phases = (ready - spent[0], spent[0] - compiler, compiler) if spent[0] else (math.nan,) * 3
    return {"run": run, "ready": ready, **dict(zip(PHASES, phases)), "made": resident("VmHWM") - before}


PHASES = ("record", "write", "compile")


def measure(workload: str, peer: str, seconds: float) -> dict[str, float]:
    """In this process: how long it takes to be ready, the median of runs, what the memory does."""
    found = made(PEERS[peer][1], workload)
    run = found.pop("run")
    gc.collect()
    before = resident("VmRSS")
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    except OSError:
        before = float("nan")
    begun = time.perf_counter()
    check(workload, run())
    first = time.perf_counter() - begun
    peak = resident("VmHWM") - before
    gc.collect()
    after_first = resident("VmRSS")
    found |= {"first": first, "peak": peak}
    for name in ("on", "off"):
        times: list[float] = []
        gc.collect()
        end = time.perf_counter() + seconds
        while not times or time.perf_counter() + times[-1] < end:
            if times and times[-1] > 0.01:  # what a short run leaves does not matter, and a collection would
                gc.collect()
            (gc.enable if name == "on" else gc.disable)()
            begun = time.perf_counter()
            values = run()
            times.append(time.perf_counter() - begun)
            gc.enable()
            check(workload, values)
        found[name] = statistics.median(times)
    gc.collect()
    return {**found, "growth": resident("VmRSS") - after_first}


def in_fresh_process(workload: str, peer: str, seconds: float) -> dict[str, float] | str:
    """The measurements, or what went wrong in a few words."""
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "XLA_FLAGS": flags}
    command = [sys.executable, "-m", "tests.benchmarks", "--measure", workload, peer, str(seconds)]
    with tempfile.TemporaryDirectory() as cache:  # no program is there before
        environment = os.environ | one_thread | {"XDG_CACHE_HOME": cache}
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, cwd=ROOT)
        except subprocess.TimeoutExpired:
            return "more than 900 s"
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"died: {done.returncode}"]
        return lines[-1][:80]
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def rows(workload: str, peers: list[str], rounds: int, seconds: float) -> list[tuple[str, dict[str, float] | str]]:
    """For each peer the medians over the rounds, or why there are none."""
    results: dict[str, Any] = {peer: [] for peer in peers}
    for number in range(rounds):
        for peer in peers:
            if isinstance(results[peer], list):
                if sys.stderr.isatty():
                    print(f"{workload}, round {number + 1} of {rounds}: {peer}", end="\033[K\r", file=sys.stderr)
                found = in_fresh_process(workload, peer, seconds)
                results[peer] = found if isinstance(found, str) else [*results[peer], found]
    if sys.stderr.isatty():
        print(end="\033[K", file=sys.stderr)
    return [
        (peer, found if isinstance(found, str) else {key: statistics.median([one[key] for one in found]) for key in found[0]})
        for peer, found in results.items()
    ]


def number(x: float | None, width: int, unit: str = "") -> str:
    if x is None or x != x:
        return f"{'-':>{width}}"
    text = f"{x:,.0f}" if abs(x) >= 99.5 else f"{x:.3g}"
    return f"{text + unit:>{width}}"


def table(workload: str, found: list[tuple[str, dict[str, float] | str]]) -> str:
    """The lines of a workload."""
    work = WORKLOADS[workload]
    good = {peer: result for peer, result in found if not isinstance(result, str)}
    micrograd = next((result for peer, result in good.items() if peer.startswith(("micrograd", "a scalar GPT"))), None)
    fastest = min((result["on"] for peer, result in good.items() if peer.startswith(LIBRARIES)), default=None)
    by_hand = good["C by hand"]["on"] if "C by hand" in good else None
    lines = [""]
    for peer, result in found:
        if isinstance(result, str):
            lines.append(f"{work.title:<24}{peer:<32}{result}")
            continue
        on, off = result["on"], result["off"]
        figures = [number(x * work.scale / work.count, 10) for x in (on, off)]
        figures += [number(micrograd and micrograd[key] / result[key], 10, "x") for key in ("on", "off")]
        figures += [number(reference and on / reference, 9, "x") for reference in (fastest, by_hand)]
        scalar = work.nodes >= 1000 and (peer.startswith(("micrograd", "eager")) or "scalars" in peer)
        memory = number(result["peak"] / work.nodes, 10, " B") if scalar else number(result["peak"] / 1e6, 10, " MB")
        figures += [number(result[key], 9) for key in ("ready", *PHASES, "first")]
        figures += [number(result["made"] / 1e6, 9), memory, number(result["growth"] / 1e6, 8)]
        lines.append(f"{work.title:<24}{peer:<32}{work.unit:<8}{''.join(figures)}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=[*WORKLOADS], metavar="W", help=f"{', '.join(WORKLOADS)}")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=[*PEERS], metavar="P", help=f"of {'; '.join(PEERS)}")
    parser.add_argument("--rounds", type=int, default=3, help="how often every peer runs, in turn (3)")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long a peer repeats a run (1)")
    parser.add_argument("--quick", action="store_true", help="one round, one run each")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        workload, peer, seconds = options.measure
        print(json.dumps(measure(workload, peer, float(seconds))))
        return
    rounds, seconds = (1, 0.0) if options.quick else (options.rounds, options.seconds)
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    heads = ["on", "off", "x m.on", "x m.off", "/ peer", "/ C", "ready s", *PHASES, "first", "MB ready", "memory", "growth"]
    widths = [10, 10, 10, 10, 9, 9, 9, 9, 9, 9, 9, 9, 10, 8]
    print(f"{'workload':<24}{'peer':<32}{'unit':<8}{''.join(f'{head:>{width}}' for head, width in zip(heads, widths))}")
    everything = {}
    for workload in options.only:
        peers = [peer for peer in options.peers if workload in PEERS[peer][0]]
        everything[workload] = dict(rows(workload, peers, rounds, seconds))
        print(table(workload, list(everything[workload].items())), flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
