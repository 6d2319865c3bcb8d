"""What a sentence is made of, as the checks compare it: words, names, figures, negations."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

from rag.quantities import Figures, figures, is_numeral
from rag.wording import ABSOLUTE, FRAMING, PARTIAL
from rag.words import content_words

_WORD = re.compile(r"[^\W_]+")
_ROOT = 5  # letters that make a stem another's root: minist(er), ministeri(al)
_NAME = re.compile(r"[^\W\d_][\w’'&-]*(?:\.[A-Z]\b)*")
_INNER_CAPITAL = re.compile(r"[A-Z]")
_STARTS = re.compile(r"(?:^|[.!?:;\n|]|[\"“‘(\[•*–—-])\s*$")
_NEGATOR = re.compile(
    r"\b(?:(?<!if )(?<!or )not(?! (?:only|just|to mention)\b)|never|no(?! (?:other|more|doubt)\b)"
    r"|none|nobody|nothing|nowhere|neither|nor|cannot|without|zero|unable|lacks?|lacked"
    r"|fail(?:s|ed|ing)? to|refus(?:es?|ed|ing) to|den(?:y|ies|ied))\b|n[’']t\b",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(  # what denies without a negator
    r"\b(?:im(?:possib|practical|probab)\w*|un(?:like|us|fortun)\w*|hard\w*|difficult\w*|rare\w*"
    r"|seldom|few|little|avoid\w*|prevent\w*|stop\w*|ban\w*|lack\w*|absen\w+|instead|rather"
    r"|decline\w*|drop\w*)\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(
    r"[.,](?![0-9])|[;:!?()|–—]|\b(?:but|because|although|though|while|which|who)\b"
)
_QUANTIFIED = re.compile(
    rf"\b({'|'.join(sorted(ABSOLUTE | PARTIAL))})\b (?:(?:of|the|these|those|its) ){{0,2}}(\w+)"
)
_ADVERB = re.compile(r"\w+ly|even|yet|well|enough|always|way|get|got")
_OF_THINGS = re.compile(r"no\b|without|zero|lack", re.IGNORECASE)
_DENIED_THINGS = 1  # content words after a negator of things that it denies
_DENIED = 2  # content words after a negator that it denies
_NO_NAMES = frozenset(
    """i a an the this that these those he she it we they you his her its our their my your there
    here who what when where why how which and but or so if as at by for from in of on to with yes
    no not also then thus however although though while after before since because during according
    both each every all some many most more other another such one two three four five six seven
    eight nine ten first second third finally overall additionally furthermore moreover meanwhile
    therefore monday tuesday wednesday thursday friday saturday sunday january february march april
    may june july august september october november december mr mrs ms dr""".split()
)


@dataclass(frozen=True, slots=True)
class Terms:
    """A text taken apart; `stems` are of the words that carry what it states.

    `said` are the stems of all content words, `denied` those of them that follow a negator. A stem
    comes with its word as it stands.
    """

    stems: Mapping[str, str]
    said: Mapping[str, str]
    denied: frozenset[str]
    negative: bool  # something is denied, in whatever words
    roots: Mapping[str, Sequence[str]]  # first letters -> the stems that begin with them
    words: frozenset[str]  # all, in lower case
    names: tuple[str, ...]
    quantified: tuple[tuple[str, str], ...]  # "all" or "most", and the stem of what follows
    figures: Figures

    def has(self, stem: str) -> bool:
        """Whether a stem is there, or one that it begins, or that begins it."""
        return (
            stem in self.stems
            or stem in self.words
            or any(
                other.startswith(stem) or stem.startswith(other)
                for other in self.roots.get(stem[:_ROOT], ())
            )
        )


@lru_cache(maxsize=1 << 14)
def terms(text: str) -> Terms:
    """The terms of a text. What was taken apart lately is remembered."""
    said = {_stem(word): word for word in content_words(text)}
    stems = {stem: word for stem, word in said.items() if _carries(word)}
    roots: dict[str, list[str]] = {}
    for stem in stems:
        if len(stem) >= _ROOT:
            roots.setdefault(stem[:_ROOT], []).append(stem)
    denied = _denied(text)
    return Terms(
        stems,
        said,
        denied,
        bool(denied) or _NEGATIVE.search(text) is not None,
        roots,
        frozenset(_WORD.findall(text.lower())),
        tuple(dict.fromkeys(_names(text))),
        tuple((word, _stem(of)) for word, of in _QUANTIFIED.findall(text.lower())),
        figures(text),
    )


def _denied(text: str) -> frozenset[str]:
    """Stems that only follow negators, wherever they occur."""
    denied: list[str] = []
    for found in _NEGATOR.finditer(text):
        stop = _CLAUSE_END.search(text, found.end())
        clause = text[found.end() : stop.start() if stop else len(text)]
        words = [word for word in content_words(clause) if not _ADVERB.fullmatch(word)]
        reach = _DENIED_THINGS if _OF_THINGS.match(found.group()) else _DENIED
        denied.extend(_stem(word) for word in words[:reach])
    times = Counter(_stem(word) for word in _WORD.findall(text.lower())) if denied else {}
    return frozenset(stem for stem in denied if times.get(stem, 0) <= denied.count(stem))


def _carries(word: str) -> bool:
    """Whether a word is part of what is stated; figures are compared as such."""
    return word not in FRAMING and not word[0].isdigit() and not is_numeral(word)


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    stemmer = snowballstemmer.stemmer("english")  # it holds the word at hand: one for each call
    return str(stemmer.stemWord(word.removesuffix("'s").removesuffix("’s")))


def _names(text: str) -> Iterator[str]:
    """Words with a capital that no start of a sentence explains."""
    for found in _NAME.finditer(text):
        word = found.group().removesuffix("'s").removesuffix("’s").strip("'’-&.")
        if len(word) < 2 or not word[0].isupper() or word.lower() in _NO_NAMES:
            continue
        inner = _INNER_CAPITAL.search(word[1:]) is not None
        after = text[found.end() : found.end() + 2]
        goes_on = len(after) == 2 and after[0] == " " and after[1].isupper()
        if inner or goes_on or not _STARTS.search(text[max(0, found.start() - 4) : found.start()]):
            yield word
