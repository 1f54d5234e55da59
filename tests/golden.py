"""The articles' numbers, computed with 60 digits and written with 17 (data/golden.json), as floats."""

import json
from pathlib import Path


def _floats(thing):
    if isinstance(thing, dict):
        return {key: _floats(item) for key, item in thing.items()}
    if isinstance(thing, list):
        return [_floats(item) for item in thing]
    try:
        return float(thing) if isinstance(thing, str) else thing
    except ValueError:
        return thing


RAW = json.loads((Path(__file__).parent / "data" / "golden.json").read_text(encoding="utf-8"))
GOLDEN = _floats(RAW)


def flat(thing):
    """The numbers of a nest of lists, in order."""
    return [number for item in thing for number in flat(item)] if isinstance(thing, list) else [thing]
