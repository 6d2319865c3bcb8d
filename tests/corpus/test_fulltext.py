"""Words find the same chunks in SQLite and in Postgres."""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.backlog import mark_embedded, unembedded
from corpus.chunk import chunk
from corpus.fulltext import words_of
from corpus.library import Draft, Library
from corpus.parse import parse_text
from corpus.search import by_words, found_chunks
from corpus.types import ParsedText

Put = Callable[[Library, str], None]


@pytest.fixture
def put(count_tokens: Callable[[str], int]) -> Put:
    """Stores a text as a document that can be searched."""

    def store(library: Library, text: str) -> None:
        parsed: ParsedText = parse_text(text, "text/plain")
        digest = hashlib.sha256(text.encode()).hexdigest()
        draft = Draft(
            collection="news",
            external_id=None,
            uri=None,
            title="Notes",
            media_type="text/plain",
            metadata={},
            content_hash=digest,
            text=parsed.text,
            chunks=chunk(parsed, count_tokens),
        )
        library.accept("t", draft)
        mark_embedded(library, [item.chunk_id for item in unembedded(library, 100)])

    return store


def found(library: Library, *words: str, k: int = 10) -> list[str]:
    """The texts that have any of the words, the best first."""
    ids = by_words(library, "t", "news", words, k)
    chunks = found_chunks(library, "t", "news", ids)
    return [chunks[one].text for one in ids]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The ministers were running.", "minister"),
        ("The ministers were running.", "RUN"),
        ("They agreed at the Café Brück.", "cafe"),
        ("They agreed at the Cafe Bruck.", "brück"),
        ("It cost 61.5 million.", "61.5"),
        ("It cost 1,234.5 million.", "1,234.5"),
        ("See www.example.org/ferry-timetable for more.", "timetables"),
        ("Write to harbour@example.org today.", "harbour"),
        ("The co-operation ended.", "operation"),
        ("日本語の文章です", "日本語の文章です"),
        ("It is Mr. O'Neill's boat.", "neill"),
        ("An s stands alone.", "s"),
        (f"A run {'x' * 560} of letters.", "x" * 560),
    ],
)
def test_a_word_is_found_as_it_is_meant(library: Library, put: Put, text: str, word: str) -> None:
    put(library, text)
    put(library, "Nothing of that kind here.")
    assert found(library, word) == [text]


@pytest.mark.parametrize("word", ["absent", "615", "", '"', "'", "\\", "&|!", "a:*", "NEAR", "-"])
def test_what_is_not_there_is_not_found(library: Library, put: Put, word: str) -> None:
    put(library, "It cost 61.5 million, and 5 61 more.")
    assert found(library, word) == []
    assert found(library) == []


def test_the_title_is_searched_too(library: Library, put: Put) -> None:
    put(library, "Herring is cheap.")
    assert found(library, "note") == ["Herring is cheap."]


def test_any_of_the_words_will_do_and_more_and_rarer_ones_are_better(
    library: Library, put: Put
) -> None:
    for number in range(8):
        put(library, f"A boat came in for the {number}th time.")
    put(library, "The council met.")
    put(library, "The council went home.")
    put(library, "The harbour council met on dredging.")
    put(library, "The dredging was late.")
    texts = found(library, "council", "dredging")
    assert texts[:2] == ["The harbour council met on dredging.", "The dredging was late."]
    assert len(texts) == 4
    assert len(found(library, "council", "dredging", k=3)) == 3


@given(text=st.text(max_size=60))
def test_a_word_of_the_index_is_letters_and_digits(text: str) -> None:
    for word in words_of(text):
        assert word
        assert word.isalnum() or any(character.isalnum() for character in word)
        assert not set(word) & set("'\\ :&|!<>()*")


@pytest.fixture
def ranks_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a large library is like for words that are in thousands of rows."""
    monkeypatch.setattr("corpus.fulltext._RANKED_AT_ONCE", 1)


@pytest.mark.usefixtures("ranks_one_row")
def test_rows_with_the_rare_words_are_enough_when_they_are_many(library: Library, put: Put) -> None:
    for number in range(4):
        put(library, f"The ferry of the board, number {number}.")
    put(library, "The ferry of the herring board.")
    assert found(library, "ferry", "herring", k=1) == ["The ferry of the herring board."]


@pytest.mark.usefixtures("ranks_one_row")
def test_common_words_find_rows_where_the_rare_ones_are_too_few(library: Library, put: Put) -> None:
    for number in range(4):
        put(library, f"The ferry of the board, number {number}.")
    put(library, "The ferry of the herring board.")
    assert len(found(library, "ferry", "herring", k=5)) == 5
    assert found(library, "ferry", "herring", k=5)[0] == "The ferry of the herring board."
