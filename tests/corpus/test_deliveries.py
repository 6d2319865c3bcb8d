"""Webhooks and their deliveries are kept in SQLite and in Postgres, each attempt made by one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from corpus import webhooks
from corpus.deliveries import Attempt, add, claim, due, forget, get, page, record
from corpus.errors import InvalidRequest, NotFound
from corpus.library import Library
from corpus.schema import deliveries
from corpus.types import DeliveryStatus

FAILED = Attempt("2026-01-01T00:00:00.000Z", 500, "It answered 500.", 0.1)
MADE = Attempt("2026-01-01T00:00:01.000Z", 204, None, 0.2)


def webhook(library: Library) -> str:
    return webhooks.add(library, "t", "https://hooks.example/", "whsec_s").id


def test_an_event_is_kept_as_it_was_added_first(library: Library) -> None:
    hook = webhook(library)
    first = add(library, "t", hook, "evt_1", '{"text": "Größe 🐟"}')
    again = add(library, "t", webhook(library), "evt_1", "{}")
    assert first == again == get(library, "t", "evt_1")
    assert (first.body, first.url) == ('{"text": "Größe 🐟"}', "https://hooks.example/")
    assert (first.status, first.attempts) == (DeliveryStatus.PENDING, ())
    assert first.next_attempt_at == first.created_at


@pytest.mark.parametrize("event_id", ["", "evt.1", "evt 1", "evt_ü", "x" * 65, "evt_1\n"])
def test_an_event_id_has_no_full_stop_and_no_space(library: Library, event_id: str) -> None:
    with pytest.raises(InvalidRequest, match="is no event id"):
        add(library, "t", webhook(library), event_id, "{}")


def test_what_is_not_there_is_not_found(library: Library) -> None:
    for missing in (
        lambda: add(library, "t", "wh_x", "evt_1", "{}"),
        lambda: get(library, "t", "evt_1"),
        lambda: claim(library, "t", "evt_1", 9),
        lambda: record(library, "t", "evt_1", MADE, DeliveryStatus.DELIVERED),
        lambda: webhooks.get(library, "t", "wh_x"),
        lambda: webhooks.disable(library, "t", "wh_x", "why"),
        lambda: webhooks.enable(library, "t", "wh_x"),
        lambda: webhooks.remove(library, "t", "wh_x"),
    ):
        with pytest.raises(NotFound, match=r"There is no (webhook 'wh_x'|delivery of .*'evt_1')"):
            missing()


def test_an_attempt_is_claimed_by_one(library: Library) -> None:
    add(library, "t", webhook(library), "evt_1", "{}")
    with ThreadPoolExecutor(8) as threads:
        claimed = list(threads.map(lambda _: claim(library, "t", "evt_1", 60), range(8)))
    assert len([one for one in claimed if one is not None]) == 1
    assert due(library, 9) == []


def test_a_claim_runs_out(library: Library) -> None:
    add(library, "t", webhook(library), "evt_1", "{}")
    assert claim(library, "t", "evt_1", -1) is not None
    assert due(library, 9) == [("t", "evt_1")]
    assert claim(library, "t", "evt_1", 60) is not None


def test_an_attempt_that_failed_is_due_again_later(library: Library) -> None:
    add(library, "t", webhook(library), "evt_1", "{}")
    claim(library, "t", "evt_1", 60)
    later = record(library, "t", "evt_1", FAILED, DeliveryStatus.PENDING, wait=3600)
    assert later.next_attempt_at is not None
    assert later.next_attempt_at > later.created_at
    assert due(library, 9) == []
    assert claim(library, "t", "evt_1", 60) is None
    with library.writer.begin() as connection:
        connection.execute(update(deliveries).values(next_attempt_at="2026-01-01T00:00:00.000Z"))
    assert claim(library, "t", "evt_1", 60) is not None
    done = record(library, "t", "evt_1", MADE, DeliveryStatus.DELIVERED)
    assert done.attempts == (FAILED, MADE)
    assert (done.status, done.next_attempt_at) == (DeliveryStatus.DELIVERED, None)
    assert claim(library, "t", "evt_1", 60) is None


def test_what_was_delivered_stays_so_whatever_is_recorded_later(library: Library) -> None:
    add(library, "t", webhook(library), "evt_1", "{}")
    record(library, "t", "evt_1", MADE, DeliveryStatus.DELIVERED)
    for status in (DeliveryStatus.PENDING, DeliveryStatus.FAILED, DeliveryStatus.DISABLED):
        late = record(library, "t", "evt_1", FAILED, status, wait=0)
        assert (late.status, late.next_attempt_at) == (DeliveryStatus.DELIVERED, None)
    assert len(get(library, "t", "evt_1").attempts) == 4
    assert due(library, 9) == []


def test_one_at_a_time_is_due_for_each_webhook_the_oldest_first(library: Library) -> None:
    slow, quick = webhook(library), webhook(library)
    for at in range(3):
        add(library, "t", slow, f"evt_s{at}", "{}")
    add(library, "u", webhooks.add(library, "u", "https://u.example/", "s").id, "evt_u", "{}")
    add(library, "t", quick, "evt_q", "{}")
    assert set(due(library, 9)) == {("t", "evt_s0"), ("t", "evt_q"), ("u", "evt_u")}
    assert len(due(library, 2)) == 2
    claim(library, "t", "evt_s0", 60)
    assert set(due(library, 9)) == {("t", "evt_q"), ("u", "evt_u")}
    record(library, "t", "evt_s0", FAILED, DeliveryStatus.PENDING, wait=3600)
    assert set(due(library, 9)) == {("t", "evt_s1"), ("t", "evt_q"), ("u", "evt_u")}


def test_a_disabled_webhook_has_nothing_pending_until_it_is_enabled(library: Library) -> None:
    hook = webhook(library)
    add(library, "t", hook, "evt_1", "{}")
    add(library, "t", hook, "evt_2", "{}")
    record(library, "t", "evt_2", MADE, DeliveryStatus.DELIVERED)
    webhooks.disable(library, "t", hook, "It is gone.")
    webhooks.disable(library, "t", hook, "It is gone again.")
    assert webhooks.get(library, "t", hook).disabled_because == "It is gone."
    assert add(library, "t", hook, "evt_3", "{}").status is DeliveryStatus.DISABLED
    assert [one.status.value for one in page(library, "t", 9)[0]] == [
        "disabled",
        "delivered",
        "disabled",
    ]
    assert due(library, 9) == []
    webhooks.enable(library, "t", hook)
    assert webhooks.get(library, "t", hook).disabled_at is None
    add(library, "t", hook, "evt_4", "{}")
    assert due(library, 9) == [("t", "evt_4")]


def test_an_attempt_under_way_ends_as_it_does_though_its_webhook_was_disabled(
    library: Library,
) -> None:
    hook = webhook(library)
    for name in ("evt_1", "evt_2"):
        add(library, "t", hook, name, "{}")
        claim(library, "t", name, 60)
    webhooks.remove(library, "t", hook)
    failed = record(library, "t", "evt_1", FAILED, DeliveryStatus.PENDING, wait=0)
    made = record(library, "t", "evt_2", MADE, DeliveryStatus.DELIVERED)
    assert (failed.status, failed.attempts) == (DeliveryStatus.DISABLED, (FAILED,))
    assert made.status is DeliveryStatus.DELIVERED
    assert due(library, 9) == []


def test_a_secret_is_not_shown_and_goes_with_its_webhook(library: Library) -> None:
    hook = webhook(library)
    found = webhooks.get(library, "t", hook)
    assert found.secret not in repr(found)
    assert found.secret.startswith("whsec_")
    webhooks.remove(library, "t", hook)
    with pytest.raises(NotFound):
        webhooks.get(library, "t", hook)


def test_pages_are_newest_first_and_of_one_webhook_if_asked(library: Library) -> None:
    one, other = webhook(library), webhook(library)
    for at in range(5):
        add(library, "t", other if at == 2 else one, f"evt_{at}", "{}")
    first, cursor = page(library, "t", 2, webhook_id=one)
    second, end = page(library, "t", 2, cursor, webhook_id=one)
    assert [found.event_id for found in [*first, *second]] == ["evt_4", "evt_3", "evt_1", "evt_0"]
    assert end is None
    assert len(page(library, "t", 9)[0]) == 5
    for bad in ("", "x", "-1", "²", "9" * 19):
        with pytest.raises(InvalidRequest, match="is not a cursor"):
            page(library, "t", 2, bad)


def test_ended_deliveries_that_are_older_are_forgotten(library: Library) -> None:
    hook = webhook(library)
    for name in ("evt_1", "evt_2"):
        add(library, "t", hook, name, "{}")
    record(library, "t", "evt_1", MADE, DeliveryStatus.DELIVERED)
    assert forget(library, "t", "2020-01-01T00:00:00.000Z") == 0
    assert forget(library, "t", "9999") == 1
    assert [one.event_id for one in page(library, "t", 9)[0]] == ["evt_2"]
