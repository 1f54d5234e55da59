"""The articles' 2-2-2 example: every number of it."""

import pytest
from golden import GOLDEN, RAW

from autograd_lite import gradient
from nn import MLP, SGD, train
from nn.worked_example import FIGURES, TRAINING_FIGURES, Figure, WorkedExample, first_pass, training

CASE = GOLDEN["example_222"]
RUNS = [key for key in CASE["after_n_updates"] if key != "note" and "per_neuron" not in key]


def test_every_quantity_of_the_forward_pass():
    found = first_pass()
    assert {name: found[name] for name in CASE["forward"]} == pytest.approx(CASE["forward"], rel=1e-15)


def test_every_partial_derivative():
    found = first_pass()
    assert {name: found[name] for name in CASE["partials"]} == pytest.approx(CASE["partials"], rel=1e-15)


def test_every_gradient_by_backward_and_by_gradient():
    example = WorkedExample()
    error = example()
    error.backward()
    assert {name: p.grad for name, p in example.parameter.items()} == pytest.approx(CASE["grads"], rel=1e-15)
    derivatives = gradient(error, list(example.parameter.values()))
    assert [d.data for d in derivatives] == pytest.approx(list(CASE["grads"].values()), rel=1e-15)


@pytest.mark.parametrize("run", RUNS)
def test_training_trace(run):
    order, mode = run.split("/")
    example = WorkedExample()
    stored = CASE["after_n_updates"][run]
    for done in range(10_002):
        if str(done) in stored:
            error = example()
            nodes = example.nodes(error)
            expected = stored[str(done)]
            # errors of one pass, carried along by 10,000 updates
            rel = 1e-15 if done == 0 else 1e-12
            assert {name: nodes[name].data for name in expected if name in nodes} == pytest.approx(
                {name: number for name, number in expected.items() if name in nodes}, rel=rel
            )
        example.update(biases=mode == "bias_shared", sequential=order == "sequential")


def test_training_trace_with_a_bias_for_each_neuron():
    weights = [float(CASE["inputs"][f"w{k}"]) for k in range(1, 9)]
    mlp = MLP([2, 2, 2], weights=[[weights[:2], weights[2:4]], [weights[4:6], weights[6:]]], biases=[0.35, 0.6])
    example = ([CASE["inputs"]["i1"], CASE["inputs"]["i2"]], [CASE["inputs"]["t1"], CASE["inputs"]["t2"]])
    history = train(mlp, [example], optimizer=SGD(mlp.parameters(), lr=0.5), steps=10_000, progress=False)
    stored = CASE["after_n_updates"]["simultaneous/bias_per_neuron"]
    for done in (0, 1, 2, 5, 10, 100, 1000, 9999, 10_000):
        assert history.losses[done] == pytest.approx(stored[str(done)]["E_total"], rel=1e-12)
    assert [neuron.bias.data for layer in mlp.layers for neuron in layer.neurons] == pytest.approx(
        [stored["10000"][name] for name in ("bh1", "bh2", "bo1", "bo2")], rel=1e-12
    )


def test_printed_figures_are_the_articles():
    """The tables of the example hold what the articles print, with a reason exactly where that is wrong."""
    ours = [figure for figures in FIGURES.values() for figure in figures if figure.printed]
    published = [p for p in RAW["example_222"]["published_numbers"] if "update" not in p["quantity"]]
    name = {"out_o1 (sentence after the forward pass)": "out_o1"}
    assert {(f.quantity, f.printed, not f.why) for f in ours if f.quantity != "delta_o1"} == {
        (name.get(p["quantity"], p["quantity"]), p["printed"], p["correctly_rounded"]) for p in published
    }


def test_training_figures_hold_in_the_run_that_they_name():
    runs = {name: training(10_000, sequential=name == "sequential") for name in ("simultaneous", "sequential")}
    for figure, run, quantity in TRAINING_FIGURES:
        assert figure.agrees(runs[run][quantity])
        assert not figure.agrees(runs["simultaneous"][figure.quantity])


@pytest.mark.parametrize(
    ("printed", "value", "agrees"),
    [("0.40", 0.4, True), ("0.75136507", CASE["forward"]["out_o1"], True), ("0.75136079", CASE["forward"]["out_o1"], False)],
)
def test_figure_agrees_to_the_last_printed_digit(printed, value, agrees):
    assert Figure("x", printed).agrees(value) is agrees


def test_out_o1_is_not_the_misprint():
    assert abs(first_pass()["out_o1"] - 0.75136507) < 5e-9


def test_weights_after_one_update():
    found = first_pass()
    for name in ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"):
        expected = CASE["after_n_updates"]["simultaneous/bias_fixed"]["1"][name]
        assert found[f"{name}+"] == pytest.approx(expected, rel=1e-15)
    assert found["b1+"] == 0.35
