"""The catalogue of faults; `break_it.py` says in which order the page shows them."""

from . import switches
from .fault_types import FaultKind
from .stream_faults import STREAM_FAULTS

GUARDED = ("Opportunity", "Account")

_ALL = (
    FaultKind(
        "token_expired",
        "Session expired",
        "The access token of the next request is over: 401 INVALID_SESSION_ID. A refresh helps.",
        spoils_answers=True,
        data_only=True,
    ),
    FaultKind(
        "expire_tokens",
        "All access tokens expired",
        "Every access token ends now. Each client has to refresh.",
        act=switches.expire_tokens,
    ),
    FaultKind(
        "revoke_grant",
        "Access revoked",
        "The admin took the app's access away: tokens end, refresh says invalid_grant. "
        "Mending cannot undo it: reconnect in Scoreline.",
        act=switches.revoke_grants,
    ),
    FaultKind(
        "rotation",
        "Refresh tokens rotate",
        "Each refresh gives a new refresh token and ends the one before at once.",
        switch=switches.rotate,
    ),
    FaultKind(
        "unavailable",
        "Service unavailable",
        "503, as in maintenance, with or without Retry-After.",
        spoils_answers=True,
        value_label="Retry-After, in seconds",
        numeric=True,
    ),
    FaultKind(
        "request_limit",
        "Request limit exceeded",
        "403 REQUEST_LIMIT_EXCEEDED.",
        spoils_answers=True,
        data_only=True,
        value_label="Limit",
        default="TotalRequests",
        choices=("TotalRequests", "ConcurrentPerOrgLongTxn"),
    ),
    FaultKind(
        "server_error",
        "Server error",
        "500 UNKNOWN_EXCEPTION.",
        spoils_answers=True,
    ),
    FaultKind(
        "html_page",
        "Web page instead of data",
        "A log-in page in HTML, with status 200.",
        spoils_answers=True,
    ),
    FaultKind(
        "half_page",
        "Half an answer",
        "The connection closes in the middle of the body.",
        spoils_answers=True,
    ),
    FaultKind("empty_body", "Empty answer", "Status 200 and nothing else.", spoils_answers=True),
    FaultKind(
        "hang",
        "No answer",
        "The request is taken and never answered.",
        spoils_answers=True,
    ),
    FaultKind(
        "slow_drip",
        "Slow drip",
        "The answer comes byte by byte.",
        spoils_answers=True,
        value_label="Seconds between bytes",
        numeric=True,
        default="0.5",
    ),
    FaultKind(
        "reset",
        "Connection reset",
        "The request is carried out, then the connection is cut: nobody hears the answer.",
        spoils_answers=True,
    ),
    FaultKind(
        "locator_lost",
        "Query locator lost",
        "The next page of a query is gone: 400 INVALID_QUERY_LOCATOR.",
        spoils_answers=True,
        data_only=True,
    ),
    FaultKind(
        "api_usage",
        "API use",
        "Sforce-Limit-Info says that this much of the day's requests is used.",
        value_label="Per cent",
        numeric=True,
        whole=True,
        default="95",
    ),
    FaultKind(
        "small_pages",
        "Small pages",
        "A query's answer comes in many small pages.",
        value_label="Records on a page",
        default="5",
        numeric=True,
        whole=True,
    ),
    FaultKind(
        "delete_log_purged",
        "Delete log purged",
        "The list of deleted records no longer goes back: 400 INVALID_REPLICATION_DATE.",
    ),
    FaultKind(
        "bulk_job_fails",
        "Bulk job fails",
        "The next query job of the Bulk API ends as Failed.",
        counted=True,
    ),
    FaultKind("empty_directory", "Empty directory", "A query for users finds nobody."),
    FaultKind("shrunk_directory", "Smaller directory", "30 % of the users are missing."),
    FaultKind(
        "user_inactive",
        "User deactivated",
        "The connecting user, or the one named here, is no longer active.",
        value_label="Username",
        switch=switches.deactivate,
    ),
    FaultKind(
        "user_frozen",
        "Connecting user frozen",
        "It works until its access token ends; then it can't log in.",
        switch=switches.freeze,
    ),
    FaultKind(
        "no_api",
        "Permission missing: API Enabled",
        "Every request of the connecting user is refused with 403.",
        switch=switches.without(PermissionsApiEnabled=False),
    ),
    FaultKind(
        "no_view_all_users",
        "Permission missing: View All Users",
        "The connecting user sees only itself and those below it.",
        switch=switches.without(PermissionsViewAllUsers=False),
    ),
    FaultKind(
        "no_view_all",
        "Permission missing: View All Records",
        "The connecting user sees only records shared with it. View All Data goes too, "
        "so tasks and events are affected as well.",
        value_label="Object",
        default="Opportunity",
        choices=(*GUARDED, "Task and Event"),
        switch=switches.no_view_all,
    ),
    FaultKind(
        "no_read",
        "Permission missing: Read",
        "The object does not exist for the connecting user.",
        value_label="Object",
        default="Opportunity",
        choices=GUARDED,
        switch=switches.no_read,
    ),
    FaultKind(
        "hidden_field",
        "Field not readable",
        "The field is gone from describe, and a query that names it fails.",
        value_label="Field",
        default="Opportunity.Amount",
        switch=switches.hide_field,
    ),
    FaultKind(
        "moved",
        "Org moved",
        f"Tokens end; new ones name another instance_url (the same port on {switches.MOVED_HOST}).",
        switch=switches.move,
    ),
)
KINDS = {kind.name: kind for kind in (*_ALL, *STREAM_FAULTS)}
