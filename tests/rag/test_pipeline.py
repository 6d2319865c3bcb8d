"""Documents in, answers out; and what was cited stays to be looked up."""

import asyncio
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.embedders import start_over
from corpus.errors import (
    DataFolderInUse,
    EmptyDocument,
    IndexIncomplete,
    NotFound,
    NotUtf8,
    TooLarge,
    UnknownType,
)
from corpus.types import Accepted, Outcome
from rag import Answer, Mode, Pipeline, Settings, Status, Summary, Upload
from rag.words import content_words
from tests.corpus.texts import written_texts
from tests.rag.reading import SAMPLES, Samples, Shelf, assert_holds, run

OLD = "The lighthouse was painted blue in 1904."
NEW = "The lighthouse was painted red in 1905, and the keeper left."


def _text(text: str, name: str = "note.txt", **fields: Any) -> Upload:
    return Upload(text, "text/plain", name, **fields)


@settings(max_examples=6)
@given(
    st.lists(
        st.tuples(written_texts(), st.sampled_from(["text/plain", "text/markdown", "text/html"])),
        min_size=3,
        max_size=3,
    )
)
def test_whatever_was_written_the_quotes_hold(
    new_shelf: Callable[[], Shelf], texts: list[tuple[str, str]]
) -> None:
    shelf = new_shelf()
    pipeline = shelf.pipeline
    uploads = [Upload(text, kind, "a", shelf.collection) for text, kind in texts]
    uploads.append(_text(f"The keeper says so. {texts[0][0]}", collection=shelf.collection))

    async def read_all() -> list[Answer | Summary]:
        added = await pipeline.add(uploads)
        await pipeline.index()
        names = [item.id for item in added if isinstance(item, Accepted)]
        found: list[Answer | Summary] = [await pipeline.summarize(names)]
        found.append(await pipeline.summarize(names[:1], focus="the keeper", max_words=20))
        for text, _ in (texts[0], texts[-1]):
            words = content_words(text)[:6] or ["keeper"]
            found.append(await pipeline.ask(" ".join(words), collection=shelf.collection))
        found.append(await pipeline.ask("Who is it that says so?", collection=shelf.collection))
        return found

    for result in run(read_all()):
        assert_holds(pipeline, result)


def test_an_answer_says_what_was_read_and_how_long_it_took(answers: Mapping[str, Answer]) -> None:
    assert len({answer.id for answer in answers.values()}) == len(answers)
    for answer in answers.values():
        assert re.fullmatch(r"ans_[0-9a-f]{32}", answer.id)
        assert set(answer.timings) == {"retrieve", "read"}
        assert all(seconds >= 0 for seconds in answer.timings.values())
        assert answer.usage.read == sum(item.chunk.token_count for item in answer.passages)
        assert answer.usage.read <= 2000
        assert (answer.usage.prompt, answer.usage.completion) == (0, 0)
        assert (answer.model, answer.prompt_hash) == ("pincite-extractive", None)
        assert [item.rank for item in answer.passages] == list(range(1, len(answer.passages) + 1))


def test_every_citation_of_an_answer_can_be_looked_up(
    pipeline: Pipeline, answers: Mapping[str, Answer]
) -> None:
    for answer in answers.values():
        for citation in answer.citations:
            state = run(pipeline.citation(citation.id))
            assert state.status == "current"
            assert (state.id, state.quote) == (citation.id, citation.quote)
            assert (state.document_id, state.version) == (citation.document_id, citation.version)
            assert (state.span, state.title) == (citation.span, citation.title)


def test_a_citation_outlives_the_version_it_is_of(shelf: Shelf) -> None:
    shelf.add(OLD, external_id="a", uri="https://example.org/a")
    (citation,) = shelf.ask("When was the lighthouse painted?").citations
    assert run(shelf.pipeline.citation(citation.id)).status == "current"
    shelf.add(NEW, external_id="a")
    state = run(shelf.pipeline.citation(citation.id))
    assert (state.status, state.version, state.quote) == ("changed", 1, OLD)
    assert state.uri == "https://example.org/a"
    (newer,) = shelf.ask("When was the lighthouse painted?").citations
    assert (newer.version, newer.quote) == (2, NEW)
    assert run(shelf.pipeline.citation(newer.id)).status == "current"


def test_a_citation_is_current_until_the_new_version_is_searched(shelf: Shelf) -> None:
    shelf.add(OLD, external_id="a")
    (citation,) = shelf.ask("When was the lighthouse painted?").citations
    run(shelf.pipeline.add([_text(NEW, collection=shelf.collection, external_id="a")]))
    assert run(shelf.pipeline.citation(citation.id)).status == "current"
    run(shelf.pipeline.index())
    assert run(shelf.pipeline.citation(citation.id)).status == "changed"


def test_a_deleted_document_takes_its_quotes_along(shelf: Shelf) -> None:
    name = shelf.add(OLD)
    (citation,) = shelf.ask("When was the lighthouse painted?").citations
    run(shelf.pipeline.delete(name))
    state = run(shelf.pipeline.citation(citation.id))
    assert (state.status, state.document_id) == ("deleted", name)
    assert (state.quote, state.title, state.uri) == (None, None, None)
    assert shelf.ask("When was the lighthouse painted?").status is Status.ABSTAINED
    for lookup in (shelf.pipeline.document(name), shelf.pipeline.delete(name)):
        with pytest.raises(NotFound):
            run(lookup)


def test_a_citation_of_nothing_is_not_found(pipeline: Pipeline, samples: Samples) -> None:
    known = next(iter(samples.ids.values())).removeprefix("doc_")
    for name in (
        "nonsense",
        "cit_00000000000000000000_1_0_5",
        f"cit_{known}_2_0_5",
        f"cit_{known}_1_0_999999999",
        f"cit_{known}_999999999_0_5",
    ):
        with pytest.raises(NotFound):
            run(pipeline.citation(name))


def test_add_gives_one_result_for_each_upload_in_order(shelf: Shelf) -> None:
    there = _text(OLD, collection=shelf.collection)
    too_large = "x" * (shelf.pipeline.settings.max_file_mb * 1024 * 1024 + 1)
    results = run(
        shelf.pipeline.add(
            [
                there,
                _text("", "empty.txt", collection=shelf.collection),
                Upload(b"\xff\xfe\x00", "text/plain", "latin.txt", shelf.collection),
                Upload("a", "application/zip", "a.zip", shelf.collection),
                there,
                _text(too_large, "large.txt", collection=shelf.collection),
                _text("A lone \ud800 surrogate.", collection=shelf.collection),
                _text(NEW, collection=shelf.collection),
                _text(OLD, collection=shelf.collection, external_id="other"),
            ]
        )
    )
    assert [type(result) for result in results] == [
        *(Accepted, EmptyDocument, NotUtf8, UnknownType, Accepted),
        *(TooLarge, NotUtf8, Accepted, Accepted),
    ]
    outcomes = [result.outcome for result in results if isinstance(result, Accepted)]
    assert outcomes == [
        Outcome.CREATED,
        Outcome.UNCHANGED,
        Outcome.CREATED,
        Outcome.DUPLICATE_OF,
    ]


def test_a_lone_surrogate_stops_no_other_upload(shelf: Shelf) -> None:
    uploads = [
        _text("A lone \ud800 surrogate.", collection=shelf.collection),
        _text("Text", collection=shelf.collection, title="A \ud800 title"),
        _text(OLD, collection=shelf.collection),
    ]
    results = run(shelf.pipeline.add(uploads))
    assert [type(result) for result in results] == [NotUtf8, NotUtf8, Accepted]


def test_uploads_sent_at_once_are_stored_once(shelf: Shelf) -> None:
    upload = _text(OLD, collection=shelf.collection)

    async def send() -> list[Outcome]:
        sent = await asyncio.gather(*(shelf.pipeline.add([upload]) for _ in range(6)))
        return [item.outcome for (item,) in sent if isinstance(item, Accepted)]

    outcomes = run(send())
    assert sorted(outcomes) == [Outcome.CREATED] + [Outcome.UNCHANGED] * 5


def test_documents_are_listed_page_by_page(shelf: Shelf) -> None:
    names = [shelf.add(f"Note number {number} of the keeper.") for number in range(5)]

    async def pages() -> list[list[str]]:
        found: list[list[str]] = []
        cursor = None
        while cursor is not None or not found:
            page, cursor = await shelf.pipeline.documents(
                collection=shelf.collection, limit=2, cursor=cursor
            )
            found.append([document.id for document in page])
        return found

    assert run(pages()) == [names[:2], names[2:4], names[4:]]


def test_counts_are_of_what_can_be_searched(shelf: Shelf) -> None:
    documents, chunks = run(shelf.pipeline.counts())
    run(shelf.pipeline.add([_text(OLD, collection=shelf.collection)]))
    assert run(shelf.pipeline.counts()) == (documents + 1, chunks)
    run(shelf.pipeline.index())
    assert run(shelf.pipeline.counts()) == (documents + 1, chunks + 1)


def test_progress_ends_with_all_that_waited(shelf: Shelf) -> None:
    uploads = [_text(f"Note {number}.", collection=shelf.collection) for number in range(3)]
    run(shelf.pipeline.add(uploads))
    seen: list[tuple[int, int]] = []
    run(shelf.pipeline.index(lambda done, total: seen.append((done, total))))
    assert seen[-1] == (3, 3)
    assert seen == sorted(seen)


def test_a_batch_is_of_the_versions_that_are_named(shelf: Shelf) -> None:
    pipeline = shelf.pipeline
    texts = ["\n\n".join(f"# {at}\n\n{name} {at}." for at in range(100)) for name in "ab"]
    uploads = [Upload(text, "text/markdown", "a.md", shelf.collection) for text in texts]
    first, second = (
        (one.id, one.version) for one in run(pipeline.add(uploads)) if isinstance(one, Accepted)
    )
    assert run(pipeline.waiting([first])) == {first: 100}
    left = run(pipeline.index_batch([first]))
    assert 0 < left < 100
    assert run(pipeline.waiting()) == {first: left, second: 100}
    while left:
        left = run(pipeline.index_batch([first]))
    assert run(pipeline.index_batch([first])) == 0
    assert run(pipeline.document(first[0])).status == "ready"
    assert run(pipeline.document(second[0])).status == "pending"
    run(pipeline.delete(second[0]))


def test_a_deletion_removes_its_vectors_and_embeds_nothing(shelf: Shelf) -> None:
    gone = shelf.add(OLD)
    (waits,) = run(shelf.pipeline.add([_text(NEW, collection=shelf.collection)]))
    run(shelf.pipeline.delete(gone))
    assert shelf.pipeline._vectors.count("default", shelf.collection) == 0
    assert isinstance(waits, Accepted)
    assert run(shelf.pipeline.waiting([(waits.id, 1)])) == {(waits.id, 1): 1}
    run(shelf.pipeline.index())


def test_the_batch_that_leaves_none_removes_the_vectors_of_older_versions(shelf: Shelf) -> None:
    shelf.add(OLD, external_id="tower")
    newer = _text(NEW, collection=shelf.collection, external_id="tower")
    (accepted,) = run(shelf.pipeline.add([newer]))
    assert isinstance(accepted, Accepted)
    assert run(shelf.pipeline.index_batch([(accepted.id, 2)])) == 0
    assert shelf.pipeline._vectors.count("default", shelf.collection) == 1


def test_questions_asked_at_once_are_answered_as_one_by_one(
    shelf: Shelf, answers: Mapping[str, Answer]
) -> None:
    pipeline = shelf.pipeline
    questions = list(answers)[:40:8]
    uploads = [_text(f"Note {number}. {OLD}", collection=shelf.collection) for number in range(8)]

    async def both_ways() -> tuple[list[Answer], list[Answer]]:
        await pipeline.add(uploads)
        alone = [await pipeline.ask(question) for question in questions]
        work = [pipeline.ask(question) for question in questions]
        indexing = asyncio.gather(pipeline.index(), pipeline.index())
        together = await asyncio.gather(*work)
        await indexing
        return alone, list(together)

    for one, other in zip(*run(both_ways()), strict=True):
        assert (one.question, one.text, one.citations) == (
            other.question,
            other.text,
            other.citations,
        )
        assert one.passages == other.passages
    assert pipeline._vectors.count("default", shelf.collection) == len(uploads)


def test_a_folder_is_open_once(tmp_path: Path) -> None:
    first = Pipeline(Settings(threads=1), tmp_path)
    try:
        with pytest.raises(DataFolderInUse, match=re.escape(str(tmp_path))):
            Pipeline(Settings(threads=1), tmp_path)
    finally:
        first.close()
    Pipeline(Settings(threads=1), tmp_path).close()


def test_what_was_stored_is_there_when_the_folder_is_opened_again(tmp_path: Path) -> None:
    first = Pipeline(Settings(threads=1, data_dir=tmp_path))
    run(first.add([_text(OLD), _text(NEW)]))
    run(first.index())
    before = run(first.ask("When was the lighthouse painted?"))
    first.close()
    second = Pipeline(Settings(threads=1, data_dir=tmp_path))
    after = run(second.ask("When was the lighthouse painted?"))
    assert (after.text, after.citations) == (before.text, before.citations)
    assert after.status is Status.ANSWERED
    second.close()


def test_close_leaves_no_thread_of_the_model(tmp_path: Path) -> None:
    def threads() -> int:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - a count

    def use(folder: Path) -> tuple[int, int]:
        pipeline = Pipeline(Settings(threads=5), folder)
        run(pipeline.add([_text(OLD)]))
        run(pipeline.index())
        run(pipeline.ask("When was the lighthouse painted?"))
        opened = threads()
        pipeline.close()
        return opened, threads()

    use(tmp_path / "first")  # what Chroma starts once for the whole process
    before = threads()
    opened, closed = use(tmp_path / "second")
    assert opened >= before + 4
    deadline = time.monotonic() + 5
    while closed > before and time.monotonic() < deadline:  # one that has ended is listed a moment
        time.sleep(0.05)
        closed = threads()
    assert closed <= before


def test_samples_are_unchanged_when_they_are_sent_again(samples: Samples) -> None:
    path = SAMPLES[0]
    kind = {".md": "text/markdown", ".txt": "text/plain", ".html": "text/html"}[path.suffix]
    upload = Upload(path.read_bytes(), kind, path.name, external_id=path.name)
    (accepted,) = run(samples.pipeline.add([upload]))
    assert isinstance(accepted, Accepted)
    assert (accepted.id, accepted.outcome) == (samples.ids[path.name], Outcome.UNCHANGED)


def test_while_the_vectors_are_made_anew_words_alone_find_and_the_passages_say_so(
    tmp_path: Path,
) -> None:
    pipeline = Pipeline(Settings(threads=1, data_dir=tmp_path))
    try:
        run(pipeline.add([_text(OLD)]))
        run(pipeline.index())
        start_over(pipeline._library)
        (passage,) = run(pipeline.search("lighthouse"))
        assert set(passage.ranks_by) == {"lexical"}
        assert run(pipeline.ask("When was the lighthouse painted?")).status is Status.ANSWERED
        with pytest.raises(IndexIncomplete, match="'default'"):
            run(pipeline.search("lighthouse", mode=Mode.DENSE))
        assert run(pipeline.incomplete()) == ["default"]
        run(pipeline.index())
        (passage,) = run(pipeline.search("lighthouse"))
        assert set(passage.ranks_by) == {"dense", "lexical"}
        assert run(pipeline.incomplete()) == []
    finally:
        pipeline.close()


def test_a_citation_of_a_version_that_was_purged_has_changed_and_has_no_quote(
    tmp_path: Path,
) -> None:
    pipeline = Pipeline(Settings(threads=1, data_dir=tmp_path, keep_versions=1))
    try:
        run(pipeline.add([_text(OLD, external_id="a")]))
        run(pipeline.index())
        (citation,) = run(pipeline.ask("When was the lighthouse painted?")).citations
        run(pipeline.add([_text(NEW, external_id="a")]))
        run(pipeline.index())
        state = run(pipeline.citation(citation.id))
        assert (state.status, state.version, state.quote) == ("changed", 1, None)
        assert (state.title, state.uri) == (None, None)
        (newer,) = run(pipeline.ask("When was the lighthouse painted?")).citations
        assert run(pipeline.citation(newer.id)).quote == NEW
    finally:
        pipeline.close()
