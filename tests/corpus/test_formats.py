"""What holds for every format: nothing is lost or moved, and no file does harm."""

import csv
import io
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.chunk import MAX_TOKENS, chunk
from corpus.errors import UnreadableDocument
from corpus.isolate import ParserPool
from corpus.parse import parse
from corpus.sniff import CSV, DOCX, XLSX, sniff
from corpus.types import BlockKind, ParsedText
from corpus.writing import one_line
from tests.corpus.files import one_of_each, sheet, word
from tests.corpus.texts import assert_chunks_hold

FILES = one_of_each()
Count = Callable[[str], int]
Rows = Sequence[Sequence[str]]

_CHARACTERS = st.characters(exclude_categories=["Cs", "Cc", "Cn"])
_CELLS = st.one_of(
    st.sampled_from(["", "46.3", "+12.9 %", "2026", "a | b", "|", "\\|", "Skarne–Little Orrin"]),
    st.text(_CHARACTERS, max_size=12).filter(lambda cell: not cell.startswith("=")),  # no formula
)


@st.composite
def tables(draw: st.DrawFn) -> Rows:
    """A header, and rows of any cells, some of them blank."""
    width = draw(st.integers(2, 4))
    rows = draw(st.lists(st.lists(_CELLS, min_size=width, max_size=width), min_size=1, max_size=6))
    return [[f"Name {at}" for at in range(width)], *rows]


def as_csv(rows: Rows) -> bytes:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue().encode()


def lines_of(parsed: ParsedText) -> Iterator[str]:
    """What can be cited, in order: rows and paragraphs."""
    for block in parsed.blocks:
        spans = [row.span for row in block.rows] or [block.span]
        yield from (span.of(parsed.text) for span in spans)


def assert_blocks_hold(parsed: ParsedText) -> None:
    """Blocks and rows are within the text, in order, and disjoint; pages are all of it."""
    end = 0
    for block in parsed.blocks:
        assert end <= block.span.start < block.span.end <= len(parsed.text)
        end = block.span.start
        for row in block.rows:
            assert end <= row.span.start < row.span.end <= block.span.end
            end = row.span.end
        end = block.span.end
        assert bool(block.level) is (block.kind is BlockKind.HEADING)
    assert "".join(page.of(parsed.text) for page in parsed.pages) in ("", parsed.text)
    assert not set("\0\r") & set(parsed.text)


@pytest.mark.parametrize(
    ("make", "media_type"),
    [(as_csv, CSV), (sheet, XLSX), (word, DOCX)],
    ids=["csv", "xlsx", "docx"],
)
@settings(max_examples=60)
@given(rows=tables())
def test_each_cell_of_any_table_is_found_at_its_row(
    count_tokens: Count, make: Callable[[Rows], bytes], media_type: str, rows: Rows
) -> None:
    parsed = parse(make(rows), media_type)
    assert_blocks_hold(parsed)
    assert_chunks_hold(parsed, chunk(parsed, count_tokens), count_tokens, MAX_TOKENS)
    lines = lines_of(parsed)
    for row in rows:
        cells = [cell for cell in map(one_line, row) if cell]
        if cells:
            assert any(_has(line, cells) for line in lines), (
                f"{cells} is not there, or not in order"
            )


def _has(line: str, cells: Sequence[str]) -> bool:
    at = 0
    line = line.replace(r"\|", "|")
    for cell in cells:
        at = line.find(cell.replace(r"\|", "|"), at)
        if at < 0:
            return False
        at += len(cell.replace(r"\|", "|"))
    return True


@pytest.mark.parametrize("name", FILES)
def test_chunks_of_a_file_hold_all_of_it_once(count_tokens: Count, name: str) -> None:
    parsed = parse(FILES[name], sniff(FILES[name], name))
    assert_blocks_hold(parsed)
    assert_chunks_hold(parsed, chunk(parsed, count_tokens), count_tokens, MAX_TOKENS)
    assert parsed.title or name == "costs.xlsx"


@pytest.mark.parametrize("name", FILES)
def test_the_same_bytes_are_the_same_text(name: str) -> None:
    media_type = sniff(FILES[name], name)
    assert parse(FILES[name], media_type) == parse(FILES[name], media_type)


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    opened = ParserPool(processes=1, seconds=10)
    yield opened
    opened.close()


def _read(pool: ParserPool, data: bytes, name: str) -> None:
    """Read it; any error but an unreadable document is one of the test too."""
    with suppress(UnreadableDocument):
        assert_blocks_hold(pool.parse(data, sniff(data, name)))


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_cut_anywhere_is_an_error_or_a_document(
    pool: ParserPool, name: str
) -> None:
    data = FILES[name]
    for length in {0, 1, 4, 8, *range(0, len(data), max(1, len(data) // 60)), len(data) - 1}:
        _read(pool, data[:length], name)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_spoilt_anywhere_is_an_error_or_a_document(
    pool: ParserPool, name: str
) -> None:
    chance = random.Random(name)  # noqa: S311 -- where it is spoilt
    for _ in range(60):
        data = bytearray(FILES[name])
        for _ in range(chance.choice([1, 4, 40])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        _read(pool, bytes(data), name)
