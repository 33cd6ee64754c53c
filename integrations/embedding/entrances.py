"""The door of the tab's pages: a bearer, and the mapping that let its holder in."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from accounts.bearer import Bearer, DeadBearer
from accounts.models import User
from activities.viewer import NotLetIn, Viewer
from integrations.models import Connection, UserMapping


def by_bearer(request: HttpRequest, key: str) -> Viewer:
    """Whose bearer it is, as long as their account is active and mapped, asked each time."""
    try:
        bearer = Bearer.from_request(request)
        user = _mapped(bearer, key)
    except DeadBearer:
        raise NotLetIn(_closed()) from None
    return Viewer(user, at=tab_address(key), is_embedded=True)


def tab_address(key: str) -> str:
    return reverse("tab", args=[key])


def key_or_404(key: str) -> Connection:
    """The connection with this public key."""
    connection = Connection.objects.select_related("company").filter(key=key).first()
    if connection is None:
        raise Http404("There is no such tab.")
    return connection


def _mapped(bearer: Bearer, key: str) -> User:
    if bearer.connection_key != key:
        raise DeadBearer
    mappings = UserMapping.objects.select_related("account__company", "account__team")
    mapping = (
        mappings.filter(
            account=bearer.user_id,
            connection__key=key,
            connection__company=bearer.company_id,
            is_current=True,
        )
        .exclude(connection__state=Connection.State.TERMINATED)
        .defer("account__search")
        .first()
    )
    if mapping is None or not bearer.fits(mapping.account):
        raise DeadBearer
    return mapping.account


def _closed() -> HttpResponse:
    """The page's script asks Salesforce for a new signed request when it sees this."""
    return HttpResponse(
        "Your time in this tab has run out, or you may no longer see it. Reload the page.",
        status=401,
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "no-store", "WWW-Authenticate": "Bearer"},
    )
