"""Webhooks: the addresses that a tenant has events sent to, each with the secret that signs them.

Whether an address may be sent to at all is not looked at here.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from corpus.drafts import timestamp
from corpus.errors import NotFound
from corpus.library import Library
from corpus.schema import deliveries, webhooks
from corpus.types import DeliveryStatus


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address, and since when and why nothing is sent there any more; times in ISO 8601, UTC."""

    id: str
    url: str
    secret: str = field(repr=False)
    created_at: str
    disabled_at: str | None = None
    disabled_because: str | None = None


def add(library: Library, tenant: str, url: str, secret: str) -> Webhook:
    """Keep a new webhook."""
    made = Webhook(f"wh_{uuid.uuid4().hex}", url, secret, timestamp())
    row = {"id": made.id, "tenant": tenant, "url": url, "secret": secret}
    with library.writer.begin() as connection:
        connection.execute(insert(webhooks).values(**row, created_at=made.created_at))
    return made


def get(library: Library, tenant: str, webhook_id: str) -> Webhook:
    """A webhook by its id; raises NotFound."""
    with library.engine.connect() as connection:
        return _webhook(connection.execute(_of(tenant, webhook_id)).first(), webhook_id)


def hold(connection: Connection, tenant: str, webhook_id: str) -> Webhook:
    """A webhook, which no other transaction changes till this one's end; raises NotFound."""
    query = _of(tenant, webhook_id).with_for_update()
    return _webhook(connection.execute(query).first(), webhook_id)


def disable(library: Library, tenant: str, webhook_id: str, because: str) -> None:
    """Send nothing there any more, not even what is pending; raises NotFound."""
    with library.writer.begin() as connection:
        if hold(connection, tenant, webhook_id).disabled_at is None:
            _set(connection, tenant, webhook_id, timestamp(), because)
        _drop_pending(connection, tenant, webhook_id)


def enable(library: Library, tenant: str, webhook_id: str) -> None:
    """Send there again what comes from now on; raises NotFound."""
    with library.writer.begin() as connection:
        hold(connection, tenant, webhook_id)
        _set(connection, tenant, webhook_id, None, None)


def remove(library: Library, tenant: str, webhook_id: str) -> None:
    """Forget a webhook with its secret; its deliveries stay in the log. Raises NotFound."""
    with library.writer.begin() as connection:
        hold(connection, tenant, webhook_id)
        _drop_pending(connection, tenant, webhook_id)
        connection.execute(
            delete(webhooks).where(webhooks.c.tenant == tenant, webhooks.c.id == webhook_id)
        )


def _of(tenant: str, webhook_id: str) -> Select[*tuple[Any, ...]]:
    return select(webhooks).where(webhooks.c.tenant == tenant, webhooks.c.id == webhook_id)


def _webhook(row: Row[*tuple[Any, ...]] | None, webhook_id: str) -> Webhook:
    if row is None:
        raise NotFound(f"There is no webhook {webhook_id!r}.")
    return Webhook(
        row.id, row.url, row.secret, row.created_at, row.disabled_at, row.disabled_because
    )


def _drop_pending(connection: Connection, tenant: str, webhook_id: str) -> None:
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.tenant == tenant,
            deliveries.c.webhook_id == webhook_id,
            deliveries.c.status == DeliveryStatus.PENDING,
        )
        .values(status=DeliveryStatus.DISABLED, next_attempt_at=None)
    )


def _set(
    connection: Connection, tenant: str, webhook_id: str, at: str | None, because: str | None
) -> None:
    connection.execute(
        update(webhooks)
        .where(webhooks.c.tenant == tenant, webhooks.c.id == webhook_id)
        .values(disabled_at=at, disabled_because=because)
    )
