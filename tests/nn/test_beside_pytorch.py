"""Beside PyTorch itself, where it is installed: any options, and the record that the other tests read."""

import json
import math
import random
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import nn
from autograd_lite import Value

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
F = torch.nn.functional
DATA = Path(__file__).parent.parent / "data"
# a few roundings of each step in another order, carried along
CLOSE = dict(rel=1e-12, abs=1e-12)


@pytest.fixture(autouse=True)
def doubles():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def flat(thing):
    """The numbers of a nest of lists and dicts, and what else is in it."""
    if isinstance(thing, dict):
        return [x for key, item in thing.items() for x in [key, *flat(item)]]
    return [x for item in thing for x in flat(item)] if isinstance(thing, (list, tuple)) else [thing]


@pytest.mark.parametrize("part", ["optimizers", "schedules", "losses", "clipping"])
def test_the_record_is_what_pytorch_computes(part):
    spec = spec_from_file_location("record_pytorch", DATA / "record_pytorch.py")
    record = module_from_spec(spec)
    threads = torch.get_num_threads()
    try:
        spec.loader.exec_module(record)
        now = {
            "optimizers": lambda: {name: record.trajectory(*case) for name, case in record.OPTIMIZERS.items()},
            "schedules": lambda: {name: record.rates(*case) for name, case in record.SCHEDULES.items()},
            "losses": lambda: {name: record.losses(name) for name in record.LOSSES},
            "clipping": record.clippings,
        }[part]()
    finally:
        torch.set_num_threads(threads)
    recorded = json.loads((DATA / "pytorch.json").read_text(encoding="utf-8"))[part]
    found, expected = flat(json.loads(json.dumps(now))), flat(recorded)
    assert [x for x in found if not isinstance(x, float)] == [x for x in expected if not isinstance(x, float)]
    assert [x for x in found if isinstance(x, float)] == pytest.approx([x for x in expected if isinstance(x, float)], **CLOSE)


@pytest.mark.parametrize("seed", range(40))
def test_cross_entropy_of_any_options(seed):
    rng = random.Random(seed)
    classes, examples = rng.randint(2, 5), rng.randint(1, 4)
    scores = [[rng.gauss(0, 10 ** rng.uniform(-1, 2)) for _ in range(classes)] for _ in range(examples)]
    targets = [rng.randrange(classes) for _ in range(examples)]
    if distributions := rng.random() < 0.3:
        targets = [[rng.random() for _ in range(classes)] for _ in range(examples)]
    options = {"label_smoothing": rng.choice([0.0, rng.random()])}
    theirs = dict(options)
    if rng.random() < 0.6:
        options["weight"] = [rng.choice([rng.random(), 2.0, 0.5]) for _ in range(classes)]
        theirs["weight"] = torch.tensor(options["weight"])
    if not distributions and rng.random() < 0.6:
        options["ignore_index"] = theirs["ignore_index"] = rng.choice([-100, 0, -1])
        targets[-1] = options["ignore_index"] if examples > 1 else targets[-1]
    for reduction in ("sum", "mean", "none"):
        outputs = [[Value(x) for x in row] for row in scores]
        x = torch.tensor(scores, requires_grad=True)
        expected = F.cross_entropy(x, torch.tensor(targets), reduction=reduction, **theirs)
        if not torch.isfinite(expected).all():  # nothing counts
            with pytest.raises(ValueError, match="there is no mean"):
                nn.cross_entropy(outputs, targets, reduction, **options)
            continue
        found = nn.cross_entropy(outputs, targets, reduction, **options)
        terms = found if isinstance(found, list) else [found]
        assert [term.data for term in terms] == pytest.approx(expected.flatten().tolist(), **CLOSE)
        expected.sum().backward()
        for term in terms:
            term.backward()
        assert [value.grad for row in outputs for value in row] == pytest.approx(x.grad.flatten().tolist(), **CLOSE)


def options_of(kind, rng):
    """Hyperparameters at random, those of one group."""
    found = {"lr": 10 ** rng.uniform(-3, -1), "maximize": rng.random() < 0.3, "weight_decay": rng.choice([0.0, rng.random()])}
    if kind == "SGD":
        found |= {"momentum": rng.choice([0.0, rng.random()]), "dampening": rng.choice([0.0, rng.random()])}
        if found["momentum"] and rng.random() < 0.5:
            found |= {"nesterov": True, "dampening": 0.0}
    elif kind == "RMSprop":
        found |= {"alpha": rng.random(), "centered": rng.random() < 0.5, "momentum": rng.choice([0.0, rng.random()]), "eps": 1e-3}
    else:
        found |= {"betas": (rng.random(), rng.random()), "amsgrad": rng.random() < 0.5, "eps": 10 ** rng.uniform(-8, -2)}
    return found


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", ["SGD", "RMSprop", "Adam", "AdamW"])
def test_optimizers_of_any_groups_and_options_with_a_schedule(kind, seed):
    rng = random.Random(seed)
    sizes = [rng.randint(1, 3) for _ in range(rng.randint(1, 3))]
    start = [[rng.gauss(0, 1) for _ in range(size)] for size in sizes]
    own = [options_of(kind, rng) for _ in sizes]
    ours = [[Value(x) for x in group] for group in start]
    theirs = [[torch.tensor(x, requires_grad=True) for x in group] for group in start]
    optimizer = getattr(nn, kind)([{"params": params, **options} for params, options in zip(ours, own)])
    peer = getattr(torch.optim, kind)([{"params": params, **options} for params, options in zip(theirs, own)])
    name, given = rng.choice(
        [("StepLR", {"step_size": 2}), ("ExponentialLR", {"gamma": 0.9}), ("CosineAnnealingLR", {"T_max": 3})]
    )
    schedule, its = getattr(nn, name)(optimizer, **given), getattr(torch.optim.lr_scheduler, name)(peer, **given)
    for _ in range(8):
        for p, q in zip([p for group in ours for p in group], [q for group in theirs for q in group]):
            p.grad = rng.gauss(0, 1)
            q.grad = torch.tensor(p.grad)
        optimizer.step()
        peer.step()
        schedule.step()
        its.step()
        assert [p.data for group in ours for p in group] == pytest.approx([q.item() for group in theirs for q in group], **CLOSE)
    assert schedule.get_last_lr() == pytest.approx(its.get_last_lr(), rel=1e-14)


@pytest.mark.parametrize("seed", range(10))
def test_clipping_by_any_norm(seed):
    rng = random.Random(seed)
    grads = [rng.gauss(0, 10 ** rng.uniform(-2, 2)) for _ in range(rng.randint(1, 6))]
    norm_type, max_norm = rng.choice([1, 2, math.inf, rng.uniform(0.5, 6)]), 10 ** rng.uniform(-1, 2)
    ours, theirs = [Value(0.0) for _ in grads], [torch.tensor(0.0, requires_grad=True) for _ in grads]
    for p, q, grad in zip(ours, theirs, grads):
        p.grad, q.grad = grad, torch.tensor(grad)
    found = nn.clip_grad_norm_(ours, max_norm, norm_type)
    assert found == pytest.approx(torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type).item(), **CLOSE)
    assert [p.grad for p in ours] == pytest.approx([q.grad.item() for q in theirs], **CLOSE)
