"""Cells of a spreadsheet as it shows them: 0.129 in the format `0.0%` is "12.9%"."""

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|_.|\*.')
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.([#0?]*))?")
_PRECISION = 15  # significant digits that a spreadsheet keeps


@dataclass(frozen=True, slots=True)
class _Format:
    before: str
    after: str
    decimals: int
    grouped: bool
    percent: bool


def shown(cell: Any) -> str:  # noqa: ANN401 -- openpyxl has four classes of cells
    """The value of a cell of openpyxl in the format of the cell; "" for an empty one."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, _format(cell.number_format or "General"))
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return str(value.date()) if midnight else value.isoformat(" ", "minutes")
    return " ".join(str(value).split())


def _number(value: float, form: _Format | None) -> str:
    if form is None:
        return str(int(value)) if value % 1 == 0 else f"{value:.{_PRECISION}g}"
    size = abs(value) * (100 if form.percent else 1)
    digits = f"{size:,.{form.decimals}f}" if form.grouped else f"{size:.{form.decimals}f}"
    return f"{'-' if value < 0 else ''}{form.before}{digits}{form.after}"


@lru_cache(maxsize=1_000)
def _format(code: str) -> _Format | None:
    """What a number format asks for; None for one that is not of plain decimal digits."""
    literals: list[str] = []

    def keep(match: re.Match[str]) -> str:
        literals.append(match[1] or match[2] or match[3] or "")
        return "\0"

    first = _TOKEN.sub(keep, code).split(";")[0]
    digits = list(_DIGITS.finditer(first))
    if len(digits) != 1:
        return None
    before, after = first[: digits[0].start()], first[digits[0].end() :]
    if re.search(r"[A-Za-z/@]", before + after) or "," in (after[:1], digits[0].group()[-1]):
        return None  # a date, a power of ten, a fraction, or in thousands
    texts = iter(literals)
    before, after = (re.sub("\0", lambda _: next(texts), part) for part in (before, after))
    return _Format(
        before=before.strip(),
        after=after.rstrip(),
        decimals=len(digits[0][1] or ""),
        grouped="," in digits[0].group(),
        percent="%" in after,
    )
