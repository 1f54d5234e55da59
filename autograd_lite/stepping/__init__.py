"""The forward and the backward pass, step by step: `steps`.

In reading order:

* `passes`: in which order, and with which numbers;
* `words`: the sentence and the formulas of each step; `choices`: the steps where other numbers take other sides;
* `page`: the steps as one HTML document, whose template, style and scripts lie beside it, and what Jupyter shows;
  `data`: what the scripts read; `listing`: the program beside the graph;
* `export`: a picture for each step, as an archive, a film or slides;
* `terminal`: the steps in a terminal, and text for one;
* `steps`: what a user calls.
"""

from .passes import Examples
from .steps import Steps, steps
from .words import Step

__all__ = ["Examples", "Step", "Steps", "steps"]
