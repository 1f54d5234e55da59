"""Writes pytorch.json: steps of optimizers, and losses with their gradients, as PyTorch computes them in float64.

Run by hand, with torch installed, when a case is added: ``python tests/data/record_pytorch.py``. The tests read the record
and need no torch. Numbers are written by `repr`, so that they are read back as the same floats.
"""

import json
import re
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(0)

START = [-1.2, 1.0, 0.5, -0.3]
STEPS = 10
SLOWER = 5  # the number of steps after which the learning rate is divided by 4

OPTIMIZERS = {
    "sgd_plain": ("SGD", dict(lr=0.03)),
    "sgd_momentum": ("SGD", dict(lr=0.02, momentum=0.9)),
    "sgd_dampening": ("SGD", dict(lr=0.03, momentum=0.8, dampening=0.3)),
    "sgd_nesterov": ("SGD", dict(lr=0.02, momentum=0.9, nesterov=True)),
    "sgd_weight_decay": ("SGD", dict(lr=0.03, weight_decay=0.1)),
    "sgd_momentum_weight_decay": ("SGD", dict(lr=0.02, momentum=0.7, weight_decay=0.05)),
    "sgd_dampening_weight_decay": ("SGD", dict(lr=0.02, momentum=0.7, dampening=0.5, weight_decay=0.2)),
    "sgd_nesterov_weight_decay": ("SGD", dict(lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.1)),
    "rmsprop_plain": ("RMSprop", dict()),
    "rmsprop_alpha_eps": ("RMSprop", dict(lr=0.05, alpha=0.7, eps=1e-3)),
    "rmsprop_centered": ("RMSprop", dict(lr=0.02, alpha=0.9, centered=True)),
    "rmsprop_momentum": ("RMSprop", dict(lr=0.01, alpha=0.9, momentum=0.9)),
    "rmsprop_weight_decay": ("RMSprop", dict(lr=0.02, weight_decay=0.3)),
    "rmsprop_all": ("RMSprop", dict(lr=0.01, alpha=0.8, eps=1e-6, weight_decay=0.1, momentum=0.5, centered=True)),
    "adam_plain": ("Adam", dict()),
    "adam_lr": ("Adam", dict(lr=0.1)),
    "adam_betas": ("Adam", dict(lr=0.05, betas=(0.7, 0.9))),
    "adam_eps": ("Adam", dict(lr=0.1, eps=0.1)),
    "adam_betas_zero": ("Adam", dict(lr=0.02, betas=(0.0, 0.5))),
    "adam_weight_decay": ("Adam", dict(lr=0.05, weight_decay=0.5)),
    "adamw_plain": ("AdamW", dict()),
    "adamw_weight_decay": ("AdamW", dict(lr=0.1, weight_decay=0.5)),
    "adamw_betas_eps": ("AdamW", dict(lr=0.05, betas=(0.6, 0.95), eps=1e-4, weight_decay=0.2)),
    "sgd_maximize": ("SGD", dict(lr=1e-3, momentum=0.5, weight_decay=0.1, maximize=True)),
    "rmsprop_maximize": ("RMSprop", dict(lr=1e-3, weight_decay=0.1, maximize=True)),
    "adam_maximize": ("Adam", dict(lr=0.02, weight_decay=0.1, maximize=True)),
    "adamw_maximize": ("AdamW", dict(lr=0.02, weight_decay=0.1, maximize=True)),
    "adam_amsgrad": ("Adam", dict(lr=0.2, betas=(0.5, 0.6), amsgrad=True)),
    "adam_amsgrad_all": ("Adam", dict(lr=0.2, betas=(0.5, 0.6), weight_decay=0.1, amsgrad=True, maximize=True)),
    "adamw_amsgrad": ("AdamW", dict(lr=0.2, betas=(0.5, 0.6), weight_decay=0.1, amsgrad=True)),
    "sgd_groups": (
        "SGD",
        dict(lr=0.01, momentum=0.5),
        [([0, 1], dict(lr=0.03)), ([3], dict(momentum=0.0, weight_decay=0.2)), ([2], {})],
    ),
    "adam_groups": ("Adam", dict(lr=0.05), [([1], dict(betas=(0.5, 0.9))), ([0, 2, 3], dict(amsgrad=True, lr=0.1))]),
}


def valley(p):
    """A function of four numbers, not convex: a curved valley, bent by tanh. The tests have the same."""
    a, b, c, d = p
    return (1 - a) ** 2 + 3 * (b - a * a) ** 2 + b * torch.tanh(a * c - d) + 0.1 * c * c + 0.2 * d * d


def trajectory(kind, options, groups=None):
    """The parameters before each step and after the last, and the gradient at each step.

    groups: for each the places of its parameters, and its options.
    """
    ps = [torch.tensor(x, requires_grad=True) for x in START]
    given = [{"params": [ps[k] for k in places], **own} for places, own in groups or [(range(len(ps)), {})]]
    optimizer = getattr(torch.optim, kind)(given, **options)
    params, grads = [START], []
    for step in range(STEPS):
        if step == SLOWER:
            optimizer.param_groups[0]["lr"] /= 4
        optimizer.zero_grad()
        valley(ps).backward()
        grads.append([p.grad.item() for p in ps])
        optimizer.step()
        params.append([p.item() for p in ps])
    case = {"optimizer": kind, "options": options, "params": params, "grads": grads}
    return case | ({"groups": groups} if groups else {})


# Functions of the number of steps; the tests have the same
LAMBDAS = {"halved": lambda t: 0.5**t, "warm-up": lambda t: min(1.0, (t + 1) / 5), "later": lambda t: 1 / (1 + 0.1 * t)}
# name of the case: schedules of one optimizer, in the order of their steps, and the rates of its groups
SCHEDULES = {
    "step": ([("StepLR", dict(step_size=3))], [0.1]),
    "step, gamma, groups": ([("StepLR", dict(step_size=1, gamma=0.7))], [0.1, 0.03]),
    "exponential": ([("ExponentialLR", dict(gamma=0.9))], [0.1, 0.7]),
    "cosine": ([("CosineAnnealingLR", dict(T_max=7))], [0.1]),
    "cosine, eta_min, groups": ([("CosineAnnealingLR", dict(T_max=4, eta_min=0.01))], [0.1, 0.03]),
    "cosine of one step": ([("CosineAnnealingLR", dict(T_max=1, eta_min=0.001))], [0.1]),
    "lambda": ([("LambdaLR", dict(lr_lambda="warm-up"))], [0.1, 0.03]),
    "lambdas": ([("LambdaLR", dict(lr_lambda=["halved", "later"]))], [0.1, 0.03]),
    "step, exponential": ([("StepLR", dict(step_size=4, gamma=0.5)), ("ExponentialLR", dict(gamma=0.95))], [0.1]),
    "exponential, cosine": ([("ExponentialLR", dict(gamma=0.97)), ("CosineAnnealingLR", dict(T_max=5, eta_min=0.01))], [0.1]),
}


def rates(schedules, lrs):
    """The rates of the groups before each of 20 steps."""
    optimizer = torch.optim.SGD([{"params": [torch.tensor(1.0, requires_grad=True)], "lr": lr} for lr in lrs])
    made = []
    for kind, options in schedules:
        named = options.get("lr_lambda")
        functions = {"lr_lambda": [LAMBDAS[name] for name in named] if isinstance(named, list) else LAMBDAS.get(named)}
        made.append(getattr(torch.optim.lr_scheduler, kind)(optimizer, **(options | (functions if named else {}))))
    found = []
    for _ in range(20):
        found.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        for schedule in made:
            schedule.step()
    return {"schedules": schedules, "lrs": lrs, "rates": found}


def clipped(grads, max_norm, norm_type):
    p = torch.zeros(len(grads), requires_grad=True)
    p.grad = torch.tensor(grads)
    norm = torch.nn.utils.clip_grad_norm_([p], max_norm, norm_type)
    return {"grads": grads, "max_norm": max_norm, "norm_type": norm_type, "norm": norm.item(), "clipped": p.grad.tolist()}


def hinge(outputs, targets, reduction):
    """No case has a term at its corner, where clamp has another derivative than relu."""
    terms = torch.clamp(1 - targets * outputs, min=0)
    return {"mean": terms.mean(), "sum": terms.sum(), "none": terms}[reduction]


def probabilities_cross_entropy(outputs, targets, reduction, **options):
    return F.nll_loss(outputs.log(), targets, reduction=reduction, **options)


def ce(options, outputs, targets):
    """A case of cross-entropy with options, which are PyTorch's too."""
    theirs = {name: torch.tensor(option) if name == "weight" else option for name, option in options.items()}
    return "cross_entropy", options, outputs, targets, partial(F.cross_entropy, **theirs)


def clippings():
    return [
        clipped(grads, max_norm, norm_type)
        for grads in ([3.0, -4.0, 0.5, 0.0], [-2.0])
        for max_norm in (1.0, 100.0)
        for norm_type in (1.0, 2.0, 3.0, 0.5, float("inf"))
    ]


ORDINARY, FAR = [0.3, -1.7, 2.5, 0.0], [1000.0, -1000.0, 30.0, -40.0]
SCORES = [[0.5, -1.0, 2.0], [3.0, 0.1, -0.2]]
FAR_SCORES = [[1000.0, 0.0, -1000.0], [-1000.0, -1000.0, -999.0]]
MIXED = [[0.2, 0.5, 0.3], [0.0, 0.9, 0.1]]
# fmt: off
# name of the case: (our function, our options, outputs, targets, PyTorch's function)
LOSSES = {
    "mse_one": ("mse", {}, [0.7], [-0.4], F.mse_loss),
    "mse_example": ("mse", {}, ORDINARY, [0.0, 1.0, -1.0, 0.5], F.mse_loss),
    "mse_batch": ("mse", {}, SCORES, MIXED, F.mse_loss),
    "mse_far": ("mse", {}, FAR, [0.0, 1e6, 1e-9, -40.0], F.mse_loss),
    "bce_hard": ("binary_cross_entropy", {}, [0.2, 0.9, 0.5], [0.0, 1.0, 1.0], F.binary_cross_entropy),
    "bce_soft": ("binary_cross_entropy", {}, [0.2, 0.9, 0.5], [0.3, 0.6, 0.5], F.binary_cross_entropy),
    "bce_batch": (
        "binary_cross_entropy", {}, [[0.01, 0.99], [0.4, 0.6]], [[0.0, 1.0], [0.9, 0.25]], F.binary_cross_entropy,
    ),
    "bce_logits_hard": (
        "binary_cross_entropy", {"logits": True}, ORDINARY, [0.0, 1.0, 1.0, 0.0], F.binary_cross_entropy_with_logits,
    ),
    "bce_logits_soft": (
        "binary_cross_entropy", {"logits": True}, ORDINARY, [0.1, 0.8, 0.5, 1.0], F.binary_cross_entropy_with_logits,
    ),
    "bce_logits_far_right": (
        "binary_cross_entropy", {"logits": True}, FAR, [1.0, 0.0, 1.0, 0.0], F.binary_cross_entropy_with_logits,
    ),
    "bce_logits_far_wrong": (
        "binary_cross_entropy", {"logits": True}, FAR, [0.0, 1.0, 0.0, 1.0], F.binary_cross_entropy_with_logits,
    ),
    "ce_class": ("cross_entropy", {}, SCORES[0], 1, F.cross_entropy),
    "ce_two_classes": ("cross_entropy", {}, [-0.4, 1.1], 0, F.cross_entropy),
    "ce_one_class": ("cross_entropy", {}, [-0.4], 0, F.cross_entropy),
    "ce_distribution": ("cross_entropy", {}, SCORES[0], MIXED[0], F.cross_entropy),
    "ce_not_summing_to_1": ("cross_entropy", {}, SCORES[0], [0.5, 1.5, 0.25], F.cross_entropy),
    "ce_batch_class": ("cross_entropy", {}, SCORES, [2, 0], F.cross_entropy),
    "ce_batch_distribution": ("cross_entropy", {}, SCORES, MIXED, F.cross_entropy),
    "ce_far_right": ("cross_entropy", {}, FAR_SCORES, [0, 2], F.cross_entropy),
    "ce_far_wrong": ("cross_entropy", {}, FAR_SCORES, [2, 0], F.cross_entropy),
    "ce_far_distribution": ("cross_entropy", {}, FAR_SCORES, MIXED, F.cross_entropy),
    "ce_probabilities": ("cross_entropy", {"logits": False}, [MIXED[0], [0.1, 0.6, 0.3]], [1, 2], probabilities_cross_entropy),
    "ce_weight": ce({"weight": [0.5, 2.0, 0.0]}, [*SCORES, SCORES[0]], [0, 1, 2]),
    "ce_weight_one": ce({"weight": [0.5, 2.0, 3.0]}, SCORES[0], 1),
    "ce_weight_distribution": ce({"weight": [0.5, 2.0, 0.0]}, SCORES, MIXED),
    "ce_ignored": ce({}, [*SCORES, [0.1, 0.2, 0.4]], [2, -100, 0]),
    "ce_ignored_class": ce({"ignore_index": 2}, [*SCORES, [0.1, 0.2, 0.4]], [2, 1, 0]),
    "ce_smoothing": ce({"label_smoothing": 0.1}, SCORES, [2, 0]),
    "ce_smoothing_one": ce({"label_smoothing": 0.3}, SCORES[0], 1),
    "ce_smoothing_all": ce({"label_smoothing": 1.0}, SCORES, [2, 0]),
    "ce_smoothing_distribution": ce({"label_smoothing": 0.2}, SCORES, MIXED),
    "ce_smoothing_far": ce({"label_smoothing": 0.2}, FAR_SCORES, [2, 0]),
    "ce_all": ce({"weight": [0.5, 2.0, 3.0], "ignore_index": 1, "label_smoothing": 0.2}, [*SCORES, [0.1, 0.2, 0.4]], [2, 1, 0]),
    "ce_weight_smoothing_distribution": ce({"weight": [0.5, 2.0, 3.0], "label_smoothing": 0.2}, SCORES, MIXED),
    "ce_probabilities_weight": (
        "cross_entropy", {"logits": False, "weight": [3.0, 0.5, 1.0]}, [MIXED[0], [0.1, 0.6, 0.3]], [1, 2],
        partial(probabilities_cross_entropy, weight=torch.tensor([3.0, 0.5, 1.0])),
    ),
    "bce_weight": (
        "binary_cross_entropy", {"logits": True, "pos_weight": 3.0}, ORDINARY, [0.1, 0.8, 0.0, 1.0],
        partial(F.binary_cross_entropy_with_logits, pos_weight=torch.tensor(3.0)),
    ),
    "bce_weight_far": (
        "binary_cross_entropy", {"logits": True, "pos_weight": 0.25}, FAR, [0.0, 1.0, 1.0, 0.0],
        partial(F.binary_cross_entropy_with_logits, pos_weight=torch.tensor(0.25)),
    ),
    "mae": ("mae", {}, ORDINARY, [0.0, 1.0, -1.0, 0.5], F.l1_loss),
    "mae_one_at_its_corner": ("mae", {}, [0.7], [0.7], F.l1_loss),
    "mae_batch": ("mae", {}, SCORES, MIXED, F.l1_loss),
    "huber": ("huber", {}, ORDINARY, [0.0, 1.0, -1.0, 0.5], F.huber_loss),
    "huber_delta": ("huber", {"delta": 0.25}, SCORES, MIXED, partial(F.huber_loss, delta=0.25)),
    "huber_where_the_line_begins": ("huber", {"delta": 2.0}, [2.0, -2.0, 2.5], [0.0, 0.0, 2.5], partial(F.huber_loss, delta=2.0)),
    "huber_far": ("huber", {}, FAR, [0.0, 1e6, 1e-9, -40.0], F.huber_loss),
    "hinge": ("hinge", {}, [0.3, -1.7, 2.5, 0.0], [1.0, 1.0, 1.0, -1.0], hinge),
    "hinge_batch": ("hinge", {}, SCORES, [[1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]], hinge),
    "hinge_far": ("hinge", {}, FAR, [1.0, 1.0, -1.0, -1.0], hinge),
}
# fmt: on


def losses(name):
    """The loss and its gradient, summed and averaged, and its terms."""
    function, options, outputs, targets, theirs = LOSSES[name]
    case = {"loss": function, "options": options, "outputs": outputs, "targets": targets}
    for reduction in ("sum", "mean"):
        x, y = torch.tensor(outputs, requires_grad=True), torch.tensor(targets)
        value = theirs(x, y, reduction=reduction)
        value.backward()
        case[reduction] = {"value": value.item(), "grads": x.grad.tolist()}
    case["none"] = theirs(torch.tensor(outputs), torch.tensor(targets), reduction="none").tolist()
    return case


nn = torch.nn
# The tests have the same, by the same names; x is one example, or several where it is nested
LAYERS = {
    "tanh": (nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), [0.5, -1.0, 2.0]),
    "several at once": (nn.Sequential(nn.Linear(3, 2), nn.Sigmoid()), [[0.5, -1.0, 2.0], [0.0, 1.0, -3.0]]),
    "no bias, relu, softmax": (
        nn.Sequential(nn.Linear(2, 5, bias=False), nn.ReLU(), nn.Linear(5, 3), nn.Softmax(-1)),
        [0.7, -1.2],
    ),
    "tokens": (nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 2)), [1, 4, 1, 0]),
    "nested": (
        nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.SiLU(), nn.Linear(3, 3)), nn.Softplus(), nn.Identity()),
        [0.7, 1.2],
    ),
    "dropout after eval": (nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.7), nn.Tanh()).eval(), [0.7, 1.2]),
    "linear": (nn.Linear(2, 3), [0.7, 1.2]),
    "embedding": (nn.Embedding(4, 2), [[3, 1], [1, 1]]),
}


def layers(name):
    """Outputs, and the gradient of the sum of (output + 0.5)**2 by the parameters."""
    model, x = LAYERS[name]
    outputs = model(torch.tensor(x))
    ((outputs + 0.5) ** 2).sum().backward()
    state = {key: parameter.tolist() for key, parameter in model.named_parameters()}
    grads = {key: parameter.grad.tolist() for key, parameter in model.named_parameters()}
    return {"state": state, "x": x, "outputs": outputs.tolist(), "grads": grads}


def main():
    record = {
        "note": "written by record_pytorch.py; options as ours, numbers as PyTorch's in float64",
        "torch": torch.__version__,
        "slower_after": SLOWER,
        "optimizers": {name: trajectory(*case) for name, case in OPTIMIZERS.items()},
        "schedules": {name: rates(*case) for name, case in SCHEDULES.items()},
        "clipping": clippings(),
        "losses": {name: losses(name) for name in LOSSES},
        "layers": {name: layers(name) for name in LAYERS},
    }
    text = re.sub(r"\[[^][{}]*\]", lambda numbers: " ".join(numbers[0].split()), json.dumps(record, indent=1))  # a row a line
    Path(__file__).with_name("pytorch.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
