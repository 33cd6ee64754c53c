"""*Where is my deal?*: from an id, an address or a name to what the workflows said of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import floatformat

from integrations.credentials import client_for
from integrations.models import (
    Connection,
    DirectoryUser,
    Evaluation,
    SalesforceRecord,
    Watermark,
)
from integrations.record_sync.describing import objects_in_use
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.ids import InvalidSalesforceId, to_18
from integrations.salesforce.session import WHILE_SOMEBODY_WAITS
from integrations.salesforce.soql import literal, select

from .chosen_connection import changeable_connection
from .salesforce_records import name_of
from .subpage import subpage
from .workflow_words import VERDICT_TONES

LONGEST = 500
FOUND_AT_MOST = 20
_PART = re.compile(r"[A-Za-z0-9]+")
Verdict = Evaluation.Verdict


@dataclass(frozen=True)
class Found:
    record_id: str
    name: str
    record: SalesforceRecord | None  # never seen here
    about: str = ""  # whose it is and more that is kept, to tell those of one name apart
    said: Sequence[tuple[Evaluation, str]] = ()  # with its tone

    @property
    def is_seen(self) -> bool:
        return self.record is not None


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [("where-is-my-deal/", where_is_my_deal, "where_is_my_deal")]


def where_is_my_deal(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    whose = request.GET.get("person", "").replace("\x00", "").strip()[:LONGEST]
    context: dict[str, Any] = {}
    if words:
        context = _search(connection, words, whose)
    return subpage(
        request,
        connection,
        "where_is_my_deal",
        title="Where is my deal?",
        words=words,
        whose=whose,
        most=FOUND_AT_MOST,
        **context,
    )


def _search(connection: Connection, words: str, whose: str) -> dict[str, Any]:
    record_id = id_in(words)
    if record_id:
        found = _with_verdicts(connection, {record_id: record_id})
    else:
        try:
            found = _with_verdicts(connection, _named(connection, words, whose))
        except SalesforceError as error:
            return {"problem": error.message, "followed": _followed(connection)}
    return {"found": found, "followed": _followed(connection)}


def id_in(text: str) -> str:
    """The Salesforce id that the text is, or that is in it as in an address; else empty."""
    if not (_PART.fullmatch(text) or "/" in text):
        return ""
    for part in reversed(_PART.findall(unquote(text))):
        if len(part) in (15, 18) and any(letter.isdigit() for letter in part):
            try:
                return to_18(part)
            except InvalidSalesforceId:
                continue
    return ""


def _named(connection: Connection, words: str, whose: str) -> dict[str, str]:
    """Opportunities with such a name, by id: Salesforce knows also those that were never seen."""
    if not connection.has_access:
        raise SalesforceError(
            "Salesforce cannot be asked for names while the connection is not in use. Look by id."
        )
    where = f"Name LIKE {literal('%' + _as_written(words) + '%')}"
    if whose:
        where += f" AND Owner.Name LIKE {literal('%' + _as_written(whose) + '%')}"
    soql = select(
        ["Id", "Name"],
        "Opportunity",
        where=where,
        order_by="LastModifiedDate DESC",
        limit=FOUND_AT_MOST,
    )
    with client_for(connection, limits=WHILE_SOMEBODY_WAITS) as client:
        return {to_18(row["Id"]): row["Name"] for row in client.first_page(soql).rows}


def _as_written(words: str) -> str:
    """Without wildcards: a percent sign finds anything, as the underscore does."""
    return words.replace("%", "_")


def _with_verdicts(connection: Connection, wanted: dict[str, str]) -> list[Found]:
    records = {
        one.record_id: one
        for one in SalesforceRecord.objects.filter(connection=connection, record_id__in=wanted)
    }
    prefetch_related_objects(
        list(records.values()), "evaluations__workflow", "evaluations__report__user"
    )
    owners = _owners(connection, records.values())
    return [
        _found(record_id, name, records.get(record_id), owners)
        for record_id, name in wanted.items()
    ]


def _owners(connection: Connection, records: Iterable[SalesforceRecord]) -> dict[str, str]:
    """Names by Salesforce id."""
    people = DirectoryUser.objects.filter(
        connection=connection, salesforce_id__in=[one.fields.get("OwnerId") for one in records]
    )
    return dict(people.values_list("salesforce_id", "name"))


def _found(
    record_id: str, name: str, record: SalesforceRecord | None, owners: dict[str, str]
) -> Found:
    if record is None:
        return Found(record_id, name, None)
    kept = record.fields
    details = (owners.get(str(kept.get("OwnerId"))), kept.get("StageName"), _amount_in(kept))
    about = " · ".join(str(one) for one in details if one)
    said = [(one, VERDICT_TONES.get(Verdict(one.verdict), "")) for one in record.evaluations.all()]
    return Found(record_id, name_of(record), record, about, said)


def _amount_in(fields: Mapping[str, Any]) -> str:
    amount = fields.get("Amount")
    # What is no number stays as it was read.
    written = floatformat(amount, "-2g") or amount
    return " ".join(str(part) for part in (written, fields.get("CurrencyIsoCode")) if part)


def _followed(connection: Connection) -> list[Watermark]:
    """How far each object that counts has been read: why a record may not be here yet."""
    return list(
        Watermark.objects.filter(
            connection=connection, object_name__in=objects_in_use(connection)
        ).order_by("object_name")
    )
