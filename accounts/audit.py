"""Who did what to what, from where: one entry an act, written in the act's own transaction.

The address is ``REMOTE_ADDR``, as the web server gives it. ``X-Forwarded-For`` is never read here,
for anybody can send one: behind a proxy let the server translate it (uvicorn's
``--forwarded-allow-ips``), or every entry shows the proxy.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.http import HttpRequest, HttpResponse

from accounts.models import AuditEntry, Company, User

Values = Mapping[str, Any]
#: Of whoever sent the request at hand: most acts are written far from it.
_address: ContextVar[str | None] = ContextVar("address", default=None)


def from_where(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Middleware, so that an entry shows the address without being given the request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        before = _address.set(address_of(request))
        try:
            return get_response(request)
        finally:
            _address.reset(before)

    return middleware


def address_of(request: HttpRequest | None) -> str | None:
    """The client's IP address; ``None`` where the server gives none (a Unix socket, a worker)."""
    text = request.META.get("REMOTE_ADDR", "") if request else ""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def entry(
    action: str,
    subject: models.Model,
    *,
    by: User | None,
    request: HttpRequest | None = None,
    address: str | None = None,
    before: Values | None = None,
    after: Values | None = None,
    company: Company | None = None,
) -> AuditEntry:
    """An entry not yet written, for :func:`record_many`.

    ``by`` is ``None`` when Scoreline acts by itself. The company is the subject's unless given.
    ``before`` and ``after`` hold the changed values only, and never a secret.
    """
    return AuditEntry(
        company_id=company.pk if company else _company_id(subject, by),
        actor=by,
        actor_name=str(by or "")[:254],
        address=address or address_of(request) or _address.get(),
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        subject_name=str(subject)[:254],
        before=_plain(before),
        after=_plain(after),
    )


def record(
    action: str,
    subject: models.Model,
    *,
    by: User | None,
    request: HttpRequest | None = None,
    address: str | None = None,
    before: Values | None = None,
    after: Values | None = None,
    company: Company | None = None,
) -> AuditEntry:
    """Write one entry; the arguments are those of :func:`entry`."""
    made = entry(
        action,
        subject,
        by=by,
        request=request,
        address=address,
        before=before,
        after=after,
        company=company,
    )
    made.save()
    return made


def record_many(entries: Iterable[AuditEntry]) -> None:
    """Write many entries in few statements."""
    AuditEntry.objects.bulk_create(entries, batch_size=500)


def _company_id(subject: models.Model, by: User | None) -> int | None:
    if isinstance(subject, Company):
        return subject.pk
    if hasattr(subject, "company_id"):
        company_id: int | None = subject.company_id
        return company_id
    return by.company_id if by else None


def _plain(values: Values | None) -> dict[str, Any] | None:
    """The values as JSON can hold them: dates and decimals as text, rows as their names."""
    if values is None:
        return None
    rows_named = {
        name: str(value) if isinstance(value, models.Model) else value
        for name, value in values.items()
    }
    plain: dict[str, Any] = json.loads(json.dumps(rows_named, cls=DjangoJSONEncoder))
    return plain
