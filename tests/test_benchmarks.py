"""The benchmarks measure the work that they name: every run is checked, and what cannot run is reported."""

import math
import os
import subprocess
import sys

import pytest
from benchmarks import __main__ as benchmarks
from benchmarks import gpt
from benchmarks.workloads import WORKLOADS, check

import nn

# one of each kind of implementation that is quick and needs nothing but this project
QUICK = [
    ("deep4", "eager"),
    ("chain", "eager"),
    ("chain", "Python by hand"),
    ("mazur", "python, repeat"),
    ("rnn", "eager, linear"),
    ("rnn", "eager"),
    ("lstm", "eager, linear"),
    ("moons", "eager, linear"),
    ("gpt", "eager, linear"),
    ("gpt", "a scalar GPT's engine"),
    ("gpt", "c, any length"),
    ("gpt", "C by hand"),
]


@pytest.mark.parametrize(("workload", "peer"), QUICK)
def test_a_workload_gives_its_check_values(workload, peer):
    check(workload, benchmarks.PEERS[peer][1](workload)())


def test_ten_steps_of_adam_on_the_gpt_give_its_loss():
    model, tokens, targets = gpt.ours()
    parameters = model.parameters()
    step = model.compile(gpt.MEAN, (tokens, targets))
    optimizer = nn.Adam(parameters, 0.01, betas=(0.85, 0.99), eps=1e-8)
    losses = []
    for number in range(11):
        loss, gradient = step(tokens, targets)
        losses.append(loss)
        if not number:
            assert math.hypot(*gradient) == pytest.approx(2.076506776773708, rel=1e-12)
            assert sum(gradient) == pytest.approx(2.8031601357439015, rel=1e-12)
        for p, derivative in zip(parameters, gradient):
            p.grad = derivative
        optimizer.step()
    assert losses[-1] == pytest.approx(0.24516496292890536, rel=1e-9)


def test_another_value_is_no_result():
    x, *others = WORKLOADS["chain"].checks
    check("chain", (x, *others))
    with pytest.raises(ValueError, match="the check values are"):
        check("chain", (x * (1 + 1e-8), *others))


def test_every_peer_runs_workloads_that_there_are():
    assert all(workloads <= WORKLOADS.keys() for workloads, _ in benchmarks.PEERS.values())


def test_the_command_prints_figures_and_what_cannot_run(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here')")
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks",
        "--quick",
        "--only",
        "deep4",
        "--peers",
        "micrograd",
        "PyTorch scalars",
        "eager",
    ]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=benchmarks.ROOT, env=environment, timeout=600)
    assert done.returncode == 0, done.stderr
    head, _, micrograd, torch, eager = done.stdout.splitlines()[1:]
    assert head.split()[:4] == ["workload", "peer", "unit", "on"]
    assert "RecursionError" in micrograd and "no torch here" in torch
    figures = eager.split("eager")[1].split()
    assert figures[0] == "ns/node" and float(figures[1].replace(",", "")) > 0
