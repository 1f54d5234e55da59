"""Neural networks on autograd_lite: scalar by scalar, with the articles' names. Read in this order:

* `module`: something with parameters; `leaves`: parameters and inputs; `dense`: `Neuron`, `Layer`, `MLP`, and the delta form;
  `layers`: PyTorch's, to be put together; `summary`: a model as a table;
* `losses`, `optim` (`groups`, `schedules`, `clipping`), `training` (`history`, `validation`, `metrics`, `progress`): the general
  procedure of the articles; `worked_example`: theirs, number by number;
* `datasets`, `curves`, `plots`, `decisions` (on a `sheet`), `pages`: what a class looks at;
* `recurrent`: cells, networks of cells, backpropagation through time; `characters`: a text learned by them;
* `attention` (`norms`, `positions`, `attention_drawings`): from a query to a GPT; `one_head`: one number by number; `names`: a
  list of them learned by one; `tasks`: what it has in common with a text;
* `compiled`: a training step as a program; `exchange`: models in PyTorch and JAX; `elsewhere`: what is called otherwise there;
* `nests`, `files`: parameters and states that come from outside, checked, and files that are written whole.

>>> from nn import MLP, half_squared_error, deltas
>>> mlp = MLP([2, 2, 1], rng=0)
>>> list(deltas(mlp, half_squared_error(mlp([1.0, 2.0]), [0.5])))
['net_h1', 'net_h2', 'net_o1']
"""

import autograd_lite.nn

if __name__ == "nn":
    autograd_lite.nn.short_name()

from .attention import GPT, Block, SelfAttention
from .attention_drawings import draw_attention, draw_head, draw_residuals
from .clipping import clip_grad_norm_, clip_grad_value_
from .curves import Curves
from .datasets import circles, moons, spiral, xor
from .decisions import draw_decision
from .dense import MLP, Layer, Neuron, deltas
from .elsewhere import missing
from .exchange.pytorch import from_torch_state_dict, to_torch_state_dict
from .exchange.twins import from_twin, to_jax, to_torch
from .history import History
from .layers import GELU, Dropout, Embedding, Identity, Linear, ReLU, Sequential, Sigmoid, SiLU, Softmax, Softplus, Tanh
from .losses import (
    binary_cross_entropy,
    cross_entropy,
    half_squared_error,
    hinge,
    huber,
    last_cross_entropy,
    mae,
    mse,
    output_deltas,
    sequence_cross_entropy,
)
from .metrics import accuracy
from .module import Module
from .norms import LayerNorm, RMSNorm
from .optim import SGD, Adam, AdamW, Optimizer, RMSprop
from .pages import live
from .plots import plot_decision, plot_layers
from .recurrent import RNN, BidirectionalRNN, GRUCell, LSTMCell, Readout, RNNCell, Run, SequenceModel, StackedRNN
from .recurrent.bptt import BPTT, GradientFlow, bptt, gradient_flow
from .recurrent.rtrl import RTRL, rtrl, rtrl_steps
from .schedules import CosineAnnealingLR, ExponentialLR, LambdaLR, LRScheduler, StepLR
from .training import train

__all__ = [
    "BPTT",
    "GELU",
    "GPT",
    "MLP",
    "RNN",
    "RTRL",
    "SGD",
    "Adam",
    "AdamW",
    "BidirectionalRNN",
    "Block",
    "CosineAnnealingLR",
    "Curves",
    "Dropout",
    "Embedding",
    "ExponentialLR",
    "GRUCell",
    "GradientFlow",
    "History",
    "Identity",
    "LRScheduler",
    "LSTMCell",
    "LambdaLR",
    "Layer",
    "LayerNorm",
    "Linear",
    "Module",
    "Neuron",
    "Optimizer",
    "RMSNorm",
    "RMSprop",
    "RNNCell",
    "ReLU",
    "Readout",
    "Run",
    "SelfAttention",
    "SequenceModel",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "StackedRNN",
    "StepLR",
    "Tanh",
    "accuracy",
    "binary_cross_entropy",
    "bptt",
    "circles",
    "clip_grad_norm_",
    "clip_grad_value_",
    "cross_entropy",
    "deltas",
    "draw_attention",
    "draw_decision",
    "draw_head",
    "draw_residuals",
    "from_torch_state_dict",
    "from_twin",
    "gradient_flow",
    "half_squared_error",
    "hinge",
    "huber",
    "last_cross_entropy",
    "live",
    "mae",
    "moons",
    "mse",
    "output_deltas",
    "plot_decision",
    "plot_layers",
    "rtrl",
    "rtrl_steps",
    "sequence_cross_entropy",
    "spiral",
    "to_jax",
    "to_torch",
    "to_torch_state_dict",
    "train",
    "xor",
]


def __getattr__(name: str) -> object:
    """Of what PyTorch has under that name, and nn has not, what is here instead."""
    raise missing(__name__, name)
