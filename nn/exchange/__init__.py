"""Models in other frameworks, read in this order:

* `pytorch`: parameters to and from PyTorch, under its names and in its layout, without PyTorch;
* `twins`: a model's twin in PyTorch or JAX, on whole batches, and its parameters back;
* `source`: the program of a twin; `feed_forward`, `equations`: parts and graphs as lines of it; `libraries`: what PyTorch and JAX
  call things;
* `transformers`: both of attention and GPTs; `kinds`: whether a part computes what its kind computes.

What a cell is there, the cell says: `Cell.torch` and `Cell.twin`.
"""
