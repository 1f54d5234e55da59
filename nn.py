"""The short name of `autograd_lite.nn`: ``from nn import MLP``. Under both names it is the same package, of the same modules.

In a folder that has an ``nn.py`` of its own, Python finds that one; ``from autograd_lite.nn import MLP`` is right everywhere.
"""

import pkgutil
import sys
from importlib import import_module

from autograd_lite.nn import *  # noqa: F403  # what an editor shows; at run time the package itself takes this module's place

for found in pkgutil.walk_packages(sys.modules["autograd_lite.nn"].__path__, "autograd_lite.nn."):
    sys.modules[found.name.removeprefix("autograd_lite.")] = import_module(found.name)
sys.modules[__name__] = sys.modules["autograd_lite.nn"]
