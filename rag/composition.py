"""The text of an answer as it grows, with its sentences and citations."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from corpus.types import Span
from rag.citations import Pointer, citation_id, cite
from rag.events import Checked, Delta
from rag.types import Citation, Sentence, Verdict


class Composition:
    """What has been said so far. Every `Delta` that leaves here is already in `text`."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.text = ""
        self.sentences: list[Sentence] = []
        self._citations: dict[str, Citation] = {}
        self._ended = 0  # where the last sentence and its markers end

    @property
    def citations(self) -> tuple[Citation, ...]:
        """In the order of their markers, which count from 1 as they are first used."""
        return tuple(self._citations.values())

    def say(self, text: str) -> Iterator[Delta]:
        """Go on with the sentence at hand; white space before the first one is left out."""
        text = text if self.text else text.lstrip()
        if text:
            self.text += text
            yield Delta(text)

    def end_sentence(
        self, text: str, pointers: Iterable[Pointer], verdict: Verdict, score: float
    ) -> Iterator[Delta | Checked]:
        """End the sentence `text`, with which what was said ends, by its markers: " [1][2]"."""
        start = len(self.text) - len(text)
        new: list[Citation] = []
        markers: list[int] = []
        for pointer in pointers:
            name = citation_id(pointer.document.id, pointer.document.version, pointer.span)
            if name not in self._citations:
                self._citations[name] = cite(pointer, len(self._citations) + 1)
                new.append(self._citations[name])
            markers.append(self._citations[name].marker)
        sentence = _sentence(text, start, verdict, score, markers)
        self.sentences.append(sentence)
        if markers:
            yield from self.say(" " + "".join(f"[{marker}]" for marker in sentence.citations))
        self._ended = len(self.text)
        yield Checked(len(self.sentences) - 1, sentence, tuple(new))

    def cut(self, most: int) -> None:
        """Take the last sentences back until at most so many words are left, or one sentence."""
        words = self.words
        while len(self.sentences) > 1 and words > most:
            words -= len(self.sentences.pop().text.split())
        last = self.sentences[-1] if self.sentences else None
        if last is None or self._ended <= last.span.end:
            return
        markers = "".join(f"[{marker}]" for marker in last.citations)
        end = last.span.end + (len(markers) + 1 if markers else 0)
        self.text, self._ended = self.text[:end], end
        kept = max((marker for one in self.sentences for marker in one.citations), default=0)
        self._citations = dict(islice(self._citations.items(), kept))

    @property
    def words(self) -> int:
        """How long it is, without markers."""
        return sum(len(one.text.split()) for one in self.sentences)

    def break_off(self) -> Iterator[Checked]:
        """End a sentence that was begun, of which no more comes: nothing is claimed by it."""
        rest = self.text[self._ended :].lstrip()
        if rest:
            start = len(self.text) - len(rest)
            self.sentences.append(_sentence(rest, start, Verdict.NOT_A_CLAIM, 0.0, ()))
            self._ended = len(self.text)
            yield Checked(len(self.sentences) - 1, self.sentences[-1], ())


def _sentence(
    text: str, start: int, verdict: Verdict, score: float, markers: Sequence[int]
) -> Sentence:
    return Sentence(
        text, Span(start, start + len(text)), verdict, score, tuple(dict.fromkeys(markers))
    )
