"""Neural networks on autograd_lite."""
