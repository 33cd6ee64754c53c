"""Log in with Salesforce: whoever is mapped comes in, found by org and user id, never by e-mail."""

from __future__ import annotations

import logging
import time
from urllib.parse import urlsplit

from django.contrib.auth import login
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.models import User
from accounts.waiting import give_back_connection
from integrations.connecting.granted_access import give_back
from integrations.credentials import oauth_app
from integrations.models import Connection, ConnectionCredential, UserMapping
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.oauth import Identity
from integrations.salesforce.oauth_errors import from_oauth_error
from integrations.salesforce.pkce import new_pkce, new_state

logger = logging.getLogger(__name__)

SECONDS = 900
_KEY = "salesforce_log_in"
NOT_MAPPED = (
    "Your Salesforce user has no account here yet. Open the tab in Salesforce and press"
    " “Ask to be added”, or ask your admin."
)
NOT_ACTIVE = "Your account is not active. Ask an admin of your company."
FAILED = "Salesforce did not let you in. Try again, or log in with your password."


@never_cache
@require_safe
def log_in_with_salesforce(request: HttpRequest) -> HttpResponse:
    """Send the browser to the org; asks which one where several are connected."""
    connection = _chosen(request)
    if connection is None:
        wanted = request.GET.get("domain", "").strip()
        problem = "No company here is connected to this address. Check it." if wanted else ""
        return _ask_domain(request, wanted, problem)
    try:
        app = oauth_app(connection)
    except SalesforceError as error:
        logger.warning("connection %s lets nobody log in: %s", connection.pk, error.message)
        return _ask_domain(request, "", FAILED)
    state, pkce = new_state(), new_pkce()
    request.session[_KEY] = {
        "state": state,
        "verifier": pkce.verifier,
        "connection": connection.pk,
        "until": time.time() + SECONDS,
        "approves": "approve" in request.GET,
    }
    return redirect(app.authorize_url(state, pkce))


def is_ours(request: HttpRequest) -> bool:
    """Whether what came back from Salesforce belongs to a log-in that this browser began."""
    begun = request.session.get(_KEY) or {"state": None}
    return bool(begun["state"] == request.GET.get("state", ""))


@sensitive_variables("begun", "tokens")
def come_back(request: HttpRequest) -> HttpResponse:
    """The end of the way, for `integrations.views.salesforce_callback`; the state counts once."""
    begun = request.session.pop(_KEY)
    if refused := request.GET.get("error", ""):
        reason = from_oauth_error(refused, request.GET.get("error_description", ""))
        logger.warning("Salesforce did not let somebody in: %r", reason.detail)
        return _ask_domain(request, "", FAILED)
    connection = _open_connections().filter(pk=begun["connection"]).first()
    code = request.GET.get("code", "")
    if connection is None or not code or begun["until"] < time.time():
        return _ask_domain(request, "", FAILED)
    try:
        identity = _identity(connection, code, begun["verifier"], begun["approves"])
    except SalesforceError as error:
        logger.warning("a log-in with Salesforce failed: %s", error.detail or error.message)
        return _ask_domain(request, "", FAILED)
    return _let_in(request, connection, identity)


def _identity(connection: Connection, code: str, verifier: str, approves: bool) -> Identity:
    """Who logged in. The access that came along is given back at once: it is not needed.

    But for whoever came to approve the app: giving it back would take the approval back.
    """
    app = oauth_app(connection)
    give_back_connection()
    tokens = app.exchange(code, verifier)
    try:
        return app.identity(tokens)
    finally:
        if not approves:
            give_back(app, tokens)


def _let_in(request: HttpRequest, connection: Connection, identity: Identity) -> HttpResponse:
    if identity.org_id != connection.org_id:
        return _ask_domain(request, "", "That is another Salesforce org than the one asked for.")
    mapping = (
        UserMapping.objects.filter(
            connection=connection, salesforce_user_id=identity.user_id, is_current=True
        )
        .select_related("account")
        .first()
    )
    if mapping is None:
        return _ask_domain(request, "", NOT_MAPPED)
    user: User = mapping.account
    if not user.is_active:
        return _ask_domain(request, "", NOT_ACTIVE)
    with transaction.atomic():
        login(request, user)
        audit.record("logged_in", user, by=user, request=request, after={"by": "Salesforce"})
    return redirect("home")


def _chosen(request: HttpRequest) -> Connection | None:
    """The connection that the address names, or the only one."""
    known = _open_connections()
    if key := request.GET.get("org", ""):
        return next((each for each in known if each.key == key), None)
    if domain := request.GET.get("domain", "").strip().lower():
        host = _host(domain)
        found = [each for each in known if host and host in _hosts(each)]
        return found[0] if len(found) == 1 else None
    only = list(known[:2])
    return only[0] if len(only) == 1 else None


def _open_connections() -> QuerySet[Connection]:
    ready = ConnectionCredential.objects.exclude(sealed_consumer_secret="").values("connection")
    usable = Connection.objects.exclude(state=Connection.State.TERMINATED).exclude(org_id="")
    return usable.filter(pk__in=ready)


def _host(address: str) -> str:
    """The host of what somebody typed as an address; empty where there is none in it."""
    try:
        return urlsplit(address if "//" in address else f"//{address}").netloc
    except ValueError:
        return ""


def _hosts(connection: Connection) -> set[str]:
    return {urlsplit(url).netloc.lower() for url in (connection.login_url, connection.instance_url)}


def _ask_domain(request: HttpRequest, domain: str, problem: str) -> HttpResponse:
    values = {"title": "Log in with Salesforce", "domain": domain, "problem": problem}
    return render(
        request, "accounts/log_in_with_salesforce.html", values, status=400 if problem else 200
    )
