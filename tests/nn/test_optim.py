"""Optimizers: step by step equal to PyTorch's (data/pytorch.json), and all or nothing."""

import json
import math
import random
from fractions import Fraction
from pathlib import Path

import pytest
from interrupts import everywhere

from autograd_lite import Value, tanh
from nn import SGD, Adam, AdamW, Optimizer, RMSprop, StepLR, clip_grad_norm_, clip_grad_value_, optim
from nn.compiled import fastest_dialect

RECORD = json.loads((Path(__file__).parent.parent / "data" / "pytorch.json").read_text(encoding="utf-8"))
CASES = RECORD["optimizers"]
OPTIMIZERS = {kind.__name__: kind for kind in (SGD, RMSprop, Adam, AdamW)}
# Both round each operation, in another order (and PyTorch's tanh is another): a few of 1.1e-16 in each step, of numbers of
# size 1, on the gradients more, by the slopes of the valley (up to 50), and all of it is carried along for ten steps
STEP, RUN, RUN_GRADS = dict(rel=1e-15, abs=1e-15), dict(rel=1e-14, abs=1e-14), dict(rel=1e-14, abs=1e-13)


def valley(a, b, c, d):
    """The function of record_pytorch.py."""
    return (1 - a) ** 2 + 3 * (b - a * a) ** 2 + b * tanh(a * c - d) + 0.1 * c * c + 0.2 * d * d


def case_of(name):
    case = CASES[name]
    params = [Value(number) for number in case["params"][0]]
    groups = [{"params": [params[k] for k in places], **own} for places, own in case.get("groups", [])]
    return params, OPTIMIZERS[case["optimizer"]](groups or params, **case["options"]), case


def data(params):
    return [p.data for p in params]


@pytest.mark.parametrize("name", CASES)
def test_each_step_is_that_of_pytorch_from_its_gradients(name):
    params, optimizer, case = case_of(name)
    for step, (grads, after) in enumerate(zip(case["grads"], case["params"][1:], strict=True)):
        if step == RECORD["slower_after"]:
            optimizer.param_groups[0]["lr"] /= 4
        for p, grad, before in zip(params, grads, case["params"][step]):
            p.data, p.grad = before, grad
        optimizer.step()
        assert data(params) == pytest.approx(after, **STEP), step


@pytest.mark.parametrize("name", CASES)
def test_trajectory_is_that_of_pytorch(name):
    params, optimizer, case = case_of(name)
    assert len(case["grads"]) >= 8
    for step, (grads, after) in enumerate(zip(case["grads"], case["params"][1:], strict=True)):
        if step == RECORD["slower_after"]:
            optimizer.param_groups[0].lr /= 4
        optimizer.zero_grad()
        valley(*params).backward()
        assert [p.grad for p in params] == pytest.approx(grads, **RUN_GRADS), step
        optimizer.step()
        assert data(params) == pytest.approx(after, **RUN), step


def test_the_recorded_cases_differ():
    """So that an option that is ignored is found: every end is another one."""
    ends = [tuple(round(number, 6) for number in case["params"][-1]) for case in CASES.values()]
    assert len(set(ends)) == len(ends)


@pytest.mark.parametrize(
    "kind, defaults",
    [
        (SGD, dict(lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False)),
        (RMSprop, dict(lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0, centered=False, maximize=False)),
        (Adam, dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False, maximize=False)),
        (AdamW, dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, maximize=False)),
    ],
)
def test_defaults_are_those_of_pytorch(kind, defaults):
    optimizer = kind([Value(1.0)])
    assert {name: getattr(optimizer, name) for name in defaults} == defaults


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_zero_grad_and_a_step_without_gradient(kind):
    p = Value(2.0)
    p.grad = 3.0
    optimizer = kind([p], **({"weight_decay": 0.0} if kind is AdamW else {}))
    optimizer.zero_grad()
    assert p.grad == 0.0
    optimizer.step()
    assert p.data == 2.0


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_parameters_may_come_from_an_iterator(kind):
    params = [Value(1.0), Value(2.0)]
    optimizer = kind(iter(params), lr=0.1)
    params[0].grad = params[1].grad = 1.0
    optimizer.step()
    assert params[0].data < 1.0 and params[1].data < 2.0


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None, "1.0", 1j])
def test_a_step_on_a_bad_gradient_changes_nothing(kind, bad):
    """Not the parameters before it, and no state: the next step is as if the failed one had not been."""

    def optimizer_after_one_step():
        params = [Value(1.0, "a"), Value(2.0, "b")]
        params[0].grad, params[1].grad = 0.3, -0.7
        optimizer = kind(params, lr=0.1, **({"momentum": 0.9} if kind is SGD else {}))
        optimizer.step()
        return params, optimizer

    params, optimizer = optimizer_after_one_step()
    before = data(params)
    params[1].grad = bad
    with pytest.raises(ValueError, match=r"grad of Value\(.*label='b'\) is not a finite number: no parameter has been changed"):
        optimizer.step()
    assert data(params) == before
    params[1].grad = -0.7
    optimizer.step()
    again, undisturbed = optimizer_after_one_step()
    undisturbed.step()
    assert data(params) == data(again)


@pytest.mark.parametrize("kind", [RMSprop, Adam, AdamW])
def test_a_step_that_divides_by_zero_changes_no_state(kind):
    """eps = 0 and a grad of 0 leave 0 / 0; the next step is then still a first one."""
    params = [Value(1.0), Value(2.0)]
    optimizer = kind(params, lr=0.1, eps=0.0)
    params[0].grad = 1.0
    with pytest.raises((ValueError, ZeroDivisionError)):
        optimizer.step()
    assert data(params) == [1.0, 2.0]
    params[1].grad = 1.0
    optimizer.step()
    again = [Value(1.0), Value(2.0)]
    again[0].grad = again[1].grad = 1.0
    kind(again, lr=0.1, eps=0.0).step()
    assert data(params) == data(again)


@pytest.mark.parametrize("alpha, grad", [(0.5, 1.7), (0.99, 0.1)])
def test_centered_rmsprop_takes_a_constant_gradient(alpha, grad):
    """The mean square less the squared mean goes to 0, and by rounding may be just below it: no square root of that."""
    p = Value(1.0)
    optimizer = RMSprop([p], alpha=alpha, centered=True)
    p.grad = grad
    for _ in range(5000):
        optimizer.step()
    assert math.isfinite(p.data)


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
@pytest.mark.parametrize(
    "params, message",
    [
        (lambda p: [], "{} got no parameters"),
        (lambda p: [p, Value(0.0), p], "{} got a parameter twice"),
        (lambda p: [p, 2 * p], r"{} needs leaves as parameters, but number 1 is Value\(data=2.0, .*op='mul'\)"),
    ],
    ids=["none", "twice", "interior"],
)
def test_parameters_that_do_not_fit(kind, params, message):
    with pytest.raises(ValueError, match=message.format(kind.__name__)):
        kind(params(Value(1.0)))


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
@pytest.mark.parametrize(
    "params, message",
    [([1.0], "{} needs Values as parameters, but number 0 is 1.0"), (Value(1.0), "{} needs a list of parameters")],
)
def test_parameters_of_another_kind(kind, params, message):
    with pytest.raises(TypeError, match=message.format(kind.__name__)):
        kind(params)


def test_a_step_to_infinity_changes_nothing():
    params = [Value(1.0), Value(2.0)]
    optimizer = SGD(params, lr=1e10, momentum=0.5)
    params[0].grad, params[1].grad = 1e-10, 1e300
    with pytest.raises(ValueError, match=r"SGD cannot make this step, no parameter has been changed: .*would become -inf"):
        optimizer.step()
    assert data(params) == [1.0, 2.0]
    params[1].grad = 1e-10
    optimizer.step()
    assert data(params) == [0.0, 1.0]


@pytest.mark.parametrize("lr", [Fraction(1, 2), 1, 0.25])
def test_the_rate_and_the_grads_may_be_any_real_number(lr):
    p = Value(1.0)
    p.grad = Fraction(1, 2)
    SGD([p], lr=lr).step()
    assert p.data == 1.0 - float(lr) / 2 and type(p.data) is float


NAMES = {
    SGD: ["lr", "momentum", "weight_decay"],
    RMSprop: ["lr", "alpha", "eps", "weight_decay", "momentum"],
    Adam: ["lr", "eps", "weight_decay"],
    AdamW: ["lr", "eps", "weight_decay"],
}


@pytest.mark.parametrize("kind, name", [(kind, name) for kind, names in NAMES.items() for name in names])
@pytest.mark.parametrize("number", [-0.1, math.nan, math.inf, "0.1", None])
def test_hyperparameters_are_finite_and_not_negative(kind, name, number):
    with pytest.raises(ValueError, match=f"{name} must be a finite number of at least 0, got {number!r}"):
        kind([Value(1.0)], **{name: number})


@pytest.mark.parametrize("kind", [Adam, AdamW])
@pytest.mark.parametrize("betas", [(1.0, 0.9), (0.9, 1.0), (-0.1, 0.9), (0.9, math.nan), (0.9,), (0.9, 0.9, 0.9)])
def test_betas_that_do_not_fit(kind, betas):
    with pytest.raises(ValueError, match=r"betas are two numbers of at least 0 and below 1, got \("):
        kind([Value(1.0)], betas=betas)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_needs_momentum_and_no_dampening(options):
    with pytest.raises(ValueError, match="nesterov needs a momentum above 0 and no dampening"):
        SGD([Value(1.0)], nesterov=True, **options)


def test_a_dampening_that_is_no_number_is_refused():
    with pytest.raises((TypeError, ValueError), match="dampening"):
        SGD([Value(1.0)], momentum=0.9, dampening=math.nan)


def test_mean_squares_need_an_alpha_of_at_most_1():
    with pytest.raises(ValueError, match=r"alpha must be a number from 0 to 1, got 1\.5"):
        RMSprop([Value(1.0)], alpha=1.5)


# The state -----------------------------------------------------------------------------------------------------------

OPTIONS = {
    SGD: dict(lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True),
    RMSprop: dict(lr=0.1, momentum=0.9, weight_decay=0.01, centered=True),
    Adam: dict(lr=0.1, weight_decay=0.01),
    AdamW: dict(lr=0.1, amsgrad=True, maximize=True),
}
GRADS = [0.3, -0.7]


def after_steps(kind, steps, **options):
    params = [Value(1.0, "a"), Value(2.0, "b")]
    optimizer = kind(params, **(OPTIONS[kind] | options))
    for step in range(steps):
        for p, grad in zip(params, GRADS):
            p.grad = grad * (step + 1)
        optimizer.step()
    return optimizer


def everything(optimizer):
    return data(optimizer.params), optimizer.state_dict()


@pytest.mark.parametrize("through", [dict, lambda state: json.loads(json.dumps(state))], ids=["dict", "JSON"])
@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_an_optimizer_goes_on_from_a_state_as_if_it_were_its_own(kind, steps, through):
    first = after_steps(kind, steps)
    second = after_steps(kind, 2, lr=0.5, weight_decay=0.0)
    second.load_state_dict(through(first.state_dict()))
    for p, number in zip(second.params, data(first.params)):
        p.data = number
    for optimizer in (first, second):
        for p, grad in zip(optimizer.params, GRADS):
            p.grad = grad
        optimizer.step()
    assert everything(first) == everything(second)


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_an_optimizers_state_is_a_copy(kind):
    optimizer = after_steps(kind, 2)
    before = json.dumps(optimizer.state_dict())
    for loaded in (False, True):
        state = optimizer.state_dict()
        lists = [entry for entry in state.values() if isinstance(entry, list)]
        assert lists
        if loaded:
            optimizer.load_state_dict(state)
        for entry in lists:
            entry[0] = 1e6
        assert json.dumps(optimizer.state_dict()) == before


NUMBERS = [-5, -1e-9, math.nan, math.inf, -math.inf, True, False, "0.1", None, [0.1], {}, 1j, 10**400, Fraction(10**400)]
LISTS = [[], [1.0], [1.0, 2.0, 3.0], 1.0, None, "ab", {}, {"0": 1.0, "1": 2.0}, [1.0, math.nan], [1.0, math.inf], [True, 1.0],
         ["1", "2"], [[1.0], [2.0]], [None, 1.0], [10**400, 1.0]]  # fmt: skip
FLAGS = [0, 1, 0.0, "true", "", None, [], [True]]
BAD = {
    "lr": NUMBERS, "momentum": NUMBERS, "dampening": [*NUMBERS, 0.5], "weight_decay": NUMBERS, "eps": NUMBERS,
    "alpha": [*NUMBERS, 1.5], "nesterov": FLAGS, "centered": FLAGS,
    "betas": [[], [0.9], [0.9, 0.9, 0.9], [2, 3], [0.9, 1.0], [-0.1, 0.9], [0.9, math.nan], [0.9, "0.9"], [True, 0.9], 0.5, None,
              "ab", {"0": 0.5, "1": 0.5}, [[0.9], 0.9]],
    "steps": [-1, 0.5, 1.0, True, "1", None, [1], math.nan, 2**53, 10**400],
    "means": LISTS, "squares": [*LISTS, [-1.0, 1.0], [1.0, -5e-324]], "largest": [*LISTS, [1.0, -1.0]], "velocity": LISTS[1:],
    "maximize": FLAGS, "amsgrad": FLAGS,
}  # fmt: skip


@pytest.mark.parametrize("kind, name", [(kind, name) for kind in OPTIMIZERS.values() for name in kind.kinds])
def test_a_state_that_cannot_be_gone_on_from_is_refused_and_nothing_changed(kind, name):
    optimizer = after_steps(kind, 2)
    before = everything(optimizer)
    for bad in BAD[name]:
        # whatever else is in it
        state = {**after_steps(kind, 1, lr=0.5).state_dict(), name: bad}
        with pytest.raises(ValueError, match=f"this state does not fit this {kind.__name__}: (.*{name}|nesterov needs)"):
            optimizer.load_state_dict(state)
        assert everything(optimizer) == before, bad


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_every_entry_of_a_state_is_needed_and_no_other_and_all_that_is_wrong_is_said(kind):
    optimizer = after_steps(kind, 2)
    before = everything(optimizer)
    for name in before[1]:
        state = {key: entry for key, entry in before[1].items() if key != name} | {"typo": 1, "lr": -1}
        message = r"unexpected 'typo'; lr must be a finite number of at least 0, got -1"
        with pytest.raises(ValueError, match=message if name == "lr" else f"missing '{name}'; {message}"):
            optimizer.load_state_dict(state)
    for state in (5, None, "lr", [1], [["lr", 0.1]], True):
        with pytest.raises(ValueError, match="must be a dict"):
            optimizer.load_state_dict(state)
    assert everything(optimizer) == before


@pytest.mark.parametrize("momentum, dampening", [(0.0, 0.0), (0.9, 0.1)])
def test_a_state_of_nesterov_needs_momentum_and_no_dampening(momentum, dampening):
    optimizer = after_steps(SGD, 1)
    with pytest.raises(ValueError, match="nesterov needs a momentum above 0 and no dampening"):
        optimizer.load_state_dict({**optimizer.state_dict(), "momentum": momentum, "dampening": dampening})


@pytest.mark.parametrize("kind", [RMSprop, Adam, AdamW])
def test_a_grad_whose_square_overflows_changes_nothing(kind):
    """The mean square would be infinite for good, and the parameter never move again."""
    optimizer = after_steps(kind, 1)
    before = everything(optimizer)
    optimizer.params[1].grad = 1e200
    with pytest.raises(ValueError, match=r"no parameter has been changed: the squares of Value\(.*'b'\) would become inf"):
        optimizer.step()
    assert everything(optimizer) == before


# Interrupts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
@pytest.mark.parametrize("what", ["step", "load"])
def test_an_interrupt_at_any_instruction_finds_all_changed_or_nothing(kind, what):
    def prepare():
        optimizer = after_steps(kind, 1)
        for p, grad in zip(optimizer.params, GRADS):
            p.grad = grad
        return optimizer

    def run(optimizer):
        if what == "step":
            optimizer.step()
        else:
            optimizer.load_state_dict(other)

    other, done, found = after_steps(kind, 3, lr=0.5).state_dict(), prepare(), []
    before = everything(done)
    run(done)
    after = everything(done)
    for optimizer in everywhere(prepare, run, ["optim.py", "kinds.py", "value.py"]):
        assert everything(optimizer) in (before, after)
        found.append(everything(optimizer) == after)
    assert len(found) > 100 and found == sorted(found) and found[-2:] == [True, True]


def test_an_optimizer_of_ones_own_has_the_parameters_and_the_rate():
    class Sign(Optimizer):
        def __init__(self, params, lr=0.5):
            super().__init__(params, lr)

        def step(self):
            for p in self.params:
                p.data -= self.lr * math.copysign(1.0, p.grad)

    p = Value(1.0)
    p.grad = 3.0
    optimizer = Sign([p])
    StepLR(optimizer, 1).step()
    optimizer.step()
    assert p.data == 0.95 and optimizer.state_dict() == {"lr": 0.05, "maximize": False}


# Groups --------------------------------------------------------------------------------------------------------------


def in_groups(steps=0):
    params = [Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c")]
    optimizer = Adam([{"params": params[1:], "lr": 0.5}, {"params": (x for x in params[:1]), "betas": (0.5, 0.5)}], lr=0.1)
    for step in range(steps):
        for p, grad in zip(params, [0.3, -0.7, 0.2]):
            p.grad = grad * (step + 1)
        optimizer.step()
    return optimizer


def test_groups_have_their_own_hyperparameters_and_the_others_of_all():
    optimizer = in_groups()
    assert [(g["lr"], g.betas, g["eps"]) for g in optimizer.param_groups] == [(0.5, (0.9, 0.999), 1e-8), (0.1, (0.5, 0.5), 1e-8)]
    assert [p.label for p in optimizer.params] == ["b", "c", "a"]
    assert repr(optimizer.param_groups[1]).startswith("ParamGroup(1 parameters, lr=0.1, maximize=False, betas=(0.5, 0.5)")


def test_an_entry_that_the_groups_share_is_read_and_set_for_all():
    optimizer = in_groups()
    assert optimizer.eps == 1e-8
    with pytest.raises(AttributeError, match=r"the groups differ in lr: it is optimizer.param_groups\[0\]\['lr'\]"):
        optimizer.lr  # noqa: B018
    optimizer.lr = 0.25
    assert [group.lr for group in optimizer.param_groups] == [0.25, 0.25] and optimizer.lr == 0.25


def test_a_group_that_is_added_later_starts_when_it_comes():
    """As in PyTorch: of the others the first step is past, of this one it is not."""
    optimizer, p = after_steps(Adam, 3), Value(1.0)
    optimizer.add_param_group({"params": [p], "lr": 0.25})
    p.grad = 2.0
    optimizer.step()
    assert [group.steps for group in optimizer.param_groups] == [4, 1]
    assert p.data == pytest.approx(1.0 - 0.25, abs=1e-2)  # whose first step is lr, whatever the gradient
    assert optimizer.param_groups[1].weight_decay == OPTIONS[Adam]["weight_decay"]


@pytest.mark.parametrize("through", [dict, lambda state: json.loads(json.dumps(state))], ids=["dict", "JSON"])
def test_a_state_of_groups_is_gone_on_from(through):
    first, second = in_groups(3), in_groups(1)
    second.load_state_dict(through(first.state_dict()))
    for p, number in zip(second.params, data(first.params)):
        p.data = number
    for optimizer in (first, second):
        for p in optimizer.params:
            p.grad = 0.5
        optimizer.step()
    assert everything(first) == everything(second)


def test_a_state_of_other_groups_is_refused_and_nothing_changed():
    optimizer = in_groups(1)
    before, state = everything(optimizer), optimizer.state_dict()["param_groups"]
    for bad, message in (
        (after_steps(Adam, 1).state_dict(), "it must be a dict of 'param_groups', a list of 2"),
        ({"param_groups": state[:1]}, "it has 1 groups, not 2"),
        ({"param_groups": state[::-1]}, "means must be a list of 2 finite numbers"),
        ({"param_groups": [{**state[0], "lr": 7.0}, {**state[1], "lr": -1}]}, "lr must be a finite number of at least 0, got -1"),
        ({"param_groups": 5}, "it must be a dict"),
        (None, "it must be a dict"),
    ):
        with pytest.raises(ValueError, match=f"this state does not fit this Adam: {message}"):
            optimizer.load_state_dict(bad)
        assert everything(optimizer) == before
    with pytest.raises(ValueError, match="unexpected 'param_groups'"):
        after_steps(Adam, 1).load_state_dict({"param_groups": state})


@pytest.mark.parametrize(
    "groups, message",
    [
        ([{"params": []}], "SGD got no parameters"),
        ([{"lr": 0.1}], "a group of SGD has 'params'.*'params' must be a list of parameters"),
        ([{}], "a group of SGD has 'params'.*'params' must be a list of parameters"),
        ([{"params": 5}], "'params' must be a list of parameters"),
        ([{"params": [Value(1.0)], "lt": 0.1}], "group 0: a group of SGD has .*, and may have lr, maximize, .*; got 'lt'"),
        ([{"params": [Value(1.0)], "lr": -0.1}], "group 0: lr must be a finite number of at least 0, got -0.1"),
        ([{"params": [Value(1.0)]}, {"params": [Value(1.0)], "nesterov": True}], "group 1: nesterov needs a momentum"),
        ([{"params": [Value(1.0)]}, {"params": [2 * Value(1.0)]}], "group 1: SGD needs leaves as parameters, but number 0 is"),
        ([{"params": [Value(1.0)]}, {"params": [Value(1.0)] * 2}], "group 1: SGD got a parameter twice"),
    ],
)  # fmt: skip
def test_groups_that_do_not_fit(groups, message):
    with pytest.raises(ValueError, match=message):
        SGD(groups)


def test_a_parameter_is_in_one_group_only_and_a_group_that_does_not_fit_adds_nothing():
    p = Value(1.0)
    optimizer = SGD([p])
    for group in ({"params": [p]}, {"params": [Value(1.0)], "lr": "x"}):
        with pytest.raises(ValueError, match="group 1: "):
            optimizer.add_param_group(group)
        assert (optimizer.params, len(optimizer.param_groups)) == ([p], 1)
    with pytest.raises(TypeError, match=r"SGD needs Values as parameters, but number 1 is \{\}"):
        SGD([Value(1.0), {}])


@pytest.mark.parametrize("k", [0, 1])
def test_a_bad_gradient_in_one_group_changes_none(k):
    optimizer = in_groups(1)
    before = everything(optimizer)
    for p in optimizer.params:
        p.grad = 0.5
    optimizer.param_groups[k].params[0].grad = 1e200
    with pytest.raises(ValueError, match=r"no parameter has been changed: the squares of .* would become inf"):
        optimizer.step()
    assert everything(optimizer) == before


def test_an_interrupt_finds_all_groups_changed_or_none():
    def prepare():
        optimizer = in_groups(1)
        for p in optimizer.params:
            p.grad = 0.5
        return optimizer

    done = prepare()
    before = everything(done)
    done.step()
    states = [before, everything(done)]
    found = [
        states.index(everything(optimizer))
        for optimizer in everywhere(prepare, lambda optimizer: optimizer.step(), ["optim.py", "value.py"], 3)
    ]
    assert len(found) > 100 and found == sorted(found) and found[-1] == 1


# Clipping ------------------------------------------------------------------------------------------------------------


def with_grads(*grads):
    params = [Value(1.0) for _ in grads]
    for p, grad in zip(params, grads):
        p.grad = grad
    return params


@pytest.mark.parametrize(
    "case", RECORD["clipping"], ids=lambda case: f"{case['norm_type']}-{case['max_norm']}-{len(case['grads'])}"
)
def test_clipped_gradients_of_each_norm_are_those_of_pytorch(case):
    params = with_grads(*case["grads"])
    assert clip_grad_norm_(params, case["max_norm"], norm_type=case["norm_type"]) == pytest.approx(case["norm"], rel=1e-15)
    assert [p.grad for p in params] == pytest.approx(case["clipped"], rel=1e-15)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
@pytest.mark.parametrize("norm_type, norm", [(1, 7.0), (2, 5.0), (3.0, 91 ** (1 / 3)), (0.5, (2 + 3**0.5) ** 2), (math.inf, 4.0)])
def test_no_norm_overflows_or_vanishes_on_the_way(norm_type, norm, scale):
    found = clip_grad_norm_(with_grads(3.0 * scale, -4.0 * scale, 0.0), math.inf, norm_type)
    assert found == pytest.approx(norm * scale, rel=1e-14)
    assert clip_grad_norm_(with_grads(0.0, 0.0), 1.0, norm_type) == 0.0


@pytest.mark.parametrize("norm_type", [0, -1, -math.inf, math.nan, "2", None, True])
def test_a_norm_that_is_none_is_refused(norm_type):
    params = with_grads(3.0, -4.0)
    with pytest.raises(ValueError, match="norm_type must be a number above 0, or infinite, got "):
        clip_grad_norm_(params, 1.0, norm_type)
    assert [p.grad for p in params] == [3.0, -4.0]


def test_a_norm_beyond_all_floats_clips_nothing():
    params = with_grads(1.0, 1.0)
    with pytest.raises(ValueError, match="the norm of the gradient is inf"):
        clip_grad_norm_(params, 1.0, 1e-4)
    assert [p.grad for p in params] == [1.0, 1.0]


def test_an_infinite_bound_clips_nothing_and_tells_the_norm():
    params = with_grads(3.0, -4.0)
    assert clip_grad_norm_(params, math.inf) == 5.0
    clip_grad_value_(params, math.inf)
    clip_grad_value_(params, (-math.inf, 3.5))
    assert [p.grad for p in params] == [3.0, -4.0]
    clip_grad_value_(params, (-math.inf, 2.0))
    assert [p.grad for p in params] == [2.0, -4.0]


@pytest.mark.parametrize("bound", [-1.0, -math.inf, math.nan, "1", None, True, 1j, [1.0]])
def test_a_bound_that_is_none_is_refused(bound):
    params = with_grads(3.0, -4.0)
    with pytest.raises(ValueError, match="max_norm must be a finite number of at least 0, or infinite, got"):
        clip_grad_norm_(params, bound)
    for bounds in (bound, (2.0, bound), (1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(ValueError, match="clip_value"):
            clip_grad_value_(params, bounds)
    assert [p.grad for p in params] == [3.0, -4.0]


@pytest.mark.parametrize("grad", [math.nan, math.inf])
def test_a_grad_that_is_not_finite_has_no_norm_whatever_the_bound(grad):
    params = with_grads(3.0, grad)
    for bound in (1.0, math.inf):
        with pytest.raises(ValueError, match="the norm of the gradient is"):
            clip_grad_norm_(params, bound)
    assert params[0].grad == 3.0


# The update as a program ---------------------------------------------------------------------------------------------

FORMULAS = {
    "SGD": lambda params: SGD(params, lr=0.1),
    "SGD with momentum": lambda params: SGD(params, lr=0.1, momentum=0.9, dampening=0.25, weight_decay=0.01),
    "SGD with Nesterov's": lambda params: SGD(params, lr=0.1, momentum=0.9, nesterov=True),
    "RMSprop": lambda params: RMSprop(params, lr=0.02),
    "RMSprop, all of it": lambda params: RMSprop(params, weight_decay=0.01, momentum=0.5, centered=True),
    "Adam": lambda params: Adam(params, lr=0.05),
    "Adam with weight decay": lambda params: Adam(params, weight_decay=0.01),
    "AdamW": lambda params: AdamW(params, lr=0.05),
    "Adam with AMSGrad": lambda params: Adam(params, lr=0.05, betas=(0.5, 0.6), amsgrad=True),
    "SGD uphill": lambda params: SGD(params, lr=0.1, momentum=0.9, weight_decay=0.01, maximize=True),
    "RMSprop uphill": lambda params: RMSprop(params, centered=True, maximize=True),
    "AdamW uphill with AMSGrad": lambda params: AdamW(params, amsgrad=True, maximize=True),
    "groups": lambda params: Adam(
        [{"params": params[:10], "amsgrad": True}, {"params": params[10:], "weight_decay": 0.1}], lr=0.05
    ),
}


@pytest.mark.parametrize("make", FORMULAS.values(), ids=FORMULAS)
def test_the_update_of_many_parameters_is_that_of_few_to_the_last_bit(make, monkeypatch, tmp_path):
    if fastest_dialect() != "c":
        pytest.skip("no C compiler")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def trained(many):
        monkeypatch.setattr(optim, "MANY", many)
        rng = random.Random(0)
        params = [Value(rng.gauss(0, 1)) for _ in range(40)]
        optimizer = make(params)
        for step in range(6):
            for parameter in params:
                parameter.grad = rng.gauss(0, 10.0 ** rng.randint(-12, 3)) if rng.random() < 0.9 else 0.0
            optimizer.param_groups[0]["lr"] *= 1.1 if step == 3 else 1.0  # a schedule, seen by a program that is there already
            optimizer.step()
        return [p.data for p in params], optimizer.state_dict()

    programs = dict(optim._programs)
    few = trained(1000)
    assert optim._programs == programs
    assert few == trained(1)
    assert len(optim._programs) > 0


def test_an_update_as_a_program_refuses_what_is_infinite(monkeypatch):
    monkeypatch.setattr(optim, "MANY", 1)
    p = Value(1e308)
    optimizer = SGD([p], lr=1e10)
    p.grad = -1e300
    with pytest.raises(ValueError, match="SGD cannot make this step, no parameter has been changed"):
        optimizer.step()
    assert p.data == 1e308
