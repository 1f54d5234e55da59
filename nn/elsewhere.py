"""What PyTorch has in `torch.nn`, and is something else here."""

from __future__ import annotations

import sys

LOSSES = "a loss is a function of outputs and target here"
SCALARS = "an engine of scalars would make a node of every product"
INSTEAD = {
    "MSELoss": f"{LOSSES}: mse(outputs, targets)",
    "L1Loss": f"{LOSSES}: mae(outputs, targets)",
    "SmoothL1Loss": f"{LOSSES}: huber(outputs, targets)",
    "HuberLoss": f"{LOSSES}: huber(outputs, targets, delta=1.0)",
    "CrossEntropyLoss": f"{LOSSES}: cross_entropy(logits, target)",
    "NLLLoss": f"{LOSSES}: cross_entropy(logits, target), of the numbers before the softmax",
    "BCELoss": f"{LOSSES}: binary_cross_entropy(outputs, targets)",
    "BCEWithLogitsLoss": f"{LOSSES}: binary_cross_entropy(logits, targets, logits=True)",
    "MultiMarginLoss": f"{LOSSES}: hinge(outputs, targets), of the targets 1 and -1",
    "HingeEmbeddingLoss": f"{LOSSES}: hinge(outputs, targets), of the targets 1 and -1",
    "KLDivLoss": f"{LOSSES}: write it of log and sum_, or see cross_entropy, whose targets may be probabilities",
    "functional": "functions are in autograd_lite (tanh, relu, softmax), losses in nn (mse, cross_entropy)",
    "init": 'the way in which weights are drawn is an option: Linear(2, 3, init="xavier"), or "he"',
    "utils": "clip_grad_norm_ and clip_grad_value_ are in nn itself",
    "Parameter": 'a parameter is a Value(0.5, "w") that is an attribute of a Module, or in a list there',
    "ParameterList": "a list of Values, as an attribute of a Module, is a list of parameters",
    "ParameterDict": "a list of Values, as an attribute of a Module, is a list of parameters",
    "ModuleList": "a list of Modules, as an attribute of a Module, is part of it",
    "ModuleDict": "a list of Modules, as an attribute of a Module, is part of it",
    "Bilinear": "Linear, or dot of autograd_lite",
    "Flatten": "inputs are lists of numbers: flatten them before they come in",
    "LogSoftmax": "cross_entropy(logits, target) takes the numbers before the softmax; log_softmax is in autograd_lite",
    **dict.fromkeys(["LeakyReLU", "ELU", "Softsign", "Hardtanh", "ReLU6", "Mish", "SELU", "CELU", "PReLU", "LogSigmoid"],
                    "an activation may be any function of a Value: Sequential(Linear(2, 3), leaky_relu), "
                    "with what is in autograd_lite, or register('name', formula, derivative)"),
    "GRU": "RNN(GRUCell(2, 3)), or SequenceModel(GRUCell(2, 3), 5) with its readout",
    "LSTM": "RNN(LSTMCell(2, 3)), or SequenceModel(LSTMCell(2, 3), 5) with its readout",
    "MultiheadAttention": "SelfAttention(8, heads=2)",
    **dict.fromkeys(["Transformer", "TransformerEncoder", "TransformerDecoder"], "GPT, a stack of Blocks"),
    **dict.fromkeys(["TransformerEncoderLayer", "TransformerDecoderLayer"], "Block(8, heads=2)"),
    **dict.fromkeys(["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d"],
                    "LayerNorm or RMSNorm, over the numbers of one example"),
    **dict.fromkeys(["Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d", "MaxPool1d", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d"],
                    f"there are no images ({SCALARS}): a Linear on each window, and max_ or mean of several, do the same"),
    **dict.fromkeys(["Dropout1d", "Dropout2d", "AlphaDropout"], "Dropout(0.5)"),
    **dict.fromkeys(["DataParallel", "Upsample", "PixelShuffle", "Unfold"], SCALARS),
}  # fmt: skip


def missing(module: str, name: str) -> Exception:
    """The error where the module has no such name, which says what is here instead.

    ``from nn import name`` asks for the attribute first: an AttributeError would be lost there, an ImportError is shown.
    """
    if name not in INSTEAD:
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    is_imported = sys._getframe(2).f_globals.get("__name__") in ("importlib._bootstrap", "_frozen_importlib")
    return (ImportError if is_imported else AttributeError)(f"nn has no {name}: {INSTEAD[name]}", name=name)
