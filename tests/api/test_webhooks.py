"""Webhooks are signed as the specification wants it, and sent until they are accepted, once."""

import asyncio
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar

import pytest
import standardwebhooks
import trustme

from api.targets import RefusedTarget, Resolve, Targets
from api.webhooks import (
    RETRY_DELAYS,
    Sender,
    deliver,
    deliver_due,
    event_body,
    new_webhook,
    run_deliveries,
    sender_of,
)
from corpus import deliveries, webhooks
from corpus.deliveries import Delivery
from corpus.errors import InvalidRequest
from corpus.library import Library
from corpus.types import DeliveryStatus
from rag.settings import Settings
from tests.api.receiver import Received, receiver

HERE = (ip_network("127.0.0.0/8"),)
BODY = event_body("digest.created", {"text": "Größe 🐟 \x00 \ud83d"}, "2026-11-25T06:15:00.000Z")
AT_ONCE = (0.0, 0.0)  # three attempts, without a wait

_Result = TypeVar("_Result")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "pincite.db", "model-1")
    yield opened
    opened.close()


def sender(
    *, seconds: float = 5.0, delays: Sequence[float] = AT_ONCE, resolve: Resolve | None = None
) -> Sender:
    """A sender that may send to this machine."""
    targets = Targets(HERE) if resolve is None else Targets(HERE, resolve)
    return Sender(targets, seconds, tuple(delays))


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    return asyncio.run(work)


def expect(library: Library, url: str, event_id: str = "evt_1") -> webhooks.Webhook:
    """A webhook for which an event waits."""
    webhook = webhooks.add(library, "t", url, f"whsec_{'A' * 32}")
    deliveries.add(library, "t", webhook.id, event_id, BODY)
    return webhook


def verified(secret: str, got: Received) -> Any:
    """The event of a request, as the specification's own library verifies it."""
    return standardwebhooks.Webhook(secret).verify(got.body, got.headers)


def codes(delivery: Delivery) -> list[int | None]:
    return [attempt.status_code for attempt in delivery.attempts]


def test_an_event_is_signed_so_that_the_specifications_library_verifies_it(
    library: Library,
) -> None:
    with receiver(204) as hooks:
        webhook = run(new_webhook(library, "t", hooks.url, sender()))
        deliveries.add(library, "t", webhook.id, "evt_1", BODY)
        delivery = run(deliver(library, "t", "evt_1", sender()))
    (got,) = hooks.got
    assert verified(webhook.secret, got) == json.loads(BODY)
    assert got.headers["webhook-id"] == "evt_1"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == f"127.0.0.1:{hooks.port}"
    assert got.path == "/hooks?of=pincite"
    assert got.body.decode() == BODY
    assert delivery.status is DeliveryStatus.DELIVERED
    assert codes(delivery) == [204]
    assert delivery.next_attempt_at is None


def test_an_ipv6_host_is_sent_in_brackets(library: Library) -> None:
    async def here(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    with receiver(200) as hooks:
        expect(library, f"http://[2001:db8::1]:{hooks.port}")
        run(deliver(library, "t", "evt_1", sender(resolve=here)))
    (got,) = hooks.got
    assert got.headers["host"] == f"[2001:db8::1]:{hooks.port}"
    assert got.path == "/"


@pytest.mark.parametrize("change", ["body", "webhook-id", "webhook-timestamp", "secret"])
def test_what_was_changed_on_the_way_is_not_verified(library: Library, change: str) -> None:
    with receiver(200) as hooks:
        webhook = expect(library, hooks.url)
        run(deliver(library, "t", "evt_1", sender()))
    (got,) = hooks.got
    secret = f"whsec_{'B' * 32}" if change == "secret" else webhook.secret
    body = got.body.replace(b"digest", b"digezt") if change == "body" else got.body
    headers = dict(got.headers)
    if change in headers:
        headers[change] = str(int(time.time()) + 1) if change.endswith("stamp") else "evt_2"
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verified(secret, Received(got.path, headers, body))


def test_an_event_that_failed_is_sent_again_with_the_same_id(library: Library) -> None:
    with receiver(500, 404, 200) as hooks:
        webhook = expect(library, hooks.url)
        assert run(deliver_due(library, sender())) == 3
        assert run(deliver_due(library, sender())) == 0
    assert [got.headers["webhook-id"] for got in hooks.got] == ["evt_1"] * 3
    assert all(verified(webhook.secret, got) == json.loads(BODY) for got in hooks.got)
    delivery = deliveries.get(library, "t", "evt_1")
    assert delivery.status is DeliveryStatus.DELIVERED
    assert codes(delivery) == [500, 404, 200]
    assert [one.error for one in delivery.attempts] == [
        "It answered 500.",
        "It answered 404.",
        None,
    ]


def test_an_event_fails_when_all_attempts_have(library: Library) -> None:
    with receiver(503) as hooks:
        expect(library, hooks.url)
        run(deliver_due(library, sender()))
    delivery = deliveries.get(library, "t", "evt_1")
    assert delivery.status is DeliveryStatus.FAILED
    assert codes(delivery) == [503] * 3 == [503] * len(hooks.got)


def test_the_attempts_are_those_of_the_specifications_schedule(library: Library) -> None:
    assert sender_of(Settings()).delays == RETRY_DELAYS
    assert len(RETRY_DELAYS) == 9
    assert sum(RETRY_DELAYS) == (75 * 60 + 35) * 60 + 5  # 75:35:05
    with receiver(500) as hooks:
        expect(library, hooks.url)
        began = time.time()
        delivery = run(deliver(library, "t", "evt_1", sender(delays=RETRY_DELAYS)))
        assert delivery.status is DeliveryStatus.PENDING
        assert 5 <= seconds_after(began, delivery) <= 6.5
        assert run(deliver_due(library, sender(delays=RETRY_DELAYS))) == 0, "it is not due yet"
        assert run(deliver(library, "t", "evt_1", sender())) == delivery
    assert len(hooks.got) == 1


def seconds_after(began: float, delivery: Delivery) -> float:
    assert delivery.next_attempt_at is not None
    return datetime.fromisoformat(delivery.next_attempt_at).timestamp() - began


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [("120", 120, 122), ("1", 5, 6.5), ("9999999", 86400, 86402), ("soon", 5, 6.5)],
)
def test_a_receiver_can_ask_for_a_longer_wait(
    library: Library, value: str, least: float, most: float
) -> None:
    def busy(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(429)
        handler.send_header("retry-after", value)
        handler.end_headers()

    with receiver(busy) as hooks:
        expect(library, hooks.url)
        began = time.time()
        delivery = run(deliver(library, "t", "evt_1", sender(delays=(5,))))
    assert least <= seconds_after(began, delivery) <= most


def test_a_receiver_that_is_gone_is_sent_nothing_any_more(library: Library) -> None:
    with receiver(410) as hooks:
        webhook = expect(library, hooks.url)
        deliveries.add(library, "t", webhook.id, "evt_2", BODY)
        run(deliver_due(library, sender()))
        deliveries.add(library, "t", webhook.id, "evt_3", BODY)
        run(deliver_due(library, sender()))
    assert [got.headers["webhook-id"] for got in hooks.got] == ["evt_1"]
    found, _ = deliveries.page(library, "t", 9)
    assert {one.status for one in found} == {DeliveryStatus.DISABLED}
    gone = webhooks.get(library, "t", webhook.id)
    assert gone.disabled_at is not None
    assert (gone.disabled_because or "").startswith("It answered 410 Gone to evt_1 at 20")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(library: Library, status: int) -> None:
    with receiver(200) as private:

        def redirect(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("location", private.url)
            handler.send_header("content-length", "0")
            handler.end_headers()

        with receiver(redirect) as hooks:
            expect(library, hooks.url)
            delivery = run(deliver(library, "t", "evt_1", sender()))
    assert private.got == []
    assert codes(delivery) == [status]
    assert delivery.status is DeliveryStatus.PENDING
    assert "redirects are not followed" in (delivery.attempts[0].error or "")


def void(_value: object) -> None:
    pass


def test_a_receiver_that_hangs_is_given_up_at_the_deadline(library: Library) -> None:
    with receiver(lambda _: void(hooks.gone.wait(30))) as hooks:
        expect(library, hooks.url)
        delivery = run(deliver(library, "t", "evt_1", sender(seconds=0.3)))
    (attempt,) = delivery.attempts
    assert attempt.status_code is None
    assert attempt.error == "There was no answer within 0.3 s."
    assert 0.3 <= attempt.seconds < 5
    assert delivery.status is DeliveryStatus.PENDING


def test_headers_that_trickle_do_not_put_off_the_deadline(library: Library) -> None:
    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        with suppress(OSError):
            while not hooks.gone.wait(0.05):
                handler.wfile.write(b"x-more: y\r\n")
                handler.wfile.flush()

    with receiver(trickle) as hooks:
        expect(library, hooks.url)
        delivery = run(deliver(library, "t", "evt_1", sender(seconds=0.5)))
    assert delivery.attempts[0].error == "There was no answer within 0.5 s."
    assert delivery.attempts[0].seconds < 5


@pytest.mark.parametrize("pause", [0.0, 0.05])
def test_a_body_without_end_is_not_read(library: Library, pause: float) -> None:
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.send_header("content-length", str(10**12))
        handler.end_headers()
        with suppress(OSError):
            while not hooks.gone.wait(pause):
                sent += handler.wfile.write(b"x" * 65_536)

    with receiver(endless) as hooks:
        expect(library, hooks.url)
        delivery = run(deliver(library, "t", "evt_1", sender()))
        time.sleep(0.2)
        assert sent < 64 * 1024 * 1024, "what the sockets hold at most"
    assert delivery.status is DeliveryStatus.DELIVERED
    assert delivery.attempts[0].seconds < 2


@pytest.mark.parametrize("reply", [b"", b"SSH-2.0-OpenSSH_9.9\r\n", b"HTTP/1.1 2"])
def test_what_is_no_http_is_a_failed_attempt(library: Library, reply: bytes) -> None:
    def other(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(reply)
        handler.connection.shutdown(socket.SHUT_RDWR)

    with receiver(other) as hooks:
        expect(library, hooks.url)
        delivery = run(deliver(library, "t", "evt_1", sender()))
    assert delivery.status is DeliveryStatus.PENDING
    assert "Error: " in (delivery.attempts[0].error or "")


def test_a_receiver_that_is_not_there_is_a_failed_attempt(library: Library) -> None:
    with receiver(200) as hooks:
        pass
    expect(library, hooks.url)
    delivery = run(deliver(library, "t", "evt_1", sender()))
    assert delivery.status is DeliveryStatus.PENDING
    assert (delivery.attempts[0].error or "").startswith("ConnectError: ")


def test_a_name_that_becomes_private_after_the_check_is_not_sent_to(library: Library) -> None:
    looked_up = 0

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        nonlocal looked_up
        looked_up += 1
        return ["8.8.8.8" if looked_up == 1 else "127.0.0.1"]

    with receiver(200) as hooks:
        public = Sender(Targets(resolve=rebinding), 5.0, AT_ONCE)
        url = f"https://hooks.example:{hooks.port}/"
        webhook = run(new_webhook(library, "t", url, public))
        deliveries.add(library, "t", webhook.id, "evt_1", BODY)
        delivery = run(deliver(library, "t", "evt_1", public))
    assert looked_up == 2, "once when it was given, once when it was connected to"
    assert hooks.got == []
    assert "127.0.0.1, which is not public" in (delivery.attempts[0].error or "")


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://169.254.169.254/", "ftp://x/"])
def test_a_url_is_checked_when_it_is_given(library: Library, url: str) -> None:
    with pytest.raises(RefusedTarget):
        run(new_webhook(library, "t", url, Sender(Targets())))


def test_what_is_allowed_is_a_setting(library: Library) -> None:
    settings = Settings.model_validate({"webhook_allow_private": "127.0.0.1, hooks.lan"})
    allowing = sender_of(settings)
    with receiver(200) as hooks:
        webhook = run(new_webhook(library, "t", hooks.url, allowing))
        deliveries.add(library, "t", webhook.id, "evt_1", BODY)
        run(deliver(library, "t", "evt_1", allowing))
        with pytest.raises(RefusedTarget):
            run(new_webhook(library, "t", hooks.url, sender_of(Settings())))
    assert len(hooks.got) == 1


def test_a_secret_can_be_given_if_it_is_one(library: Library) -> None:
    with receiver(200) as hooks:
        for secret in ("", "secret", "whsec_", "whsec_AAAA", f"whsec_{'!' * 32}", "A" * 32):
            with pytest.raises(InvalidRequest, match="whsec_"):
                run(new_webhook(library, "t", hooks.url, sender(), secret))
        given = f"whsec_{'a1B/' * 8}"
        assert run(new_webhook(library, "t", hooks.url, sender(), given)).secret == given
        made = [run(new_webhook(library, "t", hooks.url, sender())) for _ in range(2)]
    assert made[0].secret != made[1].secret
    assert made[0].secret not in repr(made[0])


def test_a_kind_of_event_is_words_between_full_stops() -> None:
    for kind in ("", "digest", "digest.", ".created", "Digest.Created", "digest created"):
        with pytest.raises(ValueError, match="no kind of event"):
            event_body(kind, {}, "2026-11-25T06:15:00.000Z")


def test_what_was_delivered_is_not_sent_again_after_a_restart(tmp_path: Path) -> None:
    with receiver(200) as hooks:
        for _ in range(3):
            library = Library(tmp_path / "pincite.db", "model-1")
            if not hooks.got:
                expect(library, hooks.url)
            run(deliver_due(library, sender()))
            run(deliver(library, "t", "evt_1", sender()))
            library.close()
    assert len(hooks.got) == 1


DYING = """
import asyncio, sys
from pathlib import Path
import api.webhooks
from corpus.library import Library
from tests.api.test_webhooks import sender
api.webhooks._CLAIM = 0.5
library = Library(Path(sys.argv[1]), "model-1")
asyncio.run(api.webhooks.deliver(library, "t", "evt_1", sender(seconds=1)))
"""


def test_an_attempt_that_a_killed_process_left_is_made_again_with_the_same_id(
    library: Library, tmp_path: Path
) -> None:
    with receiver(lambda _: void(hooks.gone.wait(30)), 200) as hooks:
        expect(library, hooks.url)
        command = [sys.executable, "-c", DYING, str(tmp_path / "pincite.db")]
        with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:  # noqa: S603
            assert hooks.came.wait(30)
            process.send_signal(signal.SIGKILL)
        assert run(deliver_due(library, sender())) == 0, "the claim holds"
        deadline = time.monotonic() + 20
        while not run(deliver_due(library, sender())):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert [got.headers["webhook-id"] for got in hooks.got] == ["evt_1"] * 2
    assert deliveries.get(library, "t", "evt_1").status is DeliveryStatus.DELIVERED


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_three_workers_on_one_database_send_each_event_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    is_file = kind == "sqlite"
    database = tmp_path / "p.db" if is_file else request.getfixturevalue("shared_postgres")()
    libraries = [Library(database, "model-1") for _ in range(3)]

    async def work() -> None:
        await asyncio.gather(*(deliver_due(one, sender()) for one in libraries))

    with receiver(200) as hooks:
        for at in range(15):
            expect(libraries[0], hooks.url, f"evt_{at}")
        run(work())
        while run(deliver_due(libraries[0], sender())):
            pass
    for one in libraries:
        one.close()
    sent = [got.headers["webhook-id"] for got in hooks.got]
    assert sorted(sent) == sorted(f"evt_{at}" for at in range(15))


def test_the_background_sends_at_once_what_it_is_woken_for(library: Library) -> None:
    async def work() -> None:
        async with run_deliveries(library, sender(), pause=60) as wake:
            await asyncio.sleep(0.2)  # it has looked, and sleeps
            webhook = webhooks.add(library, "t", hooks.url, f"whsec_{'A' * 32}")
            for at in range(3):
                deliveries.add(library, "t", webhook.id, f"evt_{at}", BODY)
            wake()
            await until(lambda: not pending(library))

    with receiver(200) as hooks:
        run(work())
    assert [got.headers["webhook-id"] for got in hooks.got] == ["evt_0", "evt_1", "evt_2"]


@pytest.mark.parametrize("steps", range(6))
def test_the_background_stops_when_it_is_told_to_just_after_it_was_woken(
    library: Library, steps: int
) -> None:
    async def work() -> None:
        async with asyncio.timeout(10), run_deliveries(library, sender(), pause=60) as wake:
            await asyncio.sleep(0.1)  # it has looked, and sleeps
            wake()
            for _ in range(steps):
                await asyncio.sleep(0)

    run(work())


def test_a_receiver_that_hangs_holds_up_nobody_else(library: Library) -> None:
    async def work() -> None:
        for at in range(20):
            deliveries.add(library, "t", slow.id, f"evt_slow_{at}", BODY)
        async with run_deliveries(library, sender(seconds=30), pause=0.05):
            await until(lambda: bool(stuck.got))
            expect(library, hooks.url, "evt_quick")
            await until(lambda: bool(hooks.got))

    with receiver(lambda _: void(stuck.gone.wait(30))) as stuck, receiver(200) as hooks:
        slow = webhooks.add(library, "t", stuck.url, f"whsec_{'A' * 32}")
        began = time.monotonic()
        run(work())
    assert len(stuck.got) == 1, "one at a time to one receiver"
    assert time.monotonic() - began < 15


def pending(library: Library) -> bool:
    found, _ = deliveries.page(library, "t", 100)
    return any(one.status is DeliveryStatus.PENDING for one in found)


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def test_the_certificate_is_that_of_the_name_and_not_of_the_address(
    library: Library,
) -> None:
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async def here(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    targets = Targets(HERE, here)
    with receiver(200, tls=served) as hooks:
        for name, certificates, error in [
            ("hooks.example", trusting, None),
            ("other.example", trusting, "Hostname mismatch"),
            (
                "hooks.example",
                ssl.create_default_context(),
                "unable to get local issuer certificate",
            ),
        ]:
            event = f"evt_{name[:5]}_{certificates is trusting:d}"
            expect(library, f"https://{name}:{hooks.port}/", event)
            sending = Sender(targets, 5.0, AT_ONCE, certificates)
            (attempt,) = run(deliver(library, "t", event, sending)).attempts
            assert (error is None) == (attempt.error is None)
            assert (error or "") in (attempt.error or "")
    assert len(hooks.got) == 1
