"""What is true of the documents, whatever the vector index holds, in SQLite and in Postgres."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import pytest
from hypothesis import given
from sqlalchemy import text as sql

from corpus.backlog import forget_stale, mark_embedded, purge, stale, unembedded, waiting
from corpus.changes import change_metadata, delete_collection
from corpus.chunk import chunk
from corpus.errors import InvalidRequest, NotFound
from corpus.filters import read_filter
from corpus.library import Draft, Library
from corpus.parse import parse_text
from corpus.search import Found, by_words, found_chunks
from corpus.types import Accepted, Collection, Original, Outcome
from tests.corpus.texts import written_texts

Count = Callable[[str], int]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def one_library(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Library]:
    if request.param == "sqlite":
        opened = Library(tmp_path_factory.mktemp("library") / "library.sqlite", "model-1")
    else:
        opened = Library(request.getfixturevalue("postgres")(), "model-1")
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
    while items := unembedded(library, 100):
        mark_embedded(library, [item.chunk_id for item in items])


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
    for one, following in zip_longest(stored, stored[1:]):
        end = following.span.start if following else one.span.end
        body, gap = one.span.of(document.text), document.text[one.span.end : end]
        assert found[one.id] == Found(one, "Fares", made.uri, body, gap)


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
    assert found_chunks(library, "t", "news", [old])[old].text == "Herring is cheap."
    assert library.document("t", accepted.id).text == "Plaice is dear."
    assert library.document("t", accepted.id, 1).text == "Herring is cheap."
    _embed_all(library)
    assert _words(library, "herring") == []
    assert len(_words(library, "plaice")) == 1
    assert stale(library, 10) == [(old, "t", "news")]
    assert found_chunks(library, "t", "news", [old]) == {}


def test_a_version_replaced_before_it_was_embedded_is_never_searched(
    library: Library, draft: Callable[..., Draft]
) -> None:
    for words in ("Herring is cheap.", "Plaice is dear.", "Cod is gone."):
        library.accept("t", draft(words, "a"))
    assert waiting(library) == 1
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
    assert stale(library, 10) == [(vector, "t", "news")]
    assert library.was_deleted("t", accepted.id)
    assert library.documents("t", None, 10) == ([], None)
    assert library.counts("t") == (0, 0)
    for read in (library.document, library.chunks, library.delete):
        with pytest.raises(NotFound, match=accepted.id):
            read("t", accepted.id)
    forget_stale(library, [vector])
    assert stale(library, 10) == []


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


def test_pages_have_only_what_passes(library: Library, draft: Callable[..., Draft]) -> None:
    ids = [library.accept("t", draft(f"Boat {at} sails.", f"b{at}")).id for at in range(7)]
    where = read_filter({"external_id": ["b1", "b4", "b6"]})
    first, cursor = library.documents("t", None, 2, where=where)
    second, end = library.documents("t", None, 2, cursor, where=where)
    assert [one.id for one in (*first, *second)] == [ids[1], ids[4], ids[6]]
    assert end is None


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
    database: Path | str, draft: Callable[..., Draft]
) -> None:
    first = Library(database, "model-1")
    accepted = first.accept("t", draft("Herring is cheap.", "a"))
    first.close()
    second = Library(database, "model-1")
    assert second.document("t", accepted.id).text == "Herring is cheap."
    assert waiting(second) == 1
    second.close()


def test_the_file_is_kept_as_it_was_sent_until_no_version_needs_it(
    library: Library, draft: Callable[..., Draft]
) -> None:
    def sent(text: str, external_id: str, file: bytes) -> str:
        made = replace(draft(text, external_id), file=file, file_name=f"{external_id}.txt")
        return library.accept("t", made).id

    first = sent("Herring is cheap.", "a", b"one")
    sent("Plaice is dear.", "a", b"\x00\xff two")
    other = sent("Cod is gone.", "b", b"one")
    assert library.original("t", first) == Original("a.txt", "text/plain", b"\x00\xff two")
    assert library.original("t", first, 1).data == b"one"
    assert _rows(library, "files") == 2
    library.delete("t", first)
    assert library.original("t", other) == Original("b.txt", "text/plain", b"one")
    assert _rows(library, "files") == 1
    library.delete("t", other)
    assert _rows(library, "files") == 0


def test_a_version_without_its_file_says_so(library: Library, draft: Callable[..., Draft]) -> None:
    accepted = library.accept("t", draft("Herring is cheap.", "a"))
    with pytest.raises(NotFound, match="not kept"):
        library.original("t", accepted.id)
    with pytest.raises(NotFound, match="version 2"):
        library.original("t", accepted.id, 2)
    again = replace(draft("Herring is cheap.", "a"), file=b"one", file_name="a.txt")
    assert library.accept("t", again).outcome is Outcome.UNCHANGED
    assert library.original("t", accepted.id).data == b"one"


def test_a_name_with_nul_is_of_nothing(library: Library) -> None:
    for read in (
        lambda: library.document("t", "a\0"),
        lambda: library.delete("t\0", "a"),
        lambda: delete_collection(library, "t", "\0"),
    ):
        with pytest.raises((NotFound, InvalidRequest)):
            read()


def test_collections_are_those_that_have_documents(
    library: Library, draft: Callable[..., Draft]
) -> None:
    assert library.collections("t") == []
    ids = [
        library.accept("t", draft(f"Boat {at} sails.", f"b{at}", collection)).id
        for at, collection in enumerate(["news", "archive", "news", "minutes"])
    ]
    library.delete("t", ids[3])
    assert library.collections("t") == [Collection("archive", 1), Collection("news", 2)]


def test_a_deleted_collection_is_gone_at_once_and_no_other(
    library: Library, draft: Callable[..., Draft]
) -> None:
    for at, collection in enumerate(["news", "archive", "news"]):
        library.accept("t", draft(f"Boat {at} sails.", f"b{at}", collection))
    library.accept("other", draft("Boat 0 sails.", "b0"))
    _embed_all(library)
    delete_collection(library, "t", "news")
    assert library.collections("t") == [Collection("archive", 1)]
    assert library.collections("other") == [Collection("news", 1)]
    assert _words(library, "boat") == []
    assert len(_words(library, "boat", collection="archive")) == 1
    with pytest.raises(NotFound, match="'news'"):
        delete_collection(library, "t", "news")


def test_metadata_is_changed_in_place_of_the_versions_that_are_shown(
    library: Library, draft: Callable[..., Draft]
) -> None:
    accepted = library.accept("t", draft("Herring is cheap.", "a"))
    _embed_all(library)
    library.accept("t", draft("Plaice is dear.", "a"))
    changed = change_metadata(library, "t", accepted.id, {"date": None, "by": {"name": "é"}})
    assert (changed.version, changed.metadata) == (2, {"by": {"name": "é"}})
    assert library.document("t", accepted.id, 1).metadata == {"by": {"name": "é"}}
    assert library.accept("t", draft("Plaice is dear.", "a")).outcome is Outcome.UNCHANGED
    with pytest.raises(NotFound):
        change_metadata(library, "t", "doc_0", {})


def test_old_versions_are_purged_but_for_the_newest(
    library: Library, draft: Callable[..., Draft]
) -> None:
    def send(at: int) -> str:
        made = replace(draft(f"Version {at}.", "a"), file=b"%d" % at, file_name="a")
        return library.accept("t", made).id

    for at in (1, 2, 3):
        send(at)
        _embed_all(library)
    document_id = send(4)
    other = library.accept("t", replace(draft("Alone.", "b"), file=b"1", file_name="b")).id
    assert purge(library, 3) == 0
    assert purge(library, 2) == 1  # the third is the one that is searched, the fourth waits
    assert purge(library, 2) == 0
    assert library.was_purged("t", document_id, 1)
    for read in (library.document, library.original):
        with pytest.raises(NotFound, match="version 1"):
            read("t", document_id, 1)
    assert [library.document("t", document_id, at).text for at in (2, 3, 4)] == [
        f"Version {at}." for at in (2, 3, 4)
    ]
    assert library.original("t", other).data == b"1"
    assert _rows(library, "files") == 4
    with library.engine.connect() as connection:
        row = connection.execute(sql("SELECT * FROM versions WHERE purged_at IS NOT NULL")).one()
    assert (row.title, row.uri, row.text, row.file_sha256, row.file_name) == (
        "",
        None,
        "",
        None,
        None,
    )
    assert purge(library, 1) == 1
    assert not library.was_purged("t", document_id, 3)
    assert not library.was_purged("t", document_id, 9)
    library.delete("t", document_id)
    assert not library.was_purged("t", document_id, 1)
