"""The delivery log: events on their way to webhooks, and how each attempt went."""

import re
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from corpus.aging import remove_older
from corpus.drafts import timestamp
from corpus.errors import InvalidRequest, NotFound
from corpus.library import Library
from corpus.pages import newest_first
from corpus.schema import deliveries
from corpus.types import DeliveryStatus
from corpus.webhooks import hold

_EVENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # a full stop would make the signature ambiguous


@dataclass(frozen=True, slots=True)
class Attempt:
    """When it began (ISO 8601, UTC), the status that came or what went wrong, and how long it took.

    Both are there where a status came that is no success.
    """

    at: str
    status_code: int | None
    error: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event for a webhook: `body` goes to `url` as it is. Times in ISO 8601, UTC."""

    event_id: str
    webhook_id: str
    url: str
    body: str
    status: DeliveryStatus
    attempts: tuple[Attempt, ...]
    created_at: str
    next_attempt_at: str | None  # none once it has ended


def add(library: Library, tenant: str, webhook_id: str, event_id: str, body: str) -> Delivery:
    """Have an event delivered; one of this id that is there already stays as it is.

    It is "disabled" from the start where its webhook is. Raises NotFound for an unknown webhook,
    and InvalidRequest for an event id of other than 1 to 64 letters, digits, "_" and "-".
    """
    if not _EVENT_ID.fullmatch(event_id):
        raise InvalidRequest(f"{event_id!r} is no event id: 1 to 64 of A-Z, a-z, 0-9, _ and -.")
    try:
        with library.writer.begin() as connection:
            webhook = hold(connection, tenant, webhook_id)
            is_on = webhook.disabled_at is None
            now = timestamp()
            connection.execute(
                insert(deliveries).values(
                    tenant=tenant,
                    event_id=event_id,
                    webhook_id=webhook_id,
                    url=webhook.url,
                    body=body,
                    status=DeliveryStatus.PENDING if is_on else DeliveryStatus.DISABLED,
                    attempts=[],
                    created_at=now,
                    next_attempt_at=now if is_on else None,
                )
            )
    except IntegrityError:
        pass  # it was added before, and is what is returned
    return get(library, tenant, event_id)


def get(library: Library, tenant: str, event_id: str) -> Delivery:
    """A delivery by its event's id; raises NotFound."""
    with library.engine.connect() as connection:
        row = connection.execute(select(deliveries).where(_is(tenant, event_id))).first()
    if row is None:
        raise NotFound(f"There is no delivery of an event {event_id!r}.")
    return _delivery(row)


def page(
    library: Library,
    tenant: str,
    limit: int,
    cursor: str | None = None,
    webhook_id: str | None = None,
) -> tuple[list[Delivery], str | None]:
    """Up to `limit` deliveries, newest first, and the next page's cursor.

    Raises InvalidRequest for a cursor that this function did not give.
    """
    query = select(deliveries).where(deliveries.c.tenant == tenant)
    if webhook_id is not None:
        query = query.where(deliveries.c.webhook_id == webhook_id)
    rows, more = newest_first(library.engine, query, deliveries.c.seq, limit, cursor)
    return [_delivery(row) for row in rows], more


def claim(library: Library, tenant: str, event_id: str, seconds: float) -> Delivery | None:
    """Be the only one to make an attempt, for so long; None where none is due or another makes it.

    Raises NotFound.
    """
    now = timestamp()
    with library.writer.begin() as connection:
        claimed = connection.execute(
            update(deliveries)
            .where(_is(tenant, event_id), _due(now))
            .values(claimed_until=timestamp(timedelta(seconds=seconds)))
        ).rowcount
    delivery = get(library, tenant, event_id)
    return delivery if claimed else None


def record(
    library: Library,
    tenant: str,
    event_id: str,
    attempt: Attempt,
    status: DeliveryStatus,
    *,
    wait: float | None = None,
) -> Delivery:
    """Log an attempt and what it led to; `wait` is the seconds to the next one while pending.

    What was delivered stays so, and what was disabled meanwhile is only changed by a success.
    Raises NotFound.
    """
    with library.writer.begin() as connection:
        query = select(deliveries).where(_is(tenant, event_id)).with_for_update()
        row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"There is no delivery of an event {event_id!r}.")
        values: dict[str, Any] = {"attempts": [*row.attempts, asdict(attempt)]}
        if row.status == DeliveryStatus.PENDING or status is DeliveryStatus.DELIVERED:
            later = timestamp(timedelta(seconds=wait or 0))
            values["status"] = status
            values["next_attempt_at"] = later if status is DeliveryStatus.PENDING else None
        connection.execute(
            update(deliveries).where(_is(tenant, event_id)).values(**values, claimed_until=None)
        )
    return get(library, tenant, event_id)


def due(library: Library, limit: int) -> list[tuple[str, str]]:
    """Tenants and event ids of up to `limit` attempts that are to be made now, by all tenants.

    At most one for each webhook, its oldest, and none while another to it is being made, so that a
    slow one is not flooded and holds up nobody else.
    """
    now = timestamp()
    busy = select(deliveries.c.webhook_id).where(
        deliveries.c.status == DeliveryStatus.PENDING, deliveries.c.claimed_until > now
    )
    oldest = (
        select(func.min(deliveries.c.seq))
        .where(_due(now), deliveries.c.webhook_id.not_in(busy))
        .group_by(deliveries.c.webhook_id)
    )
    query = (
        select(deliveries.c.tenant, deliveries.c.event_id)
        .where(deliveries.c.seq.in_(oldest))
        .order_by(deliveries.c.next_attempt_at)
        .limit(limit)
    )
    with library.engine.connect() as connection:
        return [(row.tenant, row.event_id) for row in connection.execute(query)]


def forget(library: Library, tenant: str, before: str) -> int:
    """Remove the ended deliveries that were added before a time, ISO 8601 in UTC; how many."""
    has_ended = deliveries.c.status != DeliveryStatus.PENDING
    return remove_older(library, tenant, deliveries, before, has_ended)


def _is(tenant: str, event_id: str) -> ColumnElement[bool]:
    return and_(deliveries.c.tenant == tenant, deliveries.c.event_id == event_id)


def _due(now: str) -> ColumnElement[bool]:
    return and_(
        deliveries.c.status == DeliveryStatus.PENDING,
        deliveries.c.next_attempt_at <= now,
        or_(deliveries.c.claimed_until.is_(None), deliveries.c.claimed_until <= now),
    )


def _delivery(row: Row[*tuple[Any, ...]]) -> Delivery:
    return Delivery(
        event_id=row.event_id,
        webhook_id=row.webhook_id,
        url=row.url,
        body=row.body,
        status=DeliveryStatus(row.status),
        attempts=tuple(Attempt(**one) for one in row.attempts),
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
    )
