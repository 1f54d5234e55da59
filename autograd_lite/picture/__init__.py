"""Pictures of computation graphs: `draw`.

In reading order:

* `scopes`: which part of a model each node belongs to, what collapses, how time steps fold;
* `letters`: labels and operations in the letters of a textbook;
* `scene`: what a picture shows, and `drawer`: how it is made of a graph;
* `geometry`, `columns`, `layout`, `rows`: where everything stands;
* `svg`, `dot`, `printing`: how it is written; `page`: the page, with the scripts beside it: `graph.js`, which draws and listens,
  `layout.js` and `columns.js`, which lay out anew what is open;
* `network`: a multilayer perceptron by layers;
* `draw`: what a user calls.
"""

from .draw import Drawing, draw, draw_layers

__all__ = ["Drawing", "draw", "draw_layers"]
