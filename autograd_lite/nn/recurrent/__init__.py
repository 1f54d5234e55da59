"""Recurrent networks: cells, networks of cells, and their gradients through time."""

from .bptt import BPTT, GradientFlow, bptt, gradient_flow
from .cells import Cell, GRUCell, LSTMCell, RNNCell
from .model import Readout, SequenceModel, check_model
from .networks import RNN, BidirectionalRNN, Recurrent, Run, StackedRNN
from .rtrl import RTRL, rtrl, rtrl_steps

__all__ = [
    "BPTT",
    "RNN",
    "RTRL",
    "BidirectionalRNN",
    "Cell",
    "GRUCell",
    "GradientFlow",
    "LSTMCell",
    "RNNCell",
    "Readout",
    "Recurrent",
    "Run",
    "SequenceModel",
    "StackedRNN",
    "bptt",
    "check_model",
    "gradient_flow",
    "rtrl",
    "rtrl_steps",
]
