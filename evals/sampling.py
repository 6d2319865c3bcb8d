"""A sample of rows, which the same seed draws again."""

import random
from collections.abc import Sequence
from typing import TypeVar

_Row = TypeVar("_Row")


def sample(rows: Sequence[_Row], limit: int | None, seed: int) -> list[_Row]:
    """`limit` of the rows, drawn without replacement, in their order; all for None."""
    if limit is None or limit >= len(rows):
        return list(rows)
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    return [rows[at] for at in sorted(draw.sample(range(len(rows)), limit))]
