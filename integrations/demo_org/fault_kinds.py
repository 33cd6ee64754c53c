"""The catalogue of faults, in the order in which the page shows them."""

from typing import TYPE_CHECKING, Any

from .faults import FaultKind, Switch, Undo, UnknownFault
from .schema import find_object

if TYPE_CHECKING:
    from .org import DemoOrg

GUARDED = ("Opportunity", "Account")
MOVED_HOST = "localhost"


def _expire_tokens(org: "DemoOrg") -> None:
    org.authority.expire()


def _revoke_grants(org: "DemoOrg") -> None:
    for grant in org.authority.grants:
        org.authority.revoke_grant(grant)


def _rotate(org: "DemoOrg", value: str) -> Undo:
    org.authority.rotation = True

    def undo() -> None:
        org.authority.rotation = False

    return undo


def _deactivate(org: "DemoOrg", value: str) -> Undo:
    user_id = org.user(value)["Id"] if value else org.connecting_user_id
    org.update("User", user_id, IsActive=False)

    def undo() -> None:
        org.update("User", user_id, IsActive=True)

    return undo


def _freeze(org: "DemoOrg", value: str) -> Undo:
    user_id = org.connecting_user_id
    login = next(row for row in org.store.rows("UserLogin") if row["UserId"] == user_id)
    org.update("UserLogin", login["Id"], IsFrozen=True)

    def undo() -> None:
        org.update("UserLogin", login["Id"], IsFrozen=False)

    return undo


def _move(org: "DemoOrg", value: str) -> Undo:
    org.moved_to = org.url.replace("127.0.0.1", MOVED_HOST)

    def undo() -> None:
        org.moved_to = None

    return undo


def _hide_field(org: "DemoOrg", value: str) -> Undo:
    object_name, _, field_name = value.partition(".")
    sobject = find_object(object_name)
    field = sobject.by_name.get(field_name.lower()) if sobject else None
    if sobject is None or field is None:
        raise UnknownFault(f"There is no field {value!r}; write it as Object.Field.")
    hidden = org.hidden_fields.setdefault(org.connecting_user_id, set())
    hidden.add(f"{sobject.name}.{field.name}")
    return hidden.clear


def _without(**lost: bool) -> Switch:
    """Take system permissions from every permission set of the connecting user."""

    def switch(org: "DemoOrg", value: str) -> Undo:
        return _change_rows(org, "PermissionSet", "Id", "", lost)

    return switch


def _no_view_all(org: "DemoOrg", value: str) -> Undo:
    # Activities have no View All Records of their own: they need View All Data, and that
    # would grant the other objects too, so it goes in any case.
    undo_data = _change_rows(
        org,
        "PermissionSet",
        "Id",
        "",
        {"PermissionsViewAllData": False, "PermissionsModifyAllData": False},
    )
    lost = {"PermissionsViewAllRecords": False, "PermissionsModifyAllRecords": False}
    undo_object = _change_rows(org, "ObjectPermissions", "ParentId", value, lost)

    def undo() -> None:
        undo_object()
        undo_data()

    return undo


def _no_read(org: "DemoOrg", value: str) -> Undo:
    lost = dict.fromkeys(
        ("PermissionsRead", "PermissionsViewAllRecords", "PermissionsModifyAllRecords"), False
    )
    return _change_rows(org, "ObjectPermissions", "ParentId", value, lost)


def _change_rows(
    org: "DemoOrg", table: str, key: str, object_name: str, changes: dict[str, Any]
) -> Undo:
    assigned = {
        row["PermissionSetId"]
        for row in org.store.rows("PermissionSetAssignment")
        if row["AssigneeId"] == org.connecting_user_id
    }
    before = [
        row
        for row in org.store.rows(table)
        if row[key] in assigned and row.get("SobjectType", "") == object_name
    ]
    for row in before:
        org.update(table, row["Id"], **changes)

    def undo() -> None:
        for row in before:
            org.store.restore(table, row)

    return undo


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
        act=_expire_tokens,
    ),
    FaultKind(
        "revoke_grant",
        "Access revoked",
        "The admin took the app's access away: tokens end, refresh says invalid_grant. "
        "Connecting again is the only way back.",
        act=_revoke_grants,
    ),
    FaultKind(
        "rotation",
        "Refresh tokens rotate",
        "Each refresh gives a new refresh token and ends the one before at once.",
        switch=_rotate,
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
        default="95",
    ),
    FaultKind(
        "small_pages",
        "Small pages",
        "A query's answer comes in many small pages.",
        value_label="Records on a page",
        default="5",
        numeric=True,
    ),
    FaultKind("empty_directory", "Empty directory", "A query for users finds nobody."),
    FaultKind("shrunk_directory", "Smaller directory", "30 % of the users are missing."),
    FaultKind(
        "user_inactive",
        "User deactivated",
        "The connecting user, or the one named here, is no longer active.",
        value_label="Username",
        switch=_deactivate,
    ),
    FaultKind(
        "user_frozen",
        "Connecting user frozen",
        "It works until its access token ends; then it can't log in.",
        switch=_freeze,
    ),
    FaultKind(
        "no_api",
        "Permission missing: API Enabled",
        "Every request of the connecting user is refused with 403.",
        switch=_without(PermissionsApiEnabled=False),
    ),
    FaultKind(
        "no_view_all_users",
        "Permission missing: View All Users",
        "The connecting user sees only itself and those below it.",
        switch=_without(PermissionsViewAllUsers=False),
    ),
    FaultKind(
        "no_view_all",
        "Permission missing: View All Records",
        "The connecting user sees only records shared with it. View All Data goes too, "
        "so tasks and events are affected as well.",
        value_label="Object",
        default="Opportunity",
        choices=(*GUARDED, "Task and Event"),
        switch=_no_view_all,
    ),
    FaultKind(
        "no_read",
        "Permission missing: Read",
        "The object does not exist for the connecting user.",
        value_label="Object",
        default="Opportunity",
        choices=GUARDED,
        switch=_no_read,
    ),
    FaultKind(
        "hidden_field",
        "Field not readable",
        "The field is gone from describe, and a query that names it fails.",
        value_label="Field",
        default="Opportunity.Amount",
        switch=_hide_field,
    ),
    FaultKind(
        "moved",
        "Org moved",
        f"Tokens end; new ones name another instance_url (the same port on {MOVED_HOST}).",
        switch=_move,
    ),
)
KINDS = {kind.name: kind for kind in _ALL}
