"""Pictures of computation graphs: `draw`.

In reading order:

* `scopes`: which part of a model each node belongs to, what collapses, how time steps fold;
* `letters`: labels and operations in the letters of a textbook;
* `scene`: what a picture shows, and `drawer`: how it is made of a graph;
* `geometry`, `columns`, `layout`, `rows`: where everything stands;
* `svg`, `dot`, `printing`, `page`: how it is written;
* `network`: a multilayer perceptron by layers;
* `draw`: what a user calls.
"""

from .draw import Drawing, draw, draw_layers

__all__ = ["Drawing", "draw", "draw_layers"]
