"""A model's text as it comes, into sentences and the ids that the model marked them with.

What a browser would follow or fetch is taken out: HTML tags, images, the targets of links, and URLs
that no source has. So are characters that can not be seen, which may carry what a reader is not to
notice.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from corpus.sentences import sentence_spans
from rag.sanitize import visible

Id = tuple[int, int | None]  # a passage, and a sentence of it or the whole of it

_ID_LIST = r"\s*\^?\d{1,3}(?:\.\d{1,4})?(?:\s*[,;]\s*\d{1,3}(?:\.\d{1,4})?)*\s*"
_MARKED = re.compile(rf"(?:\[({_ID_LIST})\]|【({_ID_LIST})】)(?:\([^()\s]*\))?")
_LINKED = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\n]*\)")
_TAG = re.compile(r"<(?:!--.*?--|/?[a-zA-Z][^<>\n]*)>", re.DOTALL)
_URL = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]\"'”]*", re.IGNORECASE)
_BEGINS_URL = re.compile(r"(?:h|ht|htt|https?:?/?|w|ww|www)$", re.IGNORECASE)
_OPENS = re.compile(rf"!?\[|【|<|!$|\b(?:https?://|www\.)|\b{_BEGINS_URL.pattern}", re.IGNORECASE)
_MAY_GO_ON = 400  # characters of what is opened and not closed, after which it is plain text

_LEAD = re.compile(r"(?:[-*+•]|\d{1,2}[.)]|#{1,6}|>)\s+")
_MAY_END = re.compile(r"[.!?…][\"'”’)*_]*\s+|[。！？]")  # noqa: RUF001 -- full-width stops
_AHEAD = 30  # characters after a possible end that tell whether it is one
_LONGEST = 2000  # characters of a sentence, which is ended there if nothing else ends it


@dataclass(frozen=True, slots=True)
class Shown:
    """More of the sentence that is being written, or of what stands before it."""

    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """A sentence that is complete: all of `lead + text` has been shown.

    `lead` is what stands before it: white space and a list's marker. `ids` are as marked.
    """

    lead: str
    text: str
    ids: tuple[Id, ...]


class MarkedText:
    """Takes pieces of a text, however they are cut, and gives what is shown and the sentences."""

    def __init__(self, sources: str = "") -> None:
        """Begin a text, in which URLs may stand that are in `sources`."""
        self._sources = sources
        self._raw = ""  # not yet looked through for what is taken out
        self._text = ""  # of the sentence at hand, its lead before it
        self._marks: list[tuple[int, Id]] = []  # with where they stood in `_text`
        self._shown = 0
        self._space_due = False  # an id was taken out between two words

    def feed(self, piece: str) -> Iterator[Shown | Written]:
        """Take more of the text."""
        self._raw += visible(piece)
        self._take(final=False)
        yield from self._sentences(final=False)

    def end(self) -> Iterator[Shown | Written]:
        """Take what was held back, since nothing more comes."""
        self._take(final=True)
        yield from self._sentences(final=True)

    def _take(self, *, final: bool) -> None:
        """Move from the raw text what needs no more of it to be understood."""
        while opened := _OPENS.search(self._raw):
            self._append(self._raw[: opened.start()])
            self._raw = self._raw[opened.start() :]
            if not final and _is_open(self._raw):
                return
            self._take_opened(final=final)
        self._append(self._raw)
        self._raw = ""

    def _take_opened(self, *, final: bool) -> None:
        if marked := _MARKED.match(self._raw):
            self._mark(marked[1] or marked[2])
            end = marked.end()
        elif linked := _LINKED.match(self._raw):
            if not linked[0].startswith("!"):
                self._append(linked[1])
            end = linked.end()
        elif tag := _TAG.match(self._raw):
            end = tag.end()
        elif url := _URL.match(self._raw):
            known = url[0].rstrip(".,;:!?")
            if known in self._sources:
                self._append(known)
            else:
                self._cut()
            end = len(known)
        elif final and (target := self._raw.find("](")) > 0:  # a link that breaks off
            self._append(self._raw[1:target].lstrip("["))
            end = len(self._raw)
        else:
            self._append(self._raw[0])
            end = 1
        self._raw = self._raw[end:]

    def _append(self, text: str) -> None:
        if not text:
            return
        if self._space_due:
            self._space_due = False
            text = text.lstrip(" ")
            if text[:1].isalnum() or text[:1] in "\"'“‘(":
                text = " " + text
        self._text += text

    def _mark(self, ids: str) -> None:
        before = self._cut()
        for one in re.split(r"[,;]", ids):
            passage, _, sentence = one.strip().lstrip("^").partition(".")
            self._marks.append((before, (int(passage), int(sentence) if sentence else None)))

    def _cut(self) -> int:
        """Take out what comes next, and the space before it; where that was."""
        before = self._text.rstrip(" ")
        self._space_due = bool(before.strip()) and not before.endswith("\n")
        if self._space_due:
            self._text = before
        return len(before)

    def _sentences(self, *, final: bool) -> Iterator[Shown | Written]:
        while (end := self._end(final=final)) is not None:
            yield from self._complete(end)
        if final:
            if self._text.strip():
                yield from self._complete(len(self._text))
            return
        undecided = _MAY_END.search(self._text, _content(self._text))
        limit = undecided.end() if undecided else len(self._text)
        limit = len(self._text[:limit].rstrip())
        if limit > max(self._shown, _content(self._text)):
            yield Shown(self._text[self._shown : limit])
            self._shown = limit

    def _end(self, *, final: bool) -> int | None:
        """Where the sentence at hand ends, if that can be told."""
        start = _content(self._text)
        line = self._text.find("\n", start)
        for possible in _MAY_END.finditer(self._text, start):
            after = possible.end()
            if 0 <= line < after:
                break
            if not (final or line >= 0) and len(self._text) < after + _AHEAD:
                return None
            ahead = self._text[start : after + _AHEAD].split("\n")[0]
            if any(span.start == after - start for span in sentence_spans(ahead)):
                return after
            if after - start > _LONGEST:
                return after
        if line >= 0:
            return line
        return start + _LONGEST if len(self._text) > start + _LONGEST + _AHEAD else None

    def _complete(self, end: int) -> Iterator[Shown | Written]:
        whole = self._text[:end].rstrip()
        if len(whole) > self._shown:
            yield Shown(whole[self._shown :])
        start = min(_content(whole), len(whole))
        ids = dict.fromkeys(mark for at, mark in self._marks if at <= len(whole))
        yield Written(whole[:start], whole[start:], tuple(ids))
        self._marks = [(at - len(whole), mark) for at, mark in self._marks if at > len(whole)]
        self._text = self._text[len(whole) :]
        self._shown = 0


def _is_open(text: str) -> bool:
    """Whether more text may make something else of what is opened at the start of this one."""
    if len(text) > _MAY_GO_ON:
        return False
    if text[0] == "<":
        plain = len(text) > 1 and not (text[1].isalpha() or text[1] in "/!")
        return not plain and ">" not in text and ("\n" not in text or text.startswith("<!"))
    if text == "!" or _URL.fullmatch(text) or _BEGINS_URL.fullmatch(text):
        return True
    closed = re.search(r"[\]】\n]", text)
    if closed is None:
        return True
    rest = text[closed.end() :]
    if closed[0] == "\n":
        return False
    return not rest or (rest[0] == "(" and re.search(r"[)\n]", rest) is None)


def _content(text: str) -> int:
    """Where a sentence begins: after white space and a list's marker."""
    start = len(text) - len(text.lstrip())
    lead = _LEAD.match(text, start)
    return lead.end() if lead else start
