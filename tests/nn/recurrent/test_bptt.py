"""Backpropagation through time: the table of deltas, how gradients flow, clipping."""

import math

import pytest
from golden import GOLDEN, flat
from recurrent_cases import CASES, EXACT, FORMS, NESTED, READOUT, XS, D, M, build, cell_of, parameter, reset_gate

from autograd_lite import Value
from nn import SGD, bptt, clip_grad_norm_, clip_grad_value_, gradient_flow
from nn.losses import step_losses
from nn.recurrent import RNN, BidirectionalRNN, LSTMCell, RNNCell, SequenceModel

MODEL = SequenceModel(cell_of("lstm"), 2, rng=0)


def test_bptt_table_of_deltas():
    golden = GOLDEN["bptt"]
    model, case = build(golden["case"]), CASES[golden["case"]]
    found = bptt(model, case["x"], case["targets"])
    table = found.deltas()
    expected = {(int(t[2:]), int(k[2:])): delta for t, row in golden["delta_t_k"].items() for k, delta in row.items()}
    assert table.keys() == expected.keys()
    for key, delta in expected.items():
        assert table[key] == pytest.approx(delta, **EXACT), key
    for k, total in golden["delta_accumulated_over_t"].items():
        assert [unit.grad for unit in found.run.states["z"][int(k[2:]) - 1]] == pytest.approx(total, **EXACT)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "gru, reset after"])
def test_deltas_of_any_net_make_the_gradients(form):
    """dL/db = the sum of the deltas, dL/dW = that of delta x, dL/dU = that of delta h' (NNDL 6.38 to 6.41), for any gate."""
    cell = cell_of(form)
    found = bptt(SequenceModel(cell, 2, rng=0), XS, [0, 1, 1, 0])
    for net in [name for name in found.run.states if name.startswith("net_") or (name == "z" and form.startswith("rnn"))]:
        suffix = net.removeprefix("net") if net != "z" else ""
        table = found.deltas(net)
        assert list(table) == [(t, k) for t in range(1, 5) for k in range(1, t + 1)]
        before = [[0.0] * D] + [[unit.data for unit in units] for units in found.run.states["h"][:-1]]
        if suffix == "_h":
            before = [[r.data * h for r, h in zip(rs, hs)] for rs, hs in zip(reset_gate(found.run.states), before)]
        for j in range(D):
            deltas = [(k, delta[j]) for (t, k), delta in table.items()]
            close = dict(rel=1e-12, abs=1e-15)
            assert found.gradients[f"network.cell.b{suffix}.{j}"] == pytest.approx(math.fsum([d for _, d in deltas]), **close)
            for i in range(M):
                total = math.fsum([d * XS[k - 1][i] for k, d in deltas])
                assert found.gradients[f"network.cell.W{suffix}.{j}.{i}"] == pytest.approx(total, **close)
            for i in range(D):
                total = math.fsum([d * before[k - 1][i] for k, d in deltas])
                assert found.gradients[f"network.cell.U{suffix}.{j}.{i}"] == pytest.approx(total, **close)


def test_deltas_of_a_way_back_make_its_gradient():
    """Read backward, a step's loss depends on the nets at that time and after: delta_{t,k} with k >= t."""
    model = SequenceModel(BidirectionalRNN(cell_of("rnn"), cell_of("rnn", rng=1)), 2, rng=0)
    found = bptt(model, XS, [0, 1, 1, 0])
    for net, layer in (("z1", "forward_layer"), ("z2", "backward_layer")):
        for j in range(D):
            total = math.fsum([delta[j] for delta in found.deltas(net).values()])
            assert found.gradients[f"network.{layer}.cell.b.{j}"] == pytest.approx(total, rel=1e-12), net


def test_bptt_sets_the_grads_anew():
    model = SequenceModel(cell_of("gru"), 2, rng=0)
    first, second = (bptt(model, XS, [0, 1, 1, 0]) for _ in range(2))
    assert first.gradients == second.gradients == {name: p.grad for name, p in model.named_parameters()}
    assert first.loss == pytest.approx(math.fsum([loss.data for loss in first.step_losses]), rel=1e-15)


@pytest.mark.parametrize("form", ["rnn", "gru", "lstm", "stacked"])
def test_gradient_flow_is_the_norm_of_the_gradient_by_each_state(form):
    network = NESTED["stacked"]() if form == "stacked" else RNN(cell_of(form))
    model, targets = SequenceModel(network, 2, rng=0), [0, 1, 1, 0]
    model.parameters()[0].grad = 7.0
    flow = gradient_flow(model, XS, targets)
    assert [p.grad for p in model.parameters()] == [7.0] + [0.0] * (len(model.parameters()) - 1)
    run, logits = model.run(XS)
    step_losses(logits, targets)[-1].backward()  # grads of interior nodes
    assert list(flow.norms) == network.state_names()
    for name, norms in flow.norms.items():
        assert norms == pytest.approx([math.hypot(*[unit.grad for unit in units]) for units in run.states[name]], rel=1e-13)
    assert flow.norms["h" if form != "stacked" else "h1"][0] > 0


@pytest.mark.parametrize("scale", [0.25, 3.0], ids=["vanishing", "exploding"])
def test_gradients_vanish_or_explode_with_the_size_of_u(scale):
    """At z = 0 the slope of tanh is 1: the norm at t is scale**(T - t) of that at T."""
    U = [[scale * (i == j) for j in range(D)] for i in range(D)]
    model = SequenceModel(RNNCell(M, D, parameters={"U": U}, rng=0), 2, rng=0)
    norms = gradient_flow(model, [[0.0, 0.0]] * 20, [1] * 20).norms["h"]
    assert norms == pytest.approx([norms[-1] * scale ** (20 - t) for t in range(1, 21)], rel=1e-13)
    assert norms == sorted(norms, reverse=scale > 1) and not 1e-9 < norms[0] / norms[-1] < 1e9


def test_an_lstm_that_forgets_nothing_keeps_the_gradient_of_its_cell():
    """The constant error carousel: with the forget gate at 1 and no recurrence through h, dL_T/dc_t is the same at every t."""
    given = {f"U_{gate}": [[0.0] * D] * D for gate in "ioc"}
    model = SequenceModel(LSTMCell(M, D, forget_gate=False, parameters=given, rng=0), 2, rng=0)
    norms = gradient_flow(model, [[0.1, 0.2]] * 50, [1] * 50).norms["c"]
    assert norms == pytest.approx([norms[-1]] * 50, rel=1e-13) and norms[-1] > 0.01


def test_gradient_flow_as_text():
    flow = gradient_flow(MODEL, XS, [0, 1, 1, 0])
    head, *rows = [line.split() for line in str(flow).split("\n")]
    assert head == ["t", "|dL_T/dh_t|", "|dL_T/dc_t|"]
    assert [int(row[0]) for row in rows] == [1, 2, 3, 4]
    for row, h, c in zip(rows, flow.norms["h"], flow.norms["c"], strict=True):
        assert [float(x) for x in row[1:]] == pytest.approx([h, c], rel=1e-5)
    assert len({len(line) for line in str(flow).split("\n")}) == 1  # aligned


def test_gradient_flow_as_a_plot():
    matplotlib = pytest.importorskip("matplotlib", reason="the plot is drawn by it")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    flow = gradient_flow(MODEL, XS, [0, 1, 1, 0])
    _, given = plt.subplots()
    assert flow.plot(given) is given
    ax = flow.plot()
    assert ax is not given
    for axes in (ax, given):
        assert [line.get_label() for line in axes.get_lines()] == ["|dL_T/dh_t|", "|dL_T/dc_t|"]
        for line, norms in zip(axes.get_lines(), flow.norms.values()):
            assert (list(line.get_xdata()), list(line.get_ydata())) == ([1, 2, 3, 4], norms)
        assert (axes.get_yscale(), axes.get_xlabel(), bool(axes.get_ylabel())) == ("log", "t", True)
        assert axes.get_legend() is not None
    flow.norms["h"][0] = 0.0  # has no logarithm
    assert flow.plot().get_yscale() == "linear"
    plt.close("all")


CLIPPING = GOLDEN["clipping"]


def clipped_case():
    """The model with the golden gradient, that gradient, and the names of the leaves."""
    model, case = build(CLIPPING["case"]), CASES[CLIPPING["case"]]
    bptt(model, case["x"], case["targets"])
    return model, case


def leaves(model, params):
    names = ("W", "U", "b") + (READOUT if params == "all" else ())
    return [leaf for name in names for leaf in parameter(model, name)]


@pytest.mark.parametrize("entry", CLIPPING["by_norm"], ids=lambda entry: f"{entry['params']}-{entry['threshold']:g}")
def test_clipping_by_norm(entry):
    model, _ = clipped_case()
    chosen = leaves(model, entry["params"])
    before = [leaf.grad for leaf in chosen]
    others = {leaf: leaf.grad for leaf in model.parameters() if leaf not in chosen}
    assert clip_grad_norm_(iter(chosen), entry["threshold"]) == pytest.approx(entry["norm"], rel=1e-14)  # the norm before
    after = [leaf.grad for leaf in chosen]
    if entry["clips_when_norm_gt_b"]:
        assert after == pytest.approx([g * entry["scale_torch"] for g in before], rel=1e-13)
        assert math.hypot(*after) == pytest.approx(entry["norm_after_torch"], rel=1e-13)
    else:
        assert after == before  # at threshold 4 too, where NNDL's printed condition enlarges the gradient
    # PyTorch divides by norm + 1e-6
    assert after == pytest.approx([x for name in entry["grads_exact"] for x in flat(entry["grads_exact"][name])], rel=1e-5)
    assert all(leaf.grad == grad for leaf, grad in others.items())


def test_the_slip_of_nndl_would_enlarge_the_gradient():
    (entry,) = [e for e in CLIPPING["by_norm"] if e["nndl_printed_condition_norm_squared_gt_b"] and not e["clips_when_norm_gt_b"]]
    assert entry["threshold"] == 4 and entry["norm_after_nndl_as_printed"] > entry["norm"]


@pytest.mark.parametrize("entry", CLIPPING["by_value"], ids=lambda entry: f"[{entry['a']},{entry['b']}]")
def test_clipping_by_value(entry):
    model, _ = clipped_case()
    before = [leaf.grad for leaf in leaves(model, "all")]
    bounds = entry["b"] if entry["a"] == -entry["b"] else (entry["a"], entry["b"])
    assert clip_grad_value_(iter(leaves(model, "all")), bounds) is None
    after = [leaf.grad for leaf in leaves(model, "all")]
    assert after == pytest.approx(flat([entry["grads"][name] for name in ("W", "U", "b", *READOUT)]), **EXACT)
    assert sum([old != new for old, new in zip(before, after)]) == entry["clipped_entries"]


@pytest.mark.parametrize("threshold", ["none", "value", "bounds", *CLIPPING["sgd_one_step"]["loss_norm_clipped"]])
def test_the_loss_after_a_step_on_a_clipped_gradient(threshold):
    golden = CLIPPING["sgd_one_step"]
    model, case = clipped_case()
    if threshold == "none":
        expected = golden["loss_unclipped"]
    elif threshold == "value":
        expected = golden["loss_value_clipped"]["[-0.3,0.3]"]
        clip_grad_value_(model.parameters(), 0.3)
    elif threshold == "bounds":
        expected = golden["loss_value_clipped"]["[-0.2,0.5]"]
        clip_grad_value_(model.parameters(), (-0.2, 0.5))
    else:
        expected = golden["loss_norm_clipped"][threshold]
        clip_grad_norm_(model.parameters(), float(threshold))
    SGD(model.parameters(), lr=golden["lr"]).step()
    # clipping by norm goes a millionth further down, as in PyTorch: the loss is as much larger, times lr * norm**2
    found = bptt(model, case["x"], case["targets"]).loss
    assert found == pytest.approx(expected, rel=1e-14 if threshold in ("none", "value", "4", "10") else 1e-7)


@pytest.mark.parametrize("clip, refused", [(clip_grad_norm_, [math.nan, math.inf, -math.inf]), (clip_grad_value_, [math.nan])])
def test_a_gradient_that_is_not_a_number_is_not_clipped(clip, refused):
    for bad in refused:
        params = [Value(0.0) for _ in range(3)]
        for leaf, grad in zip(params, (5.0, bad, -7.0)):
            leaf.grad = grad
        with pytest.raises(ValueError, match=r"(nan|inf).*nothing has been clipped"):
            clip(params, 1.0)
        assert (params[0].grad, params[2].grad) == (5.0, -7.0)


def test_an_infinite_gradient_is_clipped_by_value():
    params = [Value(0.0), Value(0.0)]
    params[0].grad, params[1].grad = math.inf, -math.inf
    clip_grad_value_(params, 2.0)
    assert [leaf.grad for leaf in params] == [2.0, -2.0]


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
@pytest.mark.parametrize("threshold", [-1.0, math.nan, -math.inf, None, "1"])
def test_a_threshold_is_finite_and_not_negative(clip, threshold):
    leaf = Value(0.0)
    leaf.grad = 3.0
    with pytest.raises(ValueError, match="must be a finite number of at least 0"):
        clip([leaf], threshold)
    assert leaf.grad == 3.0
    clip([leaf], 0)
    assert leaf.grad == 0.0
    clip([], 1.0)


def test_clipping_by_norm_neither_overflows_nor_underflows():
    params = [Value(0.0), Value(0.0)]
    for size in (1e200, 1e-200):  # their squares are infinite and 0
        params[0].grad, params[1].grad = 3 * size, -4 * size
        assert clip_grad_norm_(params, 1.0) == pytest.approx(5 * size, rel=1e-15)
        expected = [0.6, -0.8] if size > 1 else [3 * size, -4 * size]
        assert [leaf.grad for leaf in params] == pytest.approx(expected, rel=1e-6, abs=0)
