"""A filter means the same to both halves of a search, and is of what is true now."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import bindparam, update

from corpus.filters import read_filter
from corpus.ingest import Upload, add, index
from corpus.library import Library
from corpus.schema import versions
from corpus.types import Accepted
from corpus.vectors import VectorIndex
from rag import Mode, Pipeline
from rag.retrieve import retrieve
from tests.rag.reading import Shelf, run

COUNT = 12

_DAYS = [date(2024, 1, 4), date(2024, 1, 5), date(2024, 1, 6)]
_TIMES = ["T00:00Z", "T12:00:00Z", " 23:59:59.999999", "T23:30-01:00", "T00:30+01:00"]
_DATES = [f"{day}{time}" for day in _DAYS for time in ["", *_TIMES]] + ["2024/01/05"]
_SCALARS = st.sampled_from([None, True, False, 0, 1, 1.0, 2.5, "1", "a", "b", "", *_DATES])
_BOUNDS = st.sampled_from([0, 1, 2.5, *_DATES])
_VALUES = st.one_of(_SCALARS, st.lists(_SCALARS, max_size=3), st.just({"a": 1}))
_NAMES = st.sampled_from(["x", "y", "title"])
_METADATA = st.dictionaries(_NAMES, _VALUES, max_size=3)
_OPERATORS = {
    **dict.fromkeys(("gt", "gte", "lt", "lte"), _BOUNDS),
    **dict.fromkeys(("eq", "ne", "contains"), _SCALARS),
}
_LISTS = st.lists(_SCALARS, min_size=1, max_size=4)
_OBJECTS = st.fixed_dictionaries({}, optional={**_OPERATORS, "in": _LISTS}).filter(bool)
_CONDITIONS = st.one_of(_SCALARS, _LISTS, _OBJECTS)
_FILTERS = st.dictionaries(_NAMES, _CONDITIONS, min_size=1, max_size=2)


class Store:
    """A library and its vectors, with documents that one query finds in each half."""

    def __init__(self, library: Library, vectors: VectorIndex, count: Callable[[str], int]) -> None:
        self.library, self.vectors = library, vectors
        self.ids: list[str] = []
        for at in range(COUNT):
            words = " ".join(f"word{at}x{number}" for number in range(5))
            upload = Upload(f"Herring {words}.", "text/plain", "a.txt", title=f"T{at}")
            accepted = add(library, "t", upload, count_tokens=count)
            assert isinstance(accepted, Accepted)
            self.ids.append(accepted.id)
        index(library, vectors, self.embed)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.random.default_rng(len(texts)).normal(size=(len(texts), 8)).astype(np.float32)

    def describe(self, each: Sequence[Mapping[str, Any]]) -> None:
        """Give the documents these metadata."""
        change = update(versions).where(versions.c.document_id == bindparam("of"))
        with self.library.writer.begin() as connection:
            rows = [{"of": name, "new": one} for name, one in zip(self.ids, each, strict=True)]
            connection.execute(change.values(metadata=bindparam("new")), rows)

    def found(self, mode: Mode, where: Mapping[str, Any]) -> set[str]:
        """The documents that a search finds."""
        passages = retrieve(
            self.library,
            self.vectors,
            self.embed,
            "herring",
            tenant="t",
            collection="default",
            k=100,
            mode=mode,
            where=read_filter(where),
        )
        return {one.chunk.document_id for one in passages}


@pytest.fixture(scope="module", params=["one machine", "several machines"])
def store(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    count_tokens: Callable[[str], int],
) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("filtered")
    if request.param == "one machine":
        library, vectors = Library(folder / "library.db", "m"), VectorIndex(folder, "m")
    else:
        library = Library(request.getfixturevalue("postgres")(), "m")
        vectors = VectorIndex(folder, folder.name, request.getfixturevalue("chroma"))
    yield Store(library, vectors, count_tokens)
    library.close()
    vectors.close()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(each=st.lists(_METADATA, min_size=COUNT, max_size=COUNT), where=_FILTERS)
def test_both_halves_find_what_the_filter_says(
    store: Store, each: list[dict[str, Any]], where: dict[str, Any]
) -> None:
    store.describe(each)
    expected = {
        name
        for at, (name, metadata) in enumerate(zip(store.ids, each, strict=True))
        if meant({**metadata, "title": f"T{at}"}, where)
    }
    for mode in Mode:
        assert store.found(mode, where) == expected


def meant(fields: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    """What a filter means, said once more and as plainly as can be."""
    for field, what in where.items():
        for operator, bound in (what if isinstance(what, dict) else {"": what}).items():
            if not holds(fields.get(field), operator, bound):
                return False
    return True


def holds(value: object, operator: str, bound: Any) -> bool:
    """One condition of a filter."""
    if operator == "ne":
        return not same(value, bound)
    if operator == "contains":
        return isinstance(value, list) and any(same(one, bound) for one in value)
    if operator in {"", "eq", "in"}:
        return any(same(value, one) for one in (bound if isinstance(bound, list) else [bound]))
    return in_range(value, operator, bound)


def same(value: object, bound: object) -> bool:
    """Whether two are equal and of one type."""
    numbers = [isinstance(one, int | float) and not isinstance(one, bool) for one in (value, bound)]
    return value == bound and (all(numbers) or type(value) is type(bound))


def in_range(value: object, operator: str, bound: object) -> bool:
    """By the microseconds that each stands for."""
    mine, limit = moments(value), moments(bound)
    if not mine or not limit or isinstance(value, str) != isinstance(bound, str):
        return False
    return {
        "gt": min(mine) > max(limit),
        "gte": min(mine) >= min(limit),
        "lt": max(mine) < min(limit),
        "lte": max(mine) <= max(limit),
    }[operator]


def moments(value: object) -> list[float]:
    """The number itself, or the microseconds at which an instant or a day begins and ends."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return []
    if not isinstance(value, str):
        return [value]
    if not re.match("2024", value):
        return []
    start = datetime.fromisoformat(value.replace("/", "-"))
    zoned = start if start.tzinfo else start.replace(tzinfo=UTC)
    since = (zoned - datetime(2024, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return [since] if ":" in value else [since, since + 24 * 60 * 60 * 10**6 - 1]


@pytest.mark.parametrize("mode", Mode)
def test_one_document_of_many_is_found_by_each_half(shelf: Shelf, mode: Mode) -> None:
    uploads = [
        Upload(f"The ferry of line {at} sails.", "text/plain", "a", shelf.collection, str(at))
        for at in range(300)
    ]
    far = Upload("An orchestra plays a ferry song.", "text/plain", "a", shelf.collection, "far")
    run(shelf.pipeline.add([*uploads, far]))
    run(shelf.pipeline.index())
    found = _search(shelf, {"external_id": "far"}, mode)
    assert found == ["An orchestra plays a ferry song."]
    assert _search(shelf, {"external_id": "nowhere"}, mode) == []


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"title": "One"}, {"one"}),
        ({"uri": "https://x.example/2"}, {"two"}),
        ({"uri": None}, {"one"}),
        ({"external_id": ["a", "b"]}, {"one", "two"}),
        ({"media_type": "text/markdown"}, {"two"}),
        ({"created_at": {"gte": "2024-01-01"}}, {"one", "two"}),
        ({"updated_at": {"lt": "2024-01-01"}}, set()),
        ({"document_id": {"ne": "doc_0"}}, {"one", "two"}),
    ],
)
def test_a_document_s_own_fields_can_be_asked_for(
    shelf: Shelf, where: dict[str, Any], expected: set[str]
) -> None:
    hidden = {"title": "metadata", "created_at": "1999-01-01"}
    shelf.add("The ferry one.", title="One", external_id="a", metadata=hidden)
    shelf.add("The ferry two.", "b.md", title="Two", external_id="b", uri="https://x.example/2")
    found = _search(shelf, where)
    assert {text.split()[-1].rstrip(".") for text in found} == expected


@pytest.mark.parametrize("mode", Mode)
def test_what_changes_is_seen_at_once(shelf: Shelf, mode: Mode) -> None:
    name = shelf.add("The ferry sails.", metadata={"year": 2024})
    where = {"year": {"gte": 2025}}
    assert _search(shelf, where, mode) == []
    run(shelf.pipeline.change_metadata(name, {"year": 2025}))
    assert _search(shelf, where, mode) == ["The ferry sails."]
    run(shelf.pipeline.change_metadata(name, {"year": None}))
    assert _search(shelf, where, mode) == []
    assert _search(shelf, {"year": None}, mode) == ["The ferry sails."]
    shelf.pipeline._library.delete("default", name)
    assert _search(shelf, {"year": None}, mode) == []


@pytest.mark.parametrize("mode", Mode)
def test_a_version_that_is_not_searched_yet_does_not_count(shelf: Shelf, mode: Mode) -> None:
    shelf.add("The ferry sails.", external_id="a", metadata={"year": 2024})
    newer = Upload(
        "The ferry sank.", "text/plain", "a", shelf.collection, "a", metadata={"year": 2025}
    )
    run(shelf.pipeline.add([newer]))
    assert _search(shelf, {"year": 2025}, mode) == []
    assert _search(shelf, {"year": 2024}, mode) == ["The ferry sails."]
    run(shelf.pipeline.index())
    assert _search(shelf, {"year": 2025}, mode) == ["The ferry sank."]
    assert _search(shelf, {"year": 2024}, mode) == []


def test_an_answer_reads_only_what_passes(shelf: Shelf) -> None:
    shelf.add("The ferry to Skarne sails at nine.", metadata={"year": 2024})
    shelf.add("The ferry to Skarne sails at ten.", metadata={"year": 2025})

    def ask(where: dict[str, Any]) -> str:
        question = "When does the ferry to Skarne sail?"
        asked = shelf.pipeline.ask(question, collection=shelf.collection, where=where)
        return run(asked).text

    assert ask({"year": 2024}) == "The ferry to Skarne sails at nine. [1]"
    assert ask({"year": 2025}) == "The ferry to Skarne sails at ten. [1]"
    assert not ask({"year": 2026})


def test_documents_are_listed_by_what_they_are_now(shelf: Shelf, pipeline: Pipeline) -> None:
    names = [
        shelf.add(f"Ferry {at}.", external_id=str(at), metadata={"even": at % 2 == 0})
        for at in range(6)
    ]
    listed: list[str] = []
    cursor: str | None = None
    for _ in range(2):
        page, cursor = run(
            pipeline.documents(
                collection=shelf.collection, limit=2, cursor=cursor, where={"even": True}
            )
        )
        listed += [one.id for one in page]
    assert (listed, cursor) == (names[::2], None)


def _search(shelf: Shelf, where: dict[str, Any], mode: Mode = Mode.HYBRID) -> list[str]:
    search = shelf.pipeline.search("ferry", collection=shelf.collection, mode=mode, where=where)
    return [passage.text for passage in run(search)]
