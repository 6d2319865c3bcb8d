"""Answers are kept as they were given, in SQLite and in Postgres."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from corpus.answers import Claim, forget, keep, kept, kept_for, kept_page
from corpus.errors import InvalidRequest, NotFound
from corpus.library import Library
from corpus.schema import answers

CLAIM = Claim("key", "0" * 64)


def test_an_answer_is_kept_as_it_was_given(library: Library) -> None:
    keep(library, "t", "ans_1", '{"text": "Größe\\u0000 \\ud83d\\udc1f 🐟"}')
    found = kept(library, "t", "ans_1")
    assert found.content == '{"text": "Größe\\u0000 \\ud83d\\udc1f 🐟"}'
    assert found.created_at.endswith("Z")
    assert found.claim is None


def test_an_answer_that_is_not_there_is_not_found(library: Library) -> None:
    with pytest.raises(NotFound, match="no answer 'ans_1'"):
        kept(library, "t", "ans_1")


def test_an_answer_is_found_by_the_key_of_its_request(library: Library) -> None:
    assert kept_for(library, "t", "key") is None
    keep(library, "t", "ans_1", "{}", CLAIM)
    assert kept_for(library, "t", "key") == kept(library, "t", "ans_1")
    assert kept(library, "t", "ans_1").claim == CLAIM
    assert kept_for(library, "t", "another") is None


def test_the_first_answer_has_the_key_and_others_are_kept_without(library: Library) -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = [f"ans_{at}" for at in range(8)]
        list(threads.map(lambda name: keep(library, "t", name, "{}", CLAIM), ids))
    first = kept_for(library, "t", "key")
    assert first is not None
    claims = {name: kept(library, "t", name).claim for name in ids}
    assert {name for name, claim in claims.items() if claim is not None} == {first.id}


def test_an_id_is_kept_once(library: Library) -> None:
    keep(library, "t", "ans_1", "{}")
    for claim in (None, CLAIM):
        with pytest.raises(IntegrityError):
            keep(library, "t", "ans_1", "[]", claim)
    assert kept(library, "t", "ans_1").content == "{}"


def test_pages_are_newest_first_and_go_on_while_answers_are_kept(library: Library) -> None:
    for at in range(5):
        keep(library, "t", f"ans_{at}", "{}")
    first, cursor = kept_page(library, "t", 2)
    keep(library, "t", "ans_5", "{}")
    second, following = kept_page(library, "t", 2, cursor)
    last, end = kept_page(library, "t", 2, following)
    assert [one.id for one in [*first, *second, *last]] == [f"ans_{at}" for at in (4, 3, 2, 1, 0)]
    assert end is None


@pytest.mark.parametrize("cursor", ["", "x", "-1", "²", "9" * 19])
def test_what_is_no_cursor_is_refused(library: Library, cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="is not a cursor"):
        kept_page(library, "t", 2, cursor)


def test_answers_that_are_older_are_forgotten_with_their_keys(library: Library) -> None:
    keep(library, "t", "ans_old", "{}", CLAIM)
    keep(library, "t", "ans_new", "{}")
    with library.writer.begin() as connection:
        connection.execute(
            update(answers)
            .where(answers.c.id == "ans_old")
            .values(created_at="2020-01-01T00:00:00.000Z")
        )
    assert forget(library, "t", "2020-01-01T00:00:00.000Z") == 0
    assert forget(library, "t", "2020-01-01T00:00:00.001Z") == 1
    assert [one.id for one in kept_page(library, "t", 9)[0]] == ["ans_new"]
    keep(library, "t", "ans_again", "{}", CLAIM)
    found = kept_for(library, "t", "key")
    assert found is not None
    assert found.id == "ans_again"
