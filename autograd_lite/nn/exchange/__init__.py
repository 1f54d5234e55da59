"""Models in other frameworks: PyTorch's names and layouts of parameters, and twins in PyTorch and JAX."""
