"""What is true of the documents, whatever the vector index holds."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from sqlalchemy import text as sql

from corpus.chunk import chunk
from corpus.errors import IncompatibleData, InvalidRequest, NotFound
from corpus.library import Draft, Library
from corpus.parse import parse_text
from corpus.search import by_words, found_chunks
from corpus.types import Accepted, Outcome
from tests.corpus.texts import written_texts

Count = Callable[[str], int]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library.sqlite", "model-1")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def one_library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    opened = Library(tmp_path_factory.mktemp("library") / "library.sqlite", "model-1")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def draft(count_tokens: Count) -> Callable[..., Draft]:
    def make(text: str, external_id: str | None = None, collection: str = "news") -> Draft:
        parsed = parse_text(text, "text/plain")
        return Draft(
            collection=collection,
            external_id=external_id,
            uri="https://courier.example/1",
            title="Fares",
            media_type="text/plain",
            metadata={"date": "2026-01-02"},
            content_hash=hashlib.sha256(text.encode()).hexdigest(),
            text=parsed.text,
            chunks=chunk(parsed, count_tokens),
        )

    return make


def _embed_all(library: Library) -> None:
    while waiting := library.unembedded(100):
        library.mark_embedded([item.chunk_id for item in waiting])


def _words(library: Library, word: str, tenant: str = "t", collection: str = "news") -> list[int]:
    return by_words(library, tenant, collection, [word], 10)


def _rows(library: Library, table: str) -> int:
    with library.engine.connect() as connection:
        return connection.scalar(sql(f"SELECT count(*) FROM {table}")) or 0  # noqa: S608


@given(text=written_texts())
def test_what_was_stored_is_read_back_exactly(
    one_library: Library, draft: Callable[..., Draft], text: str
) -> None:
    if not text.strip():
        return
    made = draft(text)
    accepted = one_library.accept("t", made)
    _embed_all(one_library)
    document = one_library.document("t", accepted.id)
    assert document.text == made.text
    stored = one_library.chunks("t", accepted.id)
    assert [(one.span, one.units, one.heading_path, one.token_count) for one in stored] == [
        (one.span, one.units, one.heading_path, one.token_count) for one in made.chunks
    ]
    found = found_chunks(one_library, "t", "news", [one.id for one in stored])
    for one in stored:
        assert found[one.id] == (one, "Fares", made.uri, one.span.of(document.text))


def test_an_upload_is_created_unchanged_updated_or_a_duplicate(
    library: Library, draft: Callable[..., Draft]
) -> None:
    first = library.accept("t", draft("Fares stay.", "a"))
    assert (first.outcome, first.version) == (Outcome.CREATED, 1)
    again = library.accept("t", draft("Fares stay.", "a"))
    assert again == Accepted(first.id, Outcome.UNCHANGED, 1, "Fares")
    changed = library.accept("t", draft("Fares rise.", "a"))
    assert changed == Accepted(first.id, Outcome.UPDATED, 2, "Fares")
    twin = library.accept("t", draft("Fares rise.", "b"))
    assert twin == Accepted(first.id, Outcome.DUPLICATE_OF, 2, "Fares")
    unnamed = library.accept("t", draft("Fares rise."))
    assert (unnamed.id, unnamed.outcome) == (first.id, Outcome.DUPLICATE_OF)
    elsewhere = library.accept("t", draft("Fares rise.", "b", "archive"))
    assert elsewhere.outcome is Outcome.CREATED
    assert library.counts("t")[0] == 2


def test_a_new_version_is_searched_once_it_is_embedded_and_the_old_one_till_then(
    library: Library, draft: Callable[..., Draft]
) -> None:
    accepted = library.accept("t", draft("Herring is cheap.", "a"))
    assert _words(library, "herring") == []
    assert library.document("t", accepted.id).status == "pending"
    _embed_all(library)
    (old,) = _words(library, "herring")
    assert library.document("t", accepted.id).status == "ready"
    library.accept("t", draft("Plaice is dear.", "a"))
    assert _words(library, "herring") == [old]
    assert _words(library, "plaice") == []
    assert found_chunks(library, "t", "news", [old])[old][3] == "Herring is cheap."
    assert library.document("t", accepted.id).text == "Plaice is dear."
    assert library.document("t", accepted.id, 1).text == "Herring is cheap."
    _embed_all(library)
    assert _words(library, "herring") == []
    assert len(_words(library, "plaice")) == 1
    assert library.stale(10) == [(old, "t", "news")]
    assert found_chunks(library, "t", "news", [old]) == {}


def test_a_version_replaced_before_it_was_embedded_is_never_searched(
    library: Library, draft: Callable[..., Draft]
) -> None:
    for words in ("Herring is cheap.", "Plaice is dear.", "Cod is gone."):
        library.accept("t", draft(words, "a"))
    assert sum(library.waiting().values()) == 1
    _embed_all(library)
    assert [len(_words(library, word)) for word in ("herring", "plaice", "cod")] == [0, 0, 1]


def test_a_deleted_document_is_gone_at_once_with_its_text(
    library: Library, draft: Callable[..., Draft]
) -> None:
    accepted = library.accept("t", draft("Herring is cheap.", "a"))
    _embed_all(library)
    (vector,) = _words(library, "herring")
    library.delete("t", accepted.id)
    assert _words(library, "herring") == []
    assert found_chunks(library, "t", "news", [vector]) == {}
    assert [_rows(library, table) for table in ("chunks", "chunks_text", "versions")] == [0, 0, 0]
    assert library.stale(10) == [(vector, "t", "news")]
    assert library.was_deleted("t", accepted.id)
    assert library.documents("t", None, 10) == ([], None)
    assert library.counts("t") == (0, 0)
    for read in (library.document, library.chunks, library.delete):
        with pytest.raises(NotFound, match=accepted.id):
            read("t", accepted.id)
    library.forget_stale([vector])
    assert library.stale(10) == []


def test_a_document_that_comes_back_counts_its_versions_on(
    library: Library, draft: Callable[..., Draft]
) -> None:
    first = library.accept("t", draft("Herring is cheap.", "a"))
    _embed_all(library)
    old_ids = _words(library, "herring")
    library.delete("t", first.id)
    back = library.accept("t", draft("Herring is cheap.", "a"))
    assert back == Accepted(first.id, Outcome.CREATED, 2, "Fares")
    assert not library.was_deleted("t", first.id)
    assert _words(library, "herring") == []
    _embed_all(library)
    assert len(_words(library, "herring")) == 1
    assert not set(_words(library, "herring")) & set(old_ids)


def test_another_tenant_finds_nothing(library: Library, draft: Callable[..., Draft]) -> None:
    accepted = library.accept("t", draft("Herring is cheap.", "a"))
    _embed_all(library)
    ids = _words(library, "herring")
    assert _words(library, "herring", tenant="other") == []
    assert found_chunks(library, "other", "news", ids) == {}
    assert library.documents("other", None, 10) == ([], None)
    assert library.counts("other") == (0, 0)
    assert not library.was_deleted("other", accepted.id)
    for read in (library.document, library.chunks, library.delete):
        with pytest.raises(NotFound):
            read("other", accepted.id)
    assert _words(library, "herring") == ids
    theirs = library.accept("other", draft("Herring is cheap.", "a"))
    assert theirs.outcome is Outcome.CREATED
    assert theirs.id != accepted.id


def test_another_collection_is_not_searched(library: Library, draft: Callable[..., Draft]) -> None:
    library.accept("t", draft("Herring is cheap.", "a"))
    _embed_all(library)
    ids = _words(library, "herring")
    assert _words(library, "herring", collection="archive") == []
    assert found_chunks(library, "t", "archive", ids) == {}
    assert library.documents("t", "archive", 10) == ([], None)


def test_pages_follow_each_other_without_gap_or_overlap(
    library: Library, draft: Callable[..., Draft]
) -> None:
    ids = [library.accept("t", draft(f"Boat {at} sails.", f"b{at}")).id for at in range(7)]
    seen: list[str] = []
    cursor: str | None = None
    sizes = []
    while True:
        page, cursor = library.documents("t", None, 3, cursor)
        seen += [document.id for document in page]
        sizes.append(len(page))
        if cursor is None:
            break
    assert seen == ids
    assert sizes == [3, 3, 1]
    assert library.documents("t", None, 7)[1] is None


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "²", "9" * 40])
def test_a_cursor_that_was_never_given_is_refused(library: Library, cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="not a cursor"):
        library.documents("t", None, 3, cursor)


def test_a_version_that_is_not_there_is_not_found(
    library: Library, draft: Callable[..., Draft]
) -> None:
    accepted = library.accept("t", draft("Herring is cheap.", "a"))
    for version in (0, 2, 10**30):
        with pytest.raises(NotFound, match=f"version {version}"):
            library.document("t", accepted.id, version)


def test_what_was_accepted_is_there_after_the_file_is_opened_again(
    tmp_path: Path, draft: Callable[..., Draft]
) -> None:
    path = tmp_path / "library.sqlite"
    first = Library(path, "model-1")
    accepted = first.accept("t", draft("Herring is cheap.", "a"))
    first.close()
    second = Library(path, "model-1")
    assert second.document("t", accepted.id).text == "Herring is cheap."
    assert sum(second.waiting().values()) == 1
    second.close()


def test_a_file_of_another_model_or_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    Library(path, "model-1").close()
    with pytest.raises(IncompatibleData, match="embedder"):
        Library(path, "model-2")
    opened = Library(path, "model-1")
    with opened.engine.begin() as connection:
        connection.execute(sql("UPDATE properties SET value = '0' WHERE name = 'schema_version'"))
    opened.close()
    with pytest.raises(IncompatibleData, match="schema_version"):
        Library(path, "model-1")
