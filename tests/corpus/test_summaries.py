"""Summaries are kept as they were made, and replies until theirs is, in SQLite and in Postgres."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from corpus.errors import InvalidRequest, NotFound
from corpus.library import Library
from corpus.schema import summaries
from corpus.summaries import (
    forget,
    forget_replies,
    keep,
    kept,
    kept_page,
    note_reply,
    reply_to,
)


def test_a_summary_is_kept_as_it_was_made(library: Library) -> None:
    keep(library, "t", "sum_1", '{"text": "Größe 🐟"}')
    found = kept(library, "t", "sum_1")
    assert found.content == '{"text": "Größe 🐟"}'
    assert found.created_at.endswith("Z")


def test_a_summary_that_is_kept_twice_is_as_it_was_at_first(library: Library) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: keep(library, "t", "sum_1", "first"), range(4)))
    keep(library, "t", "sum_1", "second")
    assert kept(library, "t", "sum_1").content == "first"
    assert len(kept_page(library, "t", 10)[0]) == 1


def test_a_summary_of_another_tenant_is_not_found(library: Library) -> None:
    keep(library, "t", "sum_1", "{}")
    for tenant, name in (("u", "sum_1"), ("t", "sum_2")):
        with pytest.raises(NotFound, match=f"no summary '{name}'"):
            kept(library, tenant, name)
    assert kept_page(library, "u", 10) == ([], None)


def test_summaries_are_listed_newest_first_page_by_page(library: Library) -> None:
    for at in range(5):
        keep(library, "t", f"sum_{at}", "{}")
    pages, cursor = [], None
    while True:
        page, cursor = kept_page(library, "t", 2, cursor)
        pages.append([one.id for one in page])
        if cursor is None:
            break
    assert pages == [["sum_4", "sum_3"], ["sum_2", "sum_1"], ["sum_0"]]
    with pytest.raises(InvalidRequest, match="'x' is not a cursor"):
        kept_page(library, "t", 2, "x")


def test_old_summaries_are_forgotten(library: Library) -> None:
    for name in ("sum_old", "sum_new"):
        keep(library, "t", name, "{}")
    with library.writer.begin() as connection:
        connection.execute(
            update(summaries)
            .where(summaries.c.id == "sum_old")
            .values(created_at="2020-01-01T00:00:00Z")
        )
    note_reply(library, "t", "job_1", "0" * 64, "kept, since it is new")
    assert forget(library, "t", "2021-01-01T00:00:00Z") == 1
    assert reply_to(library, "t", "job_1", "0" * 64) is not None
    forget(library, "t", "9999-01-01T00:00:00Z")
    assert reply_to(library, "t", "job_1", "0" * 64) is None
    keep(library, "t", "sum_new", "{}")
    assert forget(library, "t", "2021-01-01T00:00:00Z") == 0
    assert [one.id for one in kept_page(library, "t", 10)[0]] == ["sum_new"]


def test_the_first_reply_to_a_prompt_stands_until_its_job_is_done(library: Library) -> None:
    assert reply_to(library, "t", "job_1", "0" * 64) is None
    note_reply(library, "t", "job_1", "0" * 64, "first")
    note_reply(library, "t", "job_1", "0" * 64, "second")
    note_reply(library, "t", "job_2", "0" * 64, "of another")
    assert reply_to(library, "t", "job_1", "0" * 64) == "first"
    forget_replies(library, "t", "job_1")
    assert reply_to(library, "t", "job_1", "0" * 64) is None
    assert reply_to(library, "t", "job_2", "0" * 64) == "of another"
