"""Programs in JavaScript: modules for browsers and Node. A call from Python is a run of Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from .arguments import floats_of, single
from .dialects import JAVASCRIPT
from .names import listed
from .record import Loop, Recorded, collector_off
from .runtime import Made
from .writer import Writer, spread

# Words that are no names in JavaScript, and names that its programs use
# fmt: off
RESERVED = {
    "Infinity", "Math", "NaN", "Number", "arguments", "case", "catch", "const", "debugger", "default", "delete", "do",
    "enum", "eval", "export", "extends", "false", "function", "implements", "instanceof", "interface", "let", "new", "null",
    "package", "private", "protected", "public", "static", "super", "switch", "this", "throw", "true", "typeof", "undefined",
    "var", "void",
}
# fmt: on


class ScriptWriter(Writer):
    """Writes the function ``program`` of a recorded graph as an ES module."""

    remark, end, declared, reserved = "//", ";", "const ", RESERVED

    def __init__(self, recorded: Recorded, loop: Loop | None = None) -> None:
        super().__init__(recorded, JAVASCRIPT, loop)
        if loop is not None:  # what is computed in the loop is returned after it
            self.declared = ""

    def _function(self, body: list[str]) -> list[str]:
        inputs, results = [listed([*map(str, ports)]) for ports in (self.recorded.inputs, self.recorded.results)]
        about = [
            f"// Of {inputs}: {results}.",
            "// Recorded from a graph: where Python branched or looped, this is the way it took.",
        ]
        return [
            *about,
            *spread("export function program(", [f"{name}, " for name in self.parameters.values()], ") {"),
            *body,
            "}",
        ]

    def unpacked(self) -> list[str]:
        lines = []
        for port in self.recorded.inputs:
            if port.is_array:
                lines += spread(
                    "let [", [f"{self.variable[place]}, " for place in port.places], f"] = {self.parameters[port.name]};"
                )
        if self.loop is None:
            return lines
        names = [*self.kept.values(), *[self.variable[statement.target] for statement in self.statements]]
        return [*lines, *spread("let ", [f"{name}, " for name in names], ";")]

    def _repeated(self, loop: Loop, body: list[str]) -> list[str]:
        return [f"for (let round = 0; round < {loop.times}; round++) {{", *body, "}"]

    def _fed_back(self, loop: Loop) -> list[str]:
        kept = [f"{name} = {self.variable[place]};" for place, name in self.kept.items()]
        results = [f"{self._result(place)}, " for place, _ in loop.places]
        inputs = [f"{self.variable[place]}, " for _, place in loop.places]
        return [*kept, *spread("[", inputs, "] = ["), *spread("    ", results, "];")]

    def returned(self) -> list[str]:
        found = []
        for port in self.recorded.results:
            names = [f"{self._result(place)}, " for place in port.places]
            if port.is_array:
                names[0] = f"[{names[0]}"
                names[-1] = f"{names[-1][:-2]}], "
            found += names
        return spread("return [", found, "];") if len(self.recorded.results) > 1 else spread("return ", found, ";")


class ArrowWriter(ScriptWriter):
    """Writes a recorded graph as a function without a name."""

    def _function(self, body: list[str]) -> list[str]:
        return [*spread("(", [f"{name}, " for name in self.parameters.values()], ") => {"), *body, "}"]


def functions(graphs: Sequence[Recorded]) -> tuple[str, list[str]]:
    """Recorded graphs as functions without names, for a script of one's own; before them, the definitions that they need."""
    writers = [ArrowWriter(recorded) for recorded in graphs]
    needed = [template for writer in writers for template in writer.templates()]
    return JAVASCRIPT.header(needed), [writer.function() for writer in writers]


# Prints each number in the digits that give it again; JSON has no infinity, and drops the sign of -0
PRINTED = """
const text = (_, x) => (typeof x !== "number" ? x : Object.is(x, -0) ? "-0" : String(x));
console.log(JSON.stringify(program(%s), text));
"""


@collector_off()
def made(recorded: Recorded, loop: Loop | None) -> Made:
    source = ScriptWriter(recorded, loop).source()

    def literal(numbers: float | list[float]) -> str:
        number = JAVASCRIPT.spelling.number
        return f"[{', '.join(map(number, numbers))}]" if isinstance(numbers, list) else number(numbers)

    def run(arguments: Sequence[Any]) -> Any:
        given = [literal(floats_of(port, x)) for port, x in zip(recorded.inputs, arguments)]
        found = json.loads(in_node(source + PRINTED % ", ".join(given)))
        results = found if len(recorded.results) > 1 else [found]
        return single([[*map(float, x)] if port.is_array else float(x) for port, x in zip(recorded.results, results)])

    return Made(source, None, run)


def in_node(module: str) -> str:
    """What a module prints, run by Node. RuntimeError where there is none, or where it fails."""
    node = shutil.which("node")
    if node is None:
        raise RuntimeError("to call a program in JavaScript needs Node.js: install node. A browser runs its `source` without")
    command = [node, "--input-type=module", "-"]
    done = subprocess.run(command, input=module, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"Node failed: {done.stderr.strip()[-500:]}")
    return done.stdout
