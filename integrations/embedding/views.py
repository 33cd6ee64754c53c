"""The canvas entry: Salesforce posts a signed request, and the page comes back in the answer."""

from __future__ import annotations

import logging
import zoneinfo

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.bearer import SECONDS, Bearer
from accounts.entrance import new_code
from accounts.models import User
from accounts.time_zone import zone_of
from activities.viewer import NotLetIn, Viewer
from activities.views.feed import feed
from integrations.embedding import visitors
from integrations.embedding.entrances import by_bearer, key_or_404, tab_address
from integrations.embedding.frames import frame_origins, may_be_framed
from integrations.embedding.verifying import verified
from integrations.models import Connection, TabVisitor, UserMapping
from integrations.salesforce.canvas import LONGEST, CanvasRequest, InvalidSignedRequest
from integrations.salesforce.errors import SalesforceError
from integrations.user_sync.directory_reading import TAB_PERMISSION_SET

logger = logging.getLogger(__name__)

#: The signed request as a form sends it: each character may take three.
MOST_BYTES = 3 * LONGEST + 1024
_APPROVAL = ("_sfdc_canvas_auth", "_sfdc_canvas_authvalue")


@csrf_exempt
def tab(request: HttpRequest, key: str) -> HttpResponse:
    """Everybody gets an answer that may be shown in this connection's frames."""
    connection = key_or_404(key)
    if request.method == "POST":
        response = _opened(request, connection)
    elif request.method in ("GET", "HEAD"):
        response = _without_request(request, connection)
    else:
        response = _said(request, "refused", 405)
        response.headers["Allow"] = "GET, HEAD, POST"
    return may_be_framed(response, connection)


@csrf_exempt
@require_POST
def renew(request: HttpRequest, key: str) -> HttpResponse:
    """A new bearer for a new signed request, while the page stays."""
    connection = key_or_404(key)
    try:
        canvas_request = _canvas_request(request, connection)
    except (InvalidSignedRequest, SalesforceError) as error:
        _log(connection, error)
        status = 503 if isinstance(error, SalesforceError) else 403
        return JsonResponse({}, status=status, headers={"Cache-Control": "no-store"})
    mapping = _mapping(connection, canvas_request)
    if mapping is None or not mapping.account.is_active or _is_over(connection):
        return JsonResponse({}, status=403, headers={"Cache-Control": "no-store"})
    visitors.logged_in(mapping.account)
    bearer = Bearer.of(mapping.account, connection.key).as_text()
    return JsonResponse(
        {"bearer": bearer, "seconds": SECONDS}, headers={"Cache-Control": "no-store"}
    )


@csrf_exempt
@require_POST
def ask(request: HttpRequest, key: str) -> HttpResponse:
    """“Ask to be added”, pressed by somebody without an account."""
    connection = key_or_404(key)
    visitor = visitors.visitor_of(request.POST.get("ticket", ""), connection)
    if visitor is None:
        return may_be_framed(_said(request, "refused", 403), connection)
    if _is_over(connection):
        return may_be_framed(_said(request, "terminated"), connection)
    visitors.ask(visitor)
    return may_be_framed(_for_stranger(request, visitor), connection)


@csrf_exempt
@require_POST
def leave_frame(request: HttpRequest, key: str) -> HttpResponseBase:
    """An address that opens the admin in a window of its own, once."""
    try:
        viewer = by_bearer(request, key)
    except NotLetIn as refusal:
        return refusal.response
    if not viewer.user.is_staff or not viewer.shortcuts.manage_integration:
        return JsonResponse({}, status=403)
    return JsonResponse(
        {"address": f"/enter/{new_code(viewer.user)}/"}, headers={"Cache-Control": "no-store"}
    )


def _without_request(request: HttpRequest, connection: Connection) -> HttpResponse:
    """Salesforce opens the page without saying who looks when the person must approve it first."""
    if any(request.GET.get(name) == "user_approval_required" for name in _APPROVAL):
        return _said(request, "approval", connection=connection, permission_set=TAB_PERMISSION_SET)
    return _said(request, "outside", 400)


def _opened(request: HttpRequest, connection: Connection) -> HttpResponse:
    try:
        canvas_request = _canvas_request(request, connection)
    except InvalidSignedRequest as error:
        _log(connection, error)
        return _said(request, "refused", 403)
    except SalesforceError as error:
        _log(connection, error)
        return _said(request, "unanswered", 503)
    if _is_over(connection):
        return _said(request, "terminated")
    visitor = visitors.seen(connection, canvas_request)
    mapping = _mapping(connection, canvas_request)
    if mapping is None:
        return _for_stranger(request, visitor)
    account = mapping.account
    if account.state == User.State.PENDING:
        return _said(request, "pending", account=account)
    if not account.is_active:
        return _said(request, "deactivated", account=account)
    visitors.logged_in(account)
    viewer = Viewer(
        account,
        at=tab_address(connection.key),
        is_embedded=True,
        bearer=Bearer.of(account, connection.key).as_text(),
        parent_origin=_parent_origin(connection, canvas_request),
    )
    with timezone.override(zone_of(account)):
        return feed(request, viewer)


def _canvas_request(request: HttpRequest, connection: Connection) -> CanvasRequest:
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise InvalidSignedRequest("the form is too long")
        signed = request.POST.get("signed_request", "")
    except (
        RequestDataTooBig,
        SuspiciousOperation,
        UnreadablePostError,
        MultiPartParserError,
        ValueError,
    ) as error:
        raise InvalidSignedRequest(f"the form cannot be read: {type(error).__name__}") from error
    return verified(signed, connection)


def _mapping(connection: Connection, canvas_request: CanvasRequest) -> UserMapping | None:
    current = UserMapping.objects.filter(
        connection=connection, salesforce_user_id=canvas_request.user_id, is_current=True
    )
    return current.select_related("account__company", "account__team").first()


def _for_stranger(request: HttpRequest, visitor: TabVisitor) -> HttpResponse:
    company = visitor.connection.company
    with timezone.override(zoneinfo.ZoneInfo(company.time_zone)):
        return _said(
            request,
            "stranger",
            visitor=visitor,
            ticket=visitors.ticket(visitor),
            declined=visitors.declined_because(visitor) if visitor.asked_at else None,
            ask_address=f"{tab_address(visitor.connection.key)}ask/",
        )


def _said(request: HttpRequest, what: str, status: int = 200, **values: object) -> HttpResponse:
    """One of the pages that are a few sentences only."""
    return render(request, f"integrations/tab/{what}.html", values, status=status)


def _is_over(connection: Connection) -> bool:
    return connection.state == Connection.State.TERMINATED


def _parent_origin(connection: Connection, canvas_request: CanvasRequest) -> str:
    """Where the page may write to: nowhere but to pages that may frame it."""
    allowed = frame_origins(connection)
    return canvas_request.target_origin if canvas_request.target_origin in allowed else ""


def _log(connection: Connection, error: InvalidSignedRequest | SalesforceError) -> None:
    detail = error.detail or error.message if isinstance(error, SalesforceError) else str(error)
    logger.warning("connection %s: the tab was not opened: %s", connection.pk, detail)
