"""Text to sentence spans, by syntok (rule-based, MIT), mended for titles before names."""

import re

from syntok import segmenter

from corpus.types import Span

# syntok ends a sentence after these; in news a name always follows.
_TITLES = frozenset({"Gov.", "Rep.", "Sen.", "Lt.", "Capt.", "Cllr.", "Supt.", "Hon.", "Rev."})

# A text without one of these before its end is one sentence, and syntok, which is slow, not asked.
_MAY_END = re.compile(r"[.!?…‥。\uff01\uff1f;:\n\r\v\f\x85\u2028\u2029]")
_AT_THE_END = ".!?”\"’')"


def sentence_spans(text: str, start: int = 0) -> list[Span]:
    """Spans of the sentences of `text`, shifted by `start`.

    They are in order, do not overlap, have no white space at their ends, and leave out nothing
    but white space.
    """
    if _MAY_END.search(text.strip().rstrip(_AT_THE_END)) is None:
        return trimmed(text, 0, len(text), start)
    starts: list[int] = []
    for paragraph in segmenter.analyze(text):
        for tokens in paragraph:
            first = next(iter(tokens)).offset
            if not starts or not _ends_in_title(text[starts[-1] : first]):
                starts.append(first)
    if not starts:
        return trimmed(text, 0, len(text), start)
    starts[0] = 0  # characters that are no token to syntok still belong to a sentence
    ends = [*starts[1:], len(text)]
    return [span for a, b in zip(starts, ends, strict=True) for span in trimmed(text, a, b, start)]


def trimmed(text: str, start: int, end: int, shift: int = 0) -> list[Span]:
    """`text[start:end]` without the white space at its ends, shifted; [] when nothing is left."""
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    right = start + len(piece.rstrip())
    return [Span(left + shift, right + shift)] if left < right else []


def _ends_in_title(sentence: str) -> bool:
    words = sentence.rsplit(maxsplit=1)
    return bool(words) and words[-1] in _TITLES
