"""Neural networks on autograd_lite: scalar by scalar, with the articles' names.

>>> from nn import MLP, half_squared_error, deltas
>>> mlp = MLP([2, 2, 1], rng=0)
>>> list(deltas(mlp, half_squared_error(mlp([1.0, 2.0]), [0.5])))
['net_h1', 'net_h2', 'net_o1']
"""

from .bptt import BPTT, GradientFlow, bptt, gradient_flow
from .dense import MLP, Layer, Neuron, deltas
from .losses import binary_cross_entropy, cross_entropy, half_squared_error, hinge, mse, output_deltas, sequence_cross_entropy
from .module import Module
from .optim import SGD, Adam, AdamW, Optimizer, RMSprop, clip_grad_norm_, clip_grad_value_
from .recurrent import BidirectionalRNN, GRUCell, LSTMCell, Readout, RNN, RNNCell, Run, SequenceModel, StackedRNN
from .rtrl import RTRL, rtrl, rtrl_steps
from .training import History, train

__all__ = [
    "BPTT",
    "RTRL",
    "GradientFlow",
    "bptt",
    "gradient_flow",
    "clip_grad_norm_",
    "clip_grad_value_",
    "rtrl",
    "rtrl_steps",
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "BidirectionalRNN",
    "GRUCell",
    "History",
    "LSTMCell",
    "Layer",
    "Module",
    "Neuron",
    "Optimizer",
    "RNN",
    "RNNCell",
    "Readout",
    "Run",
    "SequenceModel",
    "StackedRNN",
    "RMSprop",
    "binary_cross_entropy",
    "cross_entropy",
    "deltas",
    "half_squared_error",
    "hinge",
    "mse",
    "output_deltas",
    "sequence_cross_entropy",
    "train",
]
