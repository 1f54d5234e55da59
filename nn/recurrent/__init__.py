"""Recurrent networks, read in this order:

* `units`: the units of a time step, labelled, and the parameters of a part;
* `cells`: a time step; a new kind of cell is one class there;
* `networks`: cells over a sequence, stacked, in both directions; `model`: with what reads them out;
* `bptt`: gradients backward through time, the table of deltas, what vanishes and explodes; `rtrl`: gradients forward in time.
"""

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
