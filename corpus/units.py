"""Blocks to units, the smallest pieces that can be quoted: sentences and table rows."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from corpus.clean import is_correction, is_residue
from corpus.sentences import sentence_spans, trimmed
from corpus.types import Block, BlockKind, Flaw, ParsedText, Span, Unit, UnitKind

_TABLE_NAME = re.compile(r"(table|tab\.|figure|fig\.|exhibit|annex)\s*\w{1,5}\b", re.IGNORECASE)
_LABEL_WORDS = 40  # a longer line is more than a label
_MARKER = re.compile(r"\s*(([-*+•‣]|\d{1,3}[.)]|>)\s+)+")


def units_of(parsed: ParsedText, fits: Callable[[str], bool]) -> list[Unit]:
    """The units of a parsed text, in order, not overlapping; one that does not fit is cut.

    Text outside every block becomes units of kind OTHER. Only list markers, quotation marks of
    Markdown and the line between a table's header and its rows are in no unit.
    """
    units: list[Unit] = []
    end = 0
    before: Block | None = None
    for block in sorted(parsed.blocks, key=lambda block: block.span):
        if block.span.start < end:
            continue  # nested in the block before it
        units.extend(_other(parsed.text, Span(end, block.span.start)))
        if block.kind is BlockKind.TABLE and block.rows:
            units.extend(_rows(parsed.text, block, _caption(parsed.text, before, units)))
        else:
            units.extend(_block_units(parsed.text, block))
        end, before = block.span.end, block
    units.extend(_other(parsed.text, Span(end, len(parsed.text))))
    return [piece for unit in units for piece in _cut(parsed.text, unit, fits)]


def _block_units(text: str, block: Block) -> list[Unit]:
    if block.kind is BlockKind.TEXT:
        paragraph = block.span.of(text)
        flaw = Flaw.RESIDUE if is_residue(paragraph) else None
        corrects = is_correction(paragraph)
        marker = _MARKER.match(paragraph)
        at = marker.end() if marker and marker.end() < len(paragraph.rstrip()) else 0
        return [
            Unit(span, UnitKind.SENTENCE, flaw=flaw, corrects=corrects)
            for span in sentence_spans(paragraph[at:], block.span.start + at)
        ]
    if block.kind is BlockKind.HEADING:
        whole = trimmed(text, block.span.start, block.span.end)
        return [Unit(span, UnitKind.HEADING) for span in whole]
    return _other(text, block.span)


def _caption(text: str, before: Block | None, units: Sequence[Unit]) -> Span | None:
    """What stands over a table, if it names the table, is a label, or ends in a colon.

    Of a paragraph that ends in a colon it is the last sentence.
    """
    if before is None or before.kind is not BlockKind.TEXT or not units[-1].quotable:
        return None
    (whole,) = trimmed(text, before.span.start, before.span.end)
    said = whole.of(text)
    if said.endswith(":"):
        return units[-1].span
    is_label = said[-1] not in ".!?" or _TABLE_NAME.match(said) is not None
    return whole if is_label and len(said.split()) <= _LABEL_WORDS else None


def _rows(text: str, block: Block, caption: Span | None) -> list[Unit]:
    header = block.rows[0].span
    units = [Unit(header, UnitKind.HEADER)]
    units.extend(Unit(row.span, UnitKind.ROW, header, caption, row.flaw) for row in block.rows[1:])
    return [
        replace(unit, span=span)
        for unit in units
        for span in trimmed(text, unit.span.start, unit.span.end)
    ]


def _other(text: str, span: Span) -> list[Unit]:
    return [Unit(part, UnitKind.OTHER) for part in trimmed(text, span.start, span.end)]


def _cut(text: str, unit: Unit, fits: Callable[[str], bool]) -> Iterator[Unit]:
    """The unit in pieces that fit, halved at the white space nearest its middle."""
    start, end = unit.span.start, unit.span.end
    if end - start < 2 or fits(text[start:end]):
        yield unit
        return
    middle = (start + end) // 2
    blanks = [at for at in _blanks_around(text, unit.span, middle) if start < at < end]
    stop = min(blanks, key=lambda at: abs(at - middle)) if blanks else middle
    for piece_start, piece_end in ((start, stop), (stop, end)):
        for span in trimmed(text, piece_start, piece_end):
            yield from _cut(text, replace(unit, span=span), fits)


def _blanks_around(text: str, span: Span, middle: int) -> Iterator[int]:
    for blank in (" ", "\n", "\t"):
        yield text.rfind(blank, span.start, middle)
        yield text.find(blank, middle, span.end)
