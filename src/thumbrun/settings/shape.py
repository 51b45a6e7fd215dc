"""The shape of the thumbnails: what the settings of a crop, its colours and its size say together."""

from thumbrun.imaging.shape import BOUND, BY_CONTENT, USUAL_SHAPE, Shape
from thumbrun.settings import declared
from thumbrun.settings.parsed import ParsedValues

_CROP, _BARS = "cover", "contain"


def shape_of(values: ParsedValues) -> Shape | None:
    """Return the shape of the thumbnails, or None if a setting is wrong; reject settings that do not go together.

    | setting | goes with |
    |---|---|
    | a size with a free side | `--fit inside`, `outside` |
    | `--gravity` with a direction | `--fit cover`, `contain` |
    | `--gravity attention`, `entropy` | `--fit cover` |
    """
    fit, gravity = values.get(declared.FIT), values.get(declared.GRAVITY)
    background, enlarge = values.get(declared.BACKGROUND), values.get(declared.ENLARGE)
    boxes = values.get(declared.SIZE) or ()
    if fit in BOUND and not all(all(box) for box in boxes):
        values.reject(declared.SIZE, f"--fit {fit} needs both sides of each size, like 320x240")
    if fit and gravity not in (None, USUAL_SHAPE.gravity):
        if fit not in (_CROP, _BARS):
            fitting = _CROP if gravity in BY_CONTENT else f"{_CROP} or {_BARS}"
            advice = f"--fit {fit} shows the whole picture; leave --gravity out, or give --fit {fitting}"
            values.reject(declared.GRAVITY, advice)
        elif fit == _BARS and gravity in BY_CONTENT:
            values.reject(declared.GRAVITY, f"--fit {_BARS} cuts nothing off; give centre or a direction, like north")
    if fit is None or gravity is None or background is None or enlarge is None:
        return None
    return Shape(fit, gravity, background, enlarge)
