"""The package `nn` that lies beside this one, under a name that no file of one's own can hide.

Under both names it is the same package, of the same modules. In a folder that has an ``nn.py``, ``import nn`` finds that one;
``from autograd_lite.nn import MLP`` is right everywhere.
"""

import pkgutil
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "nn"


def short_name() -> None:
    """From now on `nn` and every module of it are those of `autograd_lite.nn`."""
    for found in pkgutil.walk_packages([str(FOLDER)], f"{__name__}."):
        sys.modules[found.name.removeprefix(f"{__package__}.")] = import_module(found.name)
    sys.modules["nn"] = sys.modules[__name__]


_spec = spec_from_file_location(__name__, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)])
assert _spec and _spec.loader
sys.modules[__name__] = module_from_spec(_spec)
sys.modules[__name__].__dict__["short_name"] = short_name
_spec.loader.exec_module(sys.modules[__name__])
