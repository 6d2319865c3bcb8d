"""ROUGE of summaries (Lin, 2004), as the package rouge-score computes it, with Porter's stemmer.

By hand, since that package has had no release since 2022 and no wheel.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import snowballstemmer

_WORD = re.compile(r"[a-z0-9]+")
_STEMMED = 4  # least length of a word that is stemmed


def rouge(summary: str, references: Sequence[str]) -> dict[str, float]:
    """F1 of the words, of their pairs, and of the longest common subsequence: the best reference's.

    Nothing without references.
    """
    said = _words(summary)
    scores: dict[str, float] = {}
    for wanted in map(_words, references):
        found = {
            "rouge1": _f1(_shared(said, wanted), len(said), len(wanted)),
            "rouge2": _f1(
                _shared(list(pairwise(said)), list(pairwise(wanted))),
                len(said) - 1,
                len(wanted) - 1,
            ),
            "rougeL": _f1(_longest(said, wanted), len(said), len(wanted)),
        }
        scores = {name: max(value, scores.get(name, 0.0)) for name, value in found.items()}
    return scores


def _words(text: str) -> list[str]:
    stemmer = snowballstemmer.stemmer("porter")
    words = _WORD.findall(text.lower())
    return [str(stemmer.stemWord(word)) if len(word) >= _STEMMED else word for word in words]


def _shared(one: Sequence[object], other: Sequence[object]) -> int:
    return (Counter(one) & Counter(other)).total()


def _f1(shared: int, said: int, wanted: int) -> float:
    return 2 * shared / (said + wanted) if shared else 0.0


def _longest(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for at, theirs in enumerate(other, 1):
            above = row[at]
            row[at] = before + 1 if word == theirs else max(above, row[at - 1])
            before = above
    return row[-1]
