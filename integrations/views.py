"""Where Salesforce sends people back to."""

import logging

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET

from accounts.models import User
from integrations import log_in_views
from integrations.connecting import logging_in
from integrations.connecting.attempts import LogInRefused
from integrations.models import Connection
from integrations.salesforce.oauth_errors import from_oauth_error

logger = logging.getLogger(__name__)


@never_cache
@require_GET
@sensitive_variables("code", "state")
def salesforce_callback(request: HttpRequest) -> HttpResponse:
    """The end of a log-in to Salesforce: lead on to “Connect as …”, or say why not."""
    if log_in_views.is_ours(request):
        return log_in_views.come_back(request)
    user = request.user
    if not isinstance(user, User) or not user.is_staff:
        words = "You are not logged in here any more. Log in, then connect again."
        return _refused(request, words, None)
    state, code = request.GET.get("state", ""), request.GET.get("code", "")
    if error := request.GET.get("error", ""):
        reason = from_oauth_error(error, request.GET.get("error_description", ""))
        logger.warning("Salesforce did not let somebody in: %r", reason.detail)
        return _refused(request, reason.message, logging_in.give_up(state, user))
    try:
        attempt = logging_in.come_back(state, code, user)
    except LogInRefused as refusal:
        return _refused(request, refusal.message, refusal.connection)
    return redirect("admin:integrations_connection_connect_as", attempt.connection_id, attempt.pk)


def _refused(request: HttpRequest, message: str, connection: Connection | None) -> HttpResponse:
    context = admin.site.each_context(request) | {"message": message, "connection": connection}
    return render(request, "integrations/connect/refused.html", context, status=400)
