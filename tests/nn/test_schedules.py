"""Schedules: the rates are PyTorch's (data/pytorch.json), and are gone on from."""

import json
import math
from pathlib import Path

import pytest
from interrupts import everywhere

import nn
from autograd_lite import Value
from nn import SGD, Adam, CosineAnnealingLR, ExponentialLR, LambdaLR, StepLR

CASES = json.loads((Path(__file__).parent.parent / "data" / "pytorch.json").read_text(encoding="utf-8"))["schedules"]
# those of record_pytorch.py
LAMBDAS = {"halved": lambda t: 0.5**t, "warm-up": lambda t: min(1.0, (t + 1) / 5), "later": lambda t: 1 / (1 + 0.1 * t)}
# the same formulas of floats, of another library's cosine
CLOSE = dict(rel=1e-14, abs=1e-17)


def made(name):
    """The optimizer of a case, and its schedules."""
    case = CASES[name]
    optimizer = SGD([{"params": [Value(1.0)], "lr": lr} for lr in case["lrs"]])
    schedules = []
    for kind, options in case["schedules"]:
        named = options.get("lr_lambda")
        functions = {"lr_lambda": [LAMBDAS[name] for name in named] if isinstance(named, list) else LAMBDAS.get(named)}
        schedules.append(getattr(nn, kind)(optimizer, **(options | (functions if named else {}))))
    return optimizer, schedules


@pytest.mark.parametrize("name", CASES)
def test_rates_are_those_of_pytorch(name):
    optimizer, schedules = made(name)
    for t, rates in enumerate(CASES[name]["rates"]):
        assert [group.lr for group in optimizer.param_groups] == pytest.approx(rates, **CLOSE), t
        optimizer.step()
        for schedule in schedules:
            schedule.step()
    assert all(schedule.last_epoch == len(CASES[name]["rates"]) for schedule in schedules)
    assert schedules[0].get_last_lr() == [group.lr for group in optimizer.param_groups]


@pytest.mark.parametrize("name", CASES)
def test_a_schedule_goes_on_from_a_state_as_if_it_were_its_own(name):
    """Through JSON, with the state of its optimizer, which has the rates."""
    optimizer, schedules = made(name)
    for _ in range(7):
        for schedule in schedules:
            schedule.step()
    other, others = made(name)
    other.load_state_dict(json.loads(json.dumps(optimizer.state_dict())))
    for schedule, its in zip(others, schedules):
        schedule.load_state_dict(json.loads(json.dumps(its.state_dict())))
    for rates in CASES[name]["rates"][7:]:
        assert [group.lr for group in other.param_groups] == pytest.approx(rates, **CLOSE)
        for schedule in others:
            schedule.step()


def test_a_state_is_a_copy():
    _, (schedule,) = made("step")
    schedule.state_dict()["base_lrs"][0] = 7.0
    state = schedule.state_dict()
    schedule.load_state_dict(state)
    state["base_lrs"][0] = 7.0
    assert schedule.state_dict() == {"last_epoch": 0, "base_lrs": [0.1], "step_size": 3, "gamma": 0.1}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"last_epoch": -1}, "last_epoch must be a whole number"),
        ({"base_lrs": [0.1, 0.2]}, "base_lrs must be a list of 1 finite numbers"),
        ({"step_size": 0}, "step_size must be a whole number of at least 1"),
        ({"gamma": math.nan}, "gamma must be a finite number of at least 0"),
        ({"typo": 1}, "unexpected 'typo'"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changed(change, message):
    _, (schedule,) = made("step")
    before = schedule.state_dict()
    with pytest.raises(ValueError, match=f"this state does not fit this StepLR: {message}"):
        schedule.load_state_dict({**before, "gamma": 0.7, **change})
    for state in (None, 5, {name: entry for name, entry in before.items() if name != "gamma"}):
        with pytest.raises(ValueError, match=r"this state does not fit this StepLR: (it must be a dict|missing 'gamma')"):
            schedule.load_state_dict(state)
    assert schedule.state_dict() == before


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda o: StepLR(o, 0), "step_size must be a whole number of at least 1, got 0"),
        (lambda o: StepLR(o, 2.5), "step_size must be a whole number"),
        (lambda o: StepLR(o, 2, gamma=-1), "gamma must be a finite number of at least 0, got -1"),
        (lambda o: ExponentialLR(o, math.inf), "gamma must be a finite number of at least 0, got inf"),
        (lambda o: CosineAnnealingLR(o, 0), "T_max must be a whole number of at least 1, got 0"),
        (lambda o: CosineAnnealingLR(o, 5, eta_min=-0.1), "eta_min must be a finite number of at least 0, got -0.1"),
        (lambda o: LambdaLR(o, [abs, abs]), "LambdaLR needs a function, or one for each of 1 groups"),
        (lambda o: LambdaLR(o, 0.5), "LambdaLR needs a function, or one for each of 1 groups, got 0.5"),
        (lambda o: LambdaLR(o, lambda t: t - 1), "the rate that LambdaLR sets for step 0 must be a finite number .*, got -0.1"),
    ],
)
def test_what_does_not_fit(make, message):
    optimizer = SGD([Value(1.0)], lr=0.1)
    with pytest.raises(ValueError, match=message):
        make(optimizer)
    assert optimizer.lr == 0.1


def test_a_schedule_needs_an_optimizer():
    with pytest.raises(TypeError, match=r"StepLR needs an optimizer, such as SGD\(model.parameters\(\)\), got \[Value"):
        StepLR([Value(1.0)], 3)


def test_a_rate_that_is_none_is_refused_and_nothing_changed():
    optimizer = SGD([{"params": [Value(1.0)]}, {"params": [Value(1.0)]}], lr=0.1)
    schedule = LambdaLR(optimizer, [lambda t: 1 + t, lambda t: 1.0 if t < 2 else math.nan])
    schedule.step()
    before = schedule.state_dict(), optimizer.state_dict()
    with pytest.raises(ValueError, match="the rate that LambdaLR sets for step 2 must be a finite number of at least 0, got nan"):
        schedule.step()
    assert (schedule.state_dict(), optimizer.state_dict()) == before
    optimizer.add_param_group({"params": [Value(1.0)]})
    with pytest.raises(ValueError, match="the optimizer has got another group since: make the schedule again"):
        schedule.step()


def test_a_step_of_the_optimizer_and_its_schedule_is_whole_whenever_it_is_interrupted():
    def prepare():
        optimizer = Adam([{"params": [Value(1.0)], "lr": 0.5}, {"params": [Value(2.0)]}], lr=0.1)
        for p in optimizer.params:
            p.grad = 0.25
        return optimizer, ExponentialLR(optimizer, 0.5)

    def run(both):
        both[0].step(*both[1].next_changes())

    def everything(both):
        optimizer, schedule = both
        return [p.data for p in optimizer.params], optimizer.state_dict(), schedule.state_dict()

    done = prepare()
    states = [everything(done)]
    run(done)
    states.append(everything(done))
    found = [states.index(everything(both)) for both in everywhere(prepare, run, ["optim.py", "schedules.py", "value.py"], 3)]
    assert len(found) > 100 and found == sorted(found) and found[-1] == 1
