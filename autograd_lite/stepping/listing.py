"""The passes as a program in Python, and which of its lines computes what a step shows."""

from __future__ import annotations

from ..program.dialects import PYTHON
from ..program.record import recorded_graph
from ..program.tape import needed
from ..program.writer import Writer
from .words import WordedPasses


def listing(steps: WordedPasses) -> tuple[str, dict[int, int]]:
    """The program, a line for each quantity, with the labels of the nodes as names; of each step, by index, its line."""
    leaves = [node for node in steps.order if not node.parents]
    recorded = recorded_graph(steps.output, leaves, steps.output, leaves)
    writer = Writer(recorded, PYTHON)
    source = writer.source()
    starts = {line.strip().partition(" = ")[0]: k for k, line in enumerate(source.split("\n"))}
    written: dict[int, int] = {}  # of places: what is no variable is written in the line of what uses it
    tape = recorded.tape
    for place in reversed(needed(tape, recorded.result_places)):
        if writer.variable.get(place) in starts:
            written[place] = starts[writer.variable[place]]
        for operand in tape.operations[place][1]:
            if place in written and operand not in writer.variable:
                written[operand] = written[place]
    lines = {}
    for k, step in enumerate(steps.records):
        place = tape.place(step.node) if k < steps.forward else recorded.adjoints.get(step.node, -1)
        if place in written and step.kind != "start" and tape.operations[place][0] != "number":
            lines[k] = written[place]
    return source, lines
