"""Words as the lexical half and the reader compare them, and whether there are any."""

import re
from functools import lru_cache

import snowballstemmer

from corpus.errors import InvalidRequest

_WORD = re.compile(r"[^\W_]+(?:[.,][0-9]+)*")

# Function words of English, and what only frames a question.
_STOP = frozenset(
    """a about after all also am an and any are as at be because been before being between both but
    by can could did do does doing don for from had has have having he her here hers him his how i
    if in into is it its just me more most my no nor not of off on once only or other our out over
    own s same she should so some such t than that the their them then there these they this those
    through to too under until up very was we were what when where which while who whom whose why
    will with would you your according say says said tell name many much often get got
    give""".split()
)


def content_words(text: str) -> list[str]:
    """The words that carry meaning, lower-cased, in order, each once."""
    words = dict.fromkeys(word.lower() for word in _WORD.findall(text))
    return [word for word in words if word not in _STOP]


def stems(text: str) -> list[str]:
    """The stems of `content_words(text)`."""
    return list(dict.fromkeys(_stem(word) for word in content_words(text)))


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    # A stemmer holds the word at hand, so threads can not share one.
    return str(snowballstemmer.stemmer("english").stemWord(word))


def check_written(name: str, text: str) -> None:
    """Raise InvalidRequest for a text that is blank or not Unicode; `name` is what it is called."""
    if not text.strip():
        raise InvalidRequest(f"The {name} is blank. Write something.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(
            f"The {name} is not valid Unicode: character {error.start} is a lone surrogate."
        ) from error
