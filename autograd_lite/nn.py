"""The package `nn` that lies beside this one, under a name that no file of one's own can hide.

Under both names it is the same package, of the same modules. In a folder that has an ``nn.py``, ``import nn`` finds that one;
``from autograd_lite.nn import MLP`` is right everywhere.
"""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "nn"


class ShortNames:
    """Finds ``nn.dense`` in `autograd_lite.nn.dense`, which is imported once."""

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name.startswith("nn.") else None

    def create_module(self, spec):
        module = import_module(f"{__package__}.{spec.name}")
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module):
        """It has run under its own name: that stays its own."""
        module.__spec__ = module.__spec__.loader_state


def short_name() -> None:
    """From now on `nn` and every module of it are those of `autograd_lite.nn`."""
    sys.meta_path.insert(0, ShortNames())
    sys.modules["nn"] = sys.modules[__name__]


_spec = spec_from_file_location(__name__, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)])
assert _spec and _spec.loader
sys.modules[__name__] = module_from_spec(_spec)
sys.modules[__name__].__dict__["short_name"] = short_name
_spec.loader.exec_module(sys.modules[__name__])
