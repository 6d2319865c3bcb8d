"""What speaks for a sentence as the answer to a question, in numbers."""

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from corpus.ingest import Embed
from rag.answer_kinds import definition_given, kind_given, place_given
from rag.evidence import Candidate
from rag.words import stems

Floats = NDArray[np.float64]

# The columns of `features`, in their order; all but `kind` (-1 to 1) are from 0 to 1 or so.
COLUMNS = (
    "cosine",  # of the question and the candidate
    "rest",  # the same of what is left of the question without the words of title and headings
    "passage",  # cosine of the question and the mean of the passage's candidates
    "words",  # share of the question's words in the candidate, its title and its headings
    "kind",  # whether what the question asks for, such as a number or a name, is there
    "place",  # the same where the question asks where
    "definition",  # the same where the question asks what
    "number",  # whether the candidate and its title lack a number that the question names
    "source",  # whether the whole document lacks such a number
    "rank",  # logarithm of the rank at which the passage was found
)

_NUMBER = re.compile(r"\d[\d.,]*\d|\d")
_ROOT = 5  # letters of a stem that are enough to tell a family of words


def features(question: str, found: Sequence[Candidate], embed: Embed) -> Floats:
    """The features of each candidate, float [len(found), len(COLUMNS)]."""
    if not found:
        return np.zeros((0, len(COLUMNS)))
    said = [item.in_context for item in found]
    above = [_above(item) for item in found]
    wanted = stems(question)
    titled = {heading: _asked_for(wanted, stems(heading)) for heading in above}
    rests = {heading: _without(question, words) for heading, words in titled.items()}
    asked = list(dict.fromkeys([question, *rests.values()]))
    vectors = np.asarray(embed([*asked, *said]), float)
    questions = dict(zip(asked, vectors, strict=False))
    sentences = vectors[len(asked) :]
    means = _means([item.passage.chunk.id for item in found], sentences)
    numbers = _numbers(question)
    texts = {item.document.id: item.document for item in found}
    documents = {name: _numbers(f"{one.title}\n{one.text}") for name, one in texts.items()}
    own = [_asked_for(wanted, stems(text)) for text in said]
    rows = []
    for at, item in enumerate(found):
        rows.append(
            (
                sentences[at] @ questions[question],
                sentences[at] @ questions[rests[above[at]]],
                means[item.passage.chunk.id] @ questions[question],
                _share(own[at] | titled[above[at]], wanted),
                kind_given(question, said[at]),
                place_given(question, said[at]),
                definition_given(question, said[at]),
                not numbers <= _numbers(said[at]) | _numbers(above[at]),
                not numbers <= documents[item.document.id],
                math.log(item.passage.rank),
            )
        )
    return np.array(rows, float)


def _numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(text))


def _above(item: Candidate) -> str:
    return "\n".join((item.passage.title, *item.passage.chunk.heading_path))


def _without(question: str, words: set[str]) -> str:
    """The question without what has one of these stems; all of it when nothing would be left."""
    kept = [token for token in question.split() if words.isdisjoint(stems(token))]
    return " ".join(kept) or question


def _means(keys: Sequence[int], vectors: Floats) -> Mapping[int, Floats]:
    """The mean direction of the vectors of each key."""
    sums: dict[int, Floats] = {}
    for key, vector in zip(keys, vectors, strict=True):
        sums[key] = sums.get(key, 0) + vector
    return {key: total / np.linalg.norm(total) for key, total in sums.items()}


def _share(words: set[str], wanted: Sequence[str]) -> float:
    return len(words) / len(wanted) if wanted else 0.0


def _asked_for(wanted: Sequence[str], words: Sequence[str]) -> set[str]:
    """Those of the wanted stems that stand among `words`, or one derived from them does.

    A stem that another begins with is taken for its root: minist(er) and ministeri(al).
    """
    near = [word for word in words if len(word) >= _ROOT]
    same = set(words)
    return {
        stem
        for stem in wanted
        if stem in same
        or (
            len(stem) >= _ROOT
            and any(word.startswith(stem) or stem.startswith(word) for word in near)
        )
    }
