"""Answers and summaries for a terminal, at most 80 columns wide.

Documents are not trusted: control characters never reach the terminal.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from api.abstention import WHY
from api.lookup import file_name
from rag.types import Answer, Citation, Coverage, Estimate, Status, Summary, Usage

_WIDTH = 80
_MOST_DOCUMENTS = 5  # that are named one by one
_LONGEST_QUOTE = 420  # characters, about six lines
_MARKER = re.compile(r"\[\d+\]")


def open_console(*, stderr: bool = False) -> Console:
    """A console of at most 80 columns that writes no colour codes to a file or a pipe."""
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    console.width = min(console.width, _WIDTH)
    return console


def show_answer(console: Console, answer: Answer) -> None:
    """The question, the answer with its markers, and each citation; or why there is none."""
    _block(console, Text(_plain(answer.question), "bold"))
    console.print()
    if answer.status is Status.ABSTAINED:
        _block(console, Text("No answer.", "yellow"), 2)
        if answer.reason is not None:
            _block(console, Text(WHY[answer.reason]), 2)
        _nearest(console, answer)
        return
    _marked(console, answer.text)
    _citations(console, answer.citations)
    for conflict in answer.conflicts:
        first, second = conflict.citations
        console.print()
        _block(console, Text(f"[{first}] and [{second}] disagree: {_plain(conflict.detail)}"), 2)


def show_summary(console: Console, summary: Summary) -> None:
    """The titles, the summary with its markers, each citation, and what was read for it."""
    for coverage in summary.coverage[:_MOST_DOCUMENTS]:
        _block(console, Text(_plain(coverage.title), "bold"))
    if (more := len(summary.coverage) - _MOST_DOCUMENTS) > 0:
        _block(console, Text(f"and {more:,} more", "bold"))
    if summary.focus:
        _block(console, Text(f"Focus: {_plain(summary.focus)}", "dim"))
    console.print()
    _marked(console, summary.text)
    _citations(console, summary.citations)
    for conflict in summary.conflicts:
        first, second = conflict.citations
        console.print()
        _block(console, Text(f"[{first}] and [{second}] disagree: {_plain(conflict.detail)}"), 2)
    console.print()
    if summary.detail:
        _block(console, Text(_plain(summary.detail), "yellow"), 2)
    if len(summary.coverage) <= _MOST_DOCUMENTS:
        for coverage in summary.coverage:
            _block(console, Text(_coverage_line(coverage), "dim"), 2)
    else:
        _block(console, Text(_coverage_line(_together(summary.coverage)), "dim"), 2)
    if summary.calls:
        _block(console, Text(_taken(summary.calls, summary.usage, summary.cost), "dim"), 2)


def show_estimate(console: Console, estimate: Estimate) -> None:
    """What a summary would take."""
    if not estimate.calls:
        _block(console, Text(f"{estimate.documents:,} documents, and no call of a model."))
        return
    read = f"{estimate.documents:,} documents of {estimate.sources:,} tokens: about"
    usage = Usage(estimate.sources, estimate.prompt, estimate.completion)
    _block(console, Text(f"{read} {_taken(estimate.calls, usage, estimate.cost)}"))


def shortened(quote: str) -> str:
    """A quote on one line; a very long one loses its middle, at spaces."""
    flat = " ".join(quote.split())
    if len(flat) <= _LONGEST_QUOTE:
        return flat
    half = _LONGEST_QUOTE // 2
    return f"{flat[:half].rpartition(' ')[0]} … {flat[-half:].partition(' ')[2]}"


def _marked(console: Console, text: str) -> None:
    for line in text.splitlines():
        styled = Text(_plain(line))
        styled.highlight_regex(_MARKER, "cyan")
        _block(console, styled, 2)


def _citations(console: Console, citations: Sequence[Citation]) -> None:
    before: Citation | None = None
    for citation in citations:
        label = f"[{citation.marker}] "
        console.print()
        quote = Text(f"“{_plain(shortened(citation.quote))}”")
        _block(console, quote, 2 + len(label), Text(f"  {label}", "cyan"))
        if not (before and before.uri and before.document_id == citation.document_id):
            _block(console, Text(_plain(citation.title), "bold dim"), 2 + len(label))
            if _is_web_address(citation.uri):
                _block(console, Text(_plain(citation.uri or ""), "dim"), 2 + len(label))
        _block(console, Text(_plain(_place(citation)), "dim"), 2 + len(label))
        before = citation


def _place(citation: Citation) -> str:
    headings = [part for part in citation.heading_path if part != citation.title]
    page = [f"page {citation.page}"] if citation.page is not None else []
    characters = f"characters {citation.span.start}-{citation.span.end}"
    file = [] if _is_web_address(citation.uri) else [file_name(citation.uri)]
    return " · ".join(
        [*([" > ".join(headings)] if headings else []), *page, characters, *filter(None, file)]
    )


def _is_web_address(uri: str | None) -> bool:
    return (uri or "").startswith(("https://", "http://"))


def _nearest(console: Console, answer: Answer) -> None:
    titles = list(dict.fromkeys(passage.title for passage in answer.passages))[:3]
    if titles:
        console.print()
        _block(console, Text("Searched, nearest first:", "dim"), 2)
    for title in titles:
        _block(console, Text(_plain(title), "dim"), 6, Text("    - ", "dim"))


def _coverage_line(coverage: Coverage) -> str:
    aside = [f"{count} {reason}" for reason, count in coverage.set_aside.items() if count]
    tail = f"; set aside: {', '.join(aside)}" if aside else ""
    return f"{coverage.cited} of {coverage.read} sentences and table rows are cited{tail}."


def _together(coverage: Sequence[Coverage]) -> Coverage:
    aside: Counter[str] = Counter()
    for one in coverage:
        aside.update(one.set_aside)
    read = sum(one.read for one in coverage)
    return Coverage("", "", read, sum(one.cited for one in coverage), aside)


def _taken(calls: int, usage: Usage, cost: float | None) -> str:
    paid = "" if cost is None else f", for {cost:.4f}"
    return (
        f"{calls:,} calls of the model, {usage.prompt:,} tokens sent and {usage.completion:,} "
        f"written{paid}."
    )


def _block(console: Console, text: Text, indent: int = 0, label: Text | None = None) -> None:
    """Wrapped lines, each behind `indent` columns; the first behind `label` instead."""
    for line in _wrapped(console, text, indent):
        start = Text(" " * indent) if label is None else label
        label = None
        console.print(start + line, soft_wrap=True)


def _wrapped(console: Console, text: Text, indent: int) -> Iterator[Text]:
    for line in text.wrap(console, max(console.width - indent, 20)):
        line.rstrip()
        yield line


def _plain(text: str) -> str:
    """Without what could steer a terminal: control characters and changes of direction."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if _steers(character) else character
        for character in text.replace("\n", " ").replace("\t", " ")
    )


def _steers(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in (
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
