"""Webhooks by the Standard Webhooks specification: signed, sent, and sent again until accepted.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import asyncio
import base64
import binascii
import json
import logging
import random
import re
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpcore2
import httpx2
import standardwebhooks

from api import installed_version
from api.background import beside
from api.targets import CheckedNetwork, RefusedTarget, Targets, parse_target
from corpus import deliveries, webhooks
from corpus.deliveries import Attempt, Delivery
from corpus.drafts import timestamp
from corpus.errors import InvalidRequest, NotFound
from corpus.library import Library
from corpus.types import DeliveryStatus
from corpus.webhooks import Webhook
from rag.faults import retry_after_seconds
from rag.settings import Settings

# Seconds from each failed attempt to the next: the specification's schedule, ten attempts in all.
RETRY_DELAYS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)

_DEADLINE = 20.0  # seconds of one attempt; the specification recommends 15 to 30
_JITTER = 0.1  # of a delay, so that what failed together does not come back together
_LONGEST_WAIT = 86_400.0  # seconds that a receiver can ask for
_CLAIM = 60.0  # seconds that a claim outlasts its deadline, for the SQL around it
_PAUSE = 5.0  # seconds between two looks for what is due; the shortest delay is as long
_AT_ONCE = 8

_SECRET = "whsec_"  # noqa: S105 - what secrets begin with
_SECRET_BYTES = range(24, 65)
_KIND = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")

_NETWORK_ERRORS = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    OSError,
)

_random = random.SystemRandom()
_log = logging.getLogger("pincite.webhooks")


@dataclass(frozen=True, slots=True)
class Sender:
    """How events are sent: where they may go, how long one attempt may take, and when the next is.

    `delays` are the seconds after each failed attempt, and so one fewer than there are attempts.
    """

    targets: Targets
    seconds: float = _DEADLINE
    delays: tuple[float, ...] = RETRY_DELAYS
    certificates: ssl.SSLContext = field(default_factory=httpx2.create_ssl_context)


def sender_of(settings: Settings) -> Sender:
    """The sender that the settings ask for."""
    return Sender(Targets(settings.webhook_allow_private))


async def new_webhook(
    library: Library, tenant: str, url: str, sender: Sender, secret: str | None = None
) -> Webhook:
    """Keep a webhook, with a new secret unless there is one.

    Raises InvalidRequest for a URL that may not be sent to, or for a secret that is not "whsec_"
    and the Base64 of 24 to 64 bytes.
    """
    await sender.targets.check(url)
    if secret is None:
        secret = _SECRET + base64.b64encode(secrets.token_bytes(32)).decode()
    elif not _is_secret(secret):
        raise InvalidRequest(
            f"A webhook's secret is {_SECRET!r} and the Base64 of 24 to 64 bytes, "
            "as `openssl rand -base64 32` prints it."
        )
    return await asyncio.to_thread(webhooks.add, library, tenant, url, secret)


def event_body(kind: str, data: Mapping[str, Any], at: str) -> str:
    """The JSON of an event of a kind such as "digest.created", which happened at a time.

    Raises ValueError for a kind that is not of two or more words between full stops.
    """
    if not _KIND.fullmatch(kind):
        raise ValueError(f"{kind!r} is no kind of event: write it as digest.created.")
    event = {"type": kind, "timestamp": at, "data": data}
    return json.dumps(event, separators=(",", ":"), allow_nan=False)


def signed_headers(secret: str, event_id: str, body: str, at: datetime) -> dict[str, str]:
    """What the specification has a request carry: id, time of the attempt, and signature."""
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": standardwebhooks.Webhook(secret).sign(event_id, at, body),
    }


async def deliver(library: Library, tenant: str, event_id: str, sender: Sender) -> Delivery:
    """Make one attempt, if one is due and nobody else makes it, and log how it went.

    A process that dies during an attempt leaves it to be made again later, with the same id: the
    receiver may then get an event twice, and never not at all. Raises NotFound.
    """
    delivery = await asyncio.to_thread(
        deliveries.claim, library, tenant, event_id, sender.seconds + _CLAIM
    )
    if delivery is None:
        return await asyncio.to_thread(deliveries.get, library, tenant, event_id)
    try:
        webhook = await asyncio.to_thread(webhooks.get, library, tenant, delivery.webhook_id)
    except NotFound:  # removed just now, and its deliveries disabled with it
        return await asyncio.to_thread(deliveries.get, library, tenant, event_id)
    attempt, asked = await _attempt(delivery, webhook.secret, sender)
    status, wait = _outcome(attempt, len(delivery.attempts), asked, sender.delays)
    recorded = await asyncio.to_thread(
        deliveries.record, library, tenant, event_id, attempt, status, wait=wait
    )
    if status is DeliveryStatus.DISABLED:
        because = f"It answered 410 Gone to {event_id} at {attempt.at}."
        with suppress(NotFound):  # removed meanwhile, which is as good
            await asyncio.to_thread(webhooks.disable, library, tenant, webhook.id, because)
    if status is not DeliveryStatus.DELIVERED:
        _log.warning("Event %s: %s, now %s", event_id, attempt.error, status)
    return recorded


async def deliver_due(library: Library, sender: Sender) -> int:
    """Make the attempts that are due, of all tenants, till none is; returns how many."""
    made = 0
    while found := await asyncio.to_thread(deliveries.due, library, _AT_ONCE):
        await asyncio.gather(*(deliver(library, *one, sender) for one in found))
        made += len(found)
    return made


@asynccontextmanager
async def run_deliveries(
    library: Library, sender: Sender, pause: float = _PAUSE
) -> AsyncIterator[Callable[[], None]]:
    """Deliver in the background what is due, and what is left from before.

    What is yielded has it look at once, and not only after the `pause`, in seconds. At the end,
    attempts under way are broken off, and made again by whoever delivers next.
    """
    woken = asyncio.Event()
    async with beside(_keep_delivering(library, sender, pause, woken)):
        yield woken.set


async def _keep_delivering(
    library: Library, sender: Sender, pause: float, woken: asyncio.Event
) -> None:
    async def one(tenant: str, event_id: str) -> None:
        try:
            await deliver(library, tenant, event_id, sender)
            woken.set()  # the next to the same webhook may be due
        except Exception:  # of the database: the claim runs out, and the attempt is made again
            _log.exception("Event %s could not be delivered", event_id)

    tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
    try:
        while True:
            woken.clear()
            tasks = {key: task for key, task in tasks.items() if not task.done()}
            try:
                found = await asyncio.to_thread(deliveries.due, library, _AT_ONCE)
            except Exception:  # of the database, which may be back by the next look
                _log.exception("What is to be delivered can not be read")
                found = []
            for key in found:
                if key not in tasks and len(tasks) < _AT_ONCE:
                    tasks[key] = asyncio.create_task(one(*key))
            # Not wait_for, which in Python 3.11 may lose that it was cancelled.
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await woken.wait()
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _attempt(delivery: Delivery, secret: str, sender: Sender) -> tuple[Attempt, float | None]:
    """How an attempt went, and the seconds that the receiver asks to wait, if it does."""
    at, began = timestamp(), time.monotonic()
    status, asked, error = None, None, None
    try:
        async with asyncio.timeout(sender.seconds):
            status, asked = await _post(delivery, secret, sender)
    except TimeoutError:
        error = f"There was no answer within {sender.seconds:g} s."
    except RefusedTarget as refused:
        error = str(refused)
    except _NETWORK_ERRORS as failed:
        error = f"{type(failed).__name__}: {failed}"
    if status is not None and not 200 <= status < 300:
        error = f"It answered {status}."
        if 300 <= status < 400:
            error = f"It answered {status}, and redirects are not followed. Change the URL."
    return Attempt(at, status, error, round(time.monotonic() - began, 3)), asked


async def _post(delivery: Delivery, secret: str, sender: Sender) -> tuple[int, float | None]:
    """Send an event; the status that came, and what `Retry-After` says.

    No body is read, and no proxy of the environment is used: it would connect where it likes.
    """
    target = parse_target(delivery.url)
    signed = signed_headers(secret, delivery.event_id, delivery.body, datetime.now(UTC))
    headers: list[tuple[bytes | str, bytes | str]] = [
        ("host", target.authority),
        ("content-type", "application/json"),
        ("user-agent", f"Pincite/{installed_version()}"),
        *signed.items(),
    ]
    url = httpcore2.URL(
        scheme=target.scheme, host=target.host, port=target.port, target=target.path
    )
    network = CheckedNetwork(sender.targets, target)
    async with (
        httpcore2.AsyncConnectionPool(sender.certificates, network_backend=network) as pool,
        pool.stream("POST", url, headers=headers, content=delivery.body.encode()) as response,
    ):
        found = {name.lower(): value for name, value in response.headers}
        return response.status, retry_after_seconds(
            found.get(b"retry-after", b"").decode("latin-1")
        )


def _outcome(
    attempt: Attempt, before: int, asked: float | None, delays: tuple[float, ...]
) -> tuple[DeliveryStatus, float | None]:
    """What an attempt leads to after so many others, and the seconds to the next one."""
    if attempt.error is None:
        return DeliveryStatus.DELIVERED, None
    if attempt.status_code == 410:
        return DeliveryStatus.DISABLED, None
    if before >= len(delays):
        return DeliveryStatus.FAILED, None
    delay = delays[before] * (1 + _random.uniform(0, _JITTER))
    return DeliveryStatus.PENDING, max(delay, min(asked or 0.0, _LONGEST_WAIT))


def _is_secret(text: str) -> bool:
    if not text.startswith(_SECRET):
        return False
    try:
        return len(base64.b64decode(text.removeprefix(_SECRET), validate=True)) in _SECRET_BYTES
    except binascii.Error:
        return False
