"""What a client wants written, checked against the schema the way Salesforce checks it."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from integrations.salesforce.ids import InvalidSalesforceId, to_18

from .access import UserAccess
from .problems import ApiProblem
from .schema import Field, SObject, object_of_id
from .store import Row

if TYPE_CHECKING:
    from .org import DemoOrg

DEFAULTS: dict[str, dict[str, Any]] = {
    "Task": {"Status": "Not Started", "Priority": "Normal", "TaskSubtype": "Task"},
    "Event": {"ShowAs": "Busy", "EventSubtype": "Event", "GroupEventType": "0"},
}
_LONGEST_ID = 18
_TEXT = ("string", "textarea", "email", "phone", "url", "combobox")
_NUMBERS = ("double", "currency", "percent")


def for_insert(org: "DemoOrg", sobject: SObject, body: Row, access: UserAccess) -> Row:
    """The values of a new record with Salesforce's defaults; ApiProblem says what is wrong."""
    values = dict(DEFAULTS.get(sobject.name, {}))
    if "ownerid" in sobject.by_name:
        values["OwnerId"] = access.user_id
    values |= for_update(org, sobject, body, access)
    missing = [
        f.name
        for f in sobject.fields
        if f.required and f.writable and f.type != "boolean" and values.get(f.name) is None
    ]
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise ApiProblem(400, "REQUIRED_FIELD_MISSING", message, tuple(missing))
    if sobject.name == "Event":
        _check_times(values)
    return values


def for_update(org: "DemoOrg", sobject: SObject, body: Row, access: UserAccess) -> Row:
    """The values to change, keyed by the schema's names; ApiProblem says what is wrong."""
    values: Row = {}
    for name, given in body.items():
        if name == "attributes":
            continue
        field = sobject.by_name.get(name.lower())
        if field is None or not access.can_read_field(sobject, field):
            message = f"No such column '{name}' on sobject of type {sobject.name}"
            raise ApiProblem(400, "INVALID_FIELD", message)
        if not field.writable:
            message = (
                f"Unable to create/update fields: {field.name}. Please check the security settings "
                "of this field and verify that it is read/write for your profile or permission set."
            )
            raise ApiProblem(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, (field.name,))
        values[field.name] = _value(org, sobject, field, given)
    return values


def _value(org: "DemoOrg", sobject: SObject, field: Field, given: Any) -> Any:
    if given is None or given == "":
        if field.type == "boolean":
            raise _unreadable(field, given)
        if field.required:
            message = f"Required fields are missing: [{field.name}]"
            raise ApiProblem(400, "REQUIRED_FIELD_MISSING", message, (field.name,))
        return None
    if field.type == "reference":
        return _reference(org, sobject, field, given)
    if field.type == "picklist":
        return _choice(field, given)
    if field.type in _TEXT:
        return _text(field, given)
    return _parsed(field, given)


def _text(field: Field, given: Any) -> str:
    if not isinstance(given, str):
        given = str(given)
    if field.length and len(given) > field.length:
        shown = given[:60]
        message = f"{field.label}: data value too large: {shown} (max length={field.length})"
        raise ApiProblem(400, "STRING_TOO_LONG", message, (field.name,))
    return str(given)


def _choice(field: Field, given: Any) -> str:
    if given not in field.choices:
        message = f"{field.label}: bad value for restricted picklist field: {given}"
        raise ApiProblem(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))
    return str(given)


def _parsed(field: Field, given: Any) -> Any:
    try:
        if field.type == "boolean":
            return {"true": True, "false": False}[str(given).lower()]
        if field.type == "int":
            return int(given)
        if field.type in _NUMBERS:
            return float(given)
        if field.type == "date":
            return date.fromisoformat(str(given)[:10])
        moment = datetime.fromisoformat(str(given))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (KeyError, ValueError, TypeError, OverflowError):
        raise _unreadable(field, given) from None


def _reference(org: "DemoOrg", sobject: SObject, field: Field, given: Any) -> str:
    try:
        record_id = to_18(str(given))
    except InvalidSalesforceId:
        record_id = ""
    target = object_of_id(record_id)
    if target is None or target.name not in field.refers_to:
        message = f"{field.label}: id value of incorrect type: {str(given)[:_LONGEST_ID]}"
        raise ApiProblem(400, "MALFORMED_ID", message, (field.name,))
    row = org.store.get(target.name, record_id)
    if row is None or row.get("IsDeleted"):
        message = "invalid cross reference id"
        raise ApiProblem(400, "INVALID_CROSS_REFERENCE_KEY", message)
    if field.name == "OwnerId" and target.name == "User" and not row["IsActive"]:
        message = (
            f"operation performed with inactive user [{record_id[:15]}] "
            f"as owner of {sobject.label.lower()}"
        )
        raise ApiProblem(400, "INACTIVE_OWNER_OR_USER", message)
    return record_id


def _check_times(values: Row) -> None:
    start = values.get("StartDateTime") or values.get("ActivityDateTime")
    end = values.get("EndDateTime")
    if start is None or (end is None and values.get("DurationInMinutes") is None):
        missing = ("DurationInMinutes", "ActivityDateTime")
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise ApiProblem(400, "REQUIRED_FIELD_MISSING", message, missing)
    if end is not None and end < start:
        message = "The end of an event can't be before its start"
        raise ApiProblem(400, "FIELD_INTEGRITY_EXCEPTION", message, ("EndDateTime",))


def _unreadable(field: Field, given: Any) -> ApiProblem:
    kind = "true/false" if field.type == "boolean" else field.type
    message = f"Cannot deserialize instance of {kind} from VALUE_STRING value {str(given)[:60]}"
    return ApiProblem(400, "JSON_PARSER_ERROR", message, (field.name,))
