"""Summaries and answers as files to read: Markdown, and a page of HTML that needs nothing else.

Both are pure functions. Each marker links to its quote further down, with the document's title, the
page and the address where there is one, and from there back. Whatever a document or a model wrote
is text: it can not become markup, a script or a link.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from itertools import groupby

from rag.layout import (
    Item,
    Line,
    Marker,
    Section,
    Words,
    date_of,
    lines_of,
    markers_of,
    place_of,
    references,
    set_aside,
    source_anchor,
)
from rag.sanitize import visible
from rag.types import Answer, Citation, Conflict, Coverage, Summary

# What CommonMark and GitHub's dialect read as markup within a line, and at the start of one.
_INLINE = re.compile(r"[\\`*_\[\]<>|~&$]")
_START = re.compile(r"^(\s*)(#+|[-+=:]|\d+(?=[.)]))", re.MULTILINE)
_ADDRESS = re.compile(r"https?://[^\s<>\"'`\\^{|}]+", re.IGNORECASE)

_NEVER = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def markdown_of(
    made: Summary | Answer | None,
    *,
    title: str,
    at: datetime,
    notes: Sequence[str] = (),
    sections: Sequence[Section] = (),
) -> str:
    """A summary or an answer in Markdown; `at` is when it was made.

    `notes` stand above the text, and `sections` below it; they may do without one. Anchors are
    HTML, which is the one form that viewers of Markdown share.
    """
    lines = [] if made is None else lines_of(made)
    parts = [f"# {_plain(title)}", date_of(at), *(_plain(one) for one in _notes(made, notes))]
    for is_item, group in groupby(lines, key=lambda line: line.is_item):
        texts = [_markdown_line(line) for line in group]
        parts += ["\n".join(f"- {one}" for one in texts)] if is_item else texts
    for section in sections:
        parts += [f"## {_plain(section.heading)}"]
        parts += ["\n".join(_markdown_item(one, made) for one in section.items)]
    if made is not None and made.conflicts:
        parts += ["## Where the sources disagree"]
        parts += ["\n".join(_markdown_conflict(one) for one in made.conflicts)]
    if made is not None and made.citations:
        parts += ["## Sources"]
        parts += [_markdown_source(one, lines) for one in made.citations]
    if isinstance(made, Summary) and made.coverage:
        parts += ["## What was read", _markdown_coverage(made.coverage)]
    return "\n\n".join(parts) + "\n"


def html_of(
    made: Summary | Answer | None,
    *,
    title: str,
    at: datetime,
    notes: Sequence[str] = (),
    sections: Sequence[Section] = (),
) -> str:
    """The same as a page of HTML, with its style in it and nothing to load."""
    lines = [] if made is None else lines_of(made)
    style = files("rag").joinpath("render.css").read_text(encoding="utf-8")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_NEVER}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{_text(title)}</title>",
            f"<style>\n{style}</style>",
            "</head>",
            "<body>",
            "<main>",
            f'<h1 lang="" dir="auto">{_text(title)}</h1>',
            f'<p class="when"><time datetime="{at.isoformat()}">{date_of(at)}</time></p>',
            *(f'<p class="note" dir="auto">{_text(note)}</p>' for note in _notes(made, notes)),
            *_html_text(lines),
            *_html_sections(sections, made),
            *_html_conflicts(() if made is None else made.conflicts),
            *_html_sources(() if made is None else made.citations, lines),
            *_html_coverage(made.coverage if isinstance(made, Summary) else ()),
            "</main>",
            "</body>",
            "</html>\n",
        ]
    )


def _notes(made: Summary | Answer | None, notes: Sequence[str]) -> list[str]:
    """The notes, and what a summary says of itself where it is not complete."""
    left_out = made.detail if isinstance(made, Summary) else None
    return [*notes, left_out] if left_out else list(notes)


def _plain(text: str) -> str:
    """Text as one line of Markdown that shows it as it is."""
    line = _INLINE.sub(r"\\\g<0>", " ".join(visible(text).split()))
    return _START.sub(_escaped_start, line)


def _escaped_start(found: re.Match[str]) -> str:
    """With a backslash before what would begin a heading, list or rule, or after a number."""
    after = found[2] + "\\" if found[2].isdigit() else "\\" + found[2]
    return found[1] + after


def _markdown_line(line: Line) -> str:
    text = "".join(_markdown_piece(piece, is_first=not at) for at, piece in enumerate(line.pieces))
    return text.strip()


def _markdown_piece(piece: Words | Marker, *, is_first: bool) -> str:
    if isinstance(piece, Marker):
        number = piece.citation.marker
        return f'<a id="{piece.anchor}"></a>[\\[{number}\\]](#{source_anchor(number)})'
    text = _plain(piece.text) if is_first else _INLINE.sub(r"\\\g<0>", piece.text)
    return text if piece.doubt is None else f"{text} *({piece.doubt})*"


def _markdown_item(item: Item, made: Summary | Answer | None) -> str:
    markers = "".join(
        f" [\\[{one}\\]](#{source_anchor(one)})" for one in markers_of(made, item.version)
    )
    address = _markdown_address(item.uri)
    head = f"- **{_plain(item.title)}**{markers}, {_plain(item.detail)}{address}"
    lines = [head]
    for quotes in item.quotes:
        lines += [f"  - {_plain(quotes.label)}:"]
        lines += ["\n    >\n".join(f"    > {_plain(text)}" for text in quotes.texts)]
    return "\n".join(lines)


def _markdown_conflict(conflict: Conflict) -> str:
    ends = " and ".join(f"[\\[{one}\\]](#{source_anchor(one)})" for one in conflict.citations)
    return f"- {ends}: {_plain(conflict.detail)}"


def _markdown_source(citation: Citation, lines: list[Line]) -> str:
    number = citation.marker
    back = " ".join(f"[↩](#{one.anchor})" for one in references(lines, number))
    quote = "\n".join(f"> {_plain(one)}" for one in citation.quote.splitlines() if one.strip())
    where = f"{_plain(citation.title)}, {_plain(place_of(citation))}"
    return (
        f'<a id="{source_anchor(number)}"></a>**\\[{number}\\]** {where}'
        f"{_markdown_address(citation.uri)} {back}\n\n{quote}"
    )


def _markdown_address(uri: str | None) -> str:
    if uri is None:
        return ""
    return f", <{uri}>" if _ADDRESS.fullmatch(uri) else f", {_plain(uri)}"


def _markdown_coverage(coverage: Sequence[Coverage]) -> str:
    rows = [
        f"| {_plain(one.title)} | {one.read} | {one.cited} | {set_aside(dict(one.set_aside))} |"
        for one in coverage
    ]
    head = "| Document | Sentences read | cited | set aside |\n| --- | ---: | ---: | --- |"
    return "\n".join([head, *rows])


def _text(text: str) -> str:
    return escape(visible(text))


def _html_text(lines: list[Line]) -> Iterator[str]:
    for is_item, group in groupby(lines, key=lambda line: line.is_item):
        tag = "li" if is_item else "p"
        if is_item:
            yield "<ul>"
        for line in group:
            pieces = "".join(_html_piece(piece) for piece in line.pieces).strip()
            yield f'<{tag} lang="" dir="auto">{pieces}</{tag}>'
        if is_item:
            yield "</ul>"


def _html_piece(piece: Words | Marker) -> str:
    if isinstance(piece, Marker):
        return f'<sup id="{piece.anchor}">{_html_marker(piece.citation.marker)}</sup>'
    if piece.doubt is None:
        return escape(piece.text)
    return (
        f'<span class="doubt">{escape(piece.text)}</span> '
        f'<em class="verdict" lang="en">({piece.doubt})</em>'
    )


def _html_marker(number: int) -> str:
    return (
        f'<a href="#{source_anchor(number)}" role="doc-noteref" lang="en" '
        f'aria-label="Source {number}">[{number}]</a>'
    )


def _html_sections(sections: Sequence[Section], made: Summary | Answer | None) -> Iterator[str]:
    for at, section in enumerate(sections, start=1):
        yield f'<section aria-labelledby="section-{at}">'
        yield f'<h2 id="section-{at}">{_text(section.heading)}</h2>\n<ul class="documents">'
        for item in section.items:
            markers = "".join(
                f"<sup>{_html_marker(one)}</sup>" for one in markers_of(made, item.version)
            )
            title = f'<cite lang="" dir="auto">{_text(item.title)}</cite>{markers}'
            yield f"<li>\n<p>{title}, {_text(item.detail)}{_html_address(item.uri)}</p>"
            for quotes in item.quotes:
                yield f"<p>{_text(quotes.label)}:</p>"
                for text in quotes.texts:
                    yield f'<blockquote lang="" dir="auto">{_text(text)}</blockquote>'
            yield "</li>"
        yield "</ul>\n</section>"


def _html_conflicts(conflicts: Sequence[Conflict]) -> Iterator[str]:
    if not conflicts:
        return
    yield '<section aria-labelledby="conflicts">'
    yield '<h2 id="conflicts">Where the sources disagree</h2>\n<ul>'
    for one in conflicts:
        ends = " and ".join(_html_marker(number) for number in one.citations)
        yield f'<li dir="auto">{ends}: {_text(one.detail)}</li>'
    yield "</ul>\n</section>"


def _html_sources(citations: Sequence[Citation], lines: list[Line]) -> Iterator[str]:
    if not citations:
        return
    yield '<section role="doc-endnotes" aria-labelledby="sources">'
    yield '<h2 id="sources">Sources</h2>\n<ol>'
    for one in citations:
        back = " ".join(
            f'<a href="#{place.anchor}" role="doc-backlink" '
            f'aria-label="Back to where source {one.marker} is cited, {place.time}">↩</a>'
            for place in references(lines, one.marker)
        )
        yield f'<li id="{source_anchor(one.marker)}" value="{one.marker}">'
        yield f'<blockquote lang="" dir="auto">{_text(one.quote)}</blockquote>'
        where = f"{_text(place_of(one))}{_html_address(one.uri)}"
        yield f'<p><cite lang="" dir="auto">{_text(one.title)}</cite>, {where} {back}</p>\n</li>'
    yield "</ol>\n</section>"


def _html_address(uri: str | None) -> str:
    if uri is None:
        return ""
    shown = _text(uri)
    is_link = _ADDRESS.fullmatch(uri) is not None
    return f', <a href="{shown}" rel="noreferrer">{shown}</a>' if is_link else f", {shown}"


def _html_coverage(coverage: Sequence[Coverage]) -> Iterator[str]:
    if not coverage:
        return
    yield '<section aria-labelledby="coverage">\n<h2 id="coverage">What was read</h2>\n<table>'
    yield "<thead><tr>"
    for name in ("Document", "Sentences read", "Cited", "Set aside"):
        yield f'<th scope="col">{name}</th>'
    yield "</tr></thead>\n<tbody>"
    for one in coverage:
        yield (
            f'<tr><th scope="row" lang="" dir="auto">{_text(one.title)}</th><td>{one.read}</td>'
            f"<td>{one.cited}</td><td>{_text(set_aside(dict(one.set_aside)))}</td></tr>"
        )
    yield "</tbody>\n</table>\n</section>"
