"""What the stream of changes can say: changes, and the reasons why it says no."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.salesforce.errors import (
    ConfigurationError,
    LimitReached,
    SalesforceError,
    SessionExpired,
    TransientError,
)
from integrations.salesforce.ids import InvalidSalesforceId, to_18

logger = logging.getLogger(__name__)

Message = Mapping[str, Any]

#: Salesforce asks for minutes, not seconds, when its stream is too busy.
BUSY_SECONDS = 120.0
_REPLAY_REFUSED = re.compile(r"400::The replayId \{.*\} you provided was invalid")


@dataclass(frozen=True)
class StreamEvent:
    """Something about one object. `replay_id` is where to go on once it is dealt with."""

    object_name: str
    replay_id: str


@dataclass(frozen=True)
class Changed(StreamEvent):
    """These records changed: a hint to fetch what they are now. Ids have 18 characters."""

    record_ids: tuple[str, ...]


@dataclass(frozen=True)
class Overflow(StreamEvent):
    """So much changed that nobody is told what: read the object anew, then go on from here."""


@dataclass(frozen=True)
class PositionLost(StreamEvent):
    """The stream does not go on where it was left, if it ever was: poll what was missed.

    Salesforce no longer keeps that position (`replay_id` is "-2": all that is kept follows), or
    there was none yet (empty: what changes from now on follows).
    """


@dataclass(frozen=True)
class NotStreamed(StreamEvent):
    """This object is not streamed, by `error`; the others are. The poll has to do."""

    error: SalesforceError


class SessionLost(TransientError):
    """Salesforce has forgotten this client of its stream: begin with a handshake."""


class ReplayRefused(TransientError):
    """The position to go on from is not known to Salesforce (any more)."""


class ChangesNotEnabled(ConfigurationError):
    """Change Data Capture is not on for the object, or not allowed for the connecting user."""


def channel_of(object_name: str) -> str:
    """`Opportunity` → `/data/OpportunityChangeEvent`, `Deal__c` → `/data/Deal__ChangeEvent`."""
    stem = object_name.removesuffix("c") if object_name.endswith("__c") else object_name
    return f"/data/{stem}ChangeEvent"


def event_from(message: Message, object_name: str) -> StreamEvent | None:
    """Read one delivered change; None, and a line in the log, when it can't be understood."""
    data = message.get("data")
    event = data.get("event") if isinstance(data, Mapping) else None
    payload = data.get("payload") if isinstance(data, Mapping) else None
    header = payload.get("ChangeEventHeader") if isinstance(payload, Mapping) else None
    if not isinstance(event, Mapping) or not isinstance(header, Mapping):
        logger.warning("A message of the stream of %s has no change in it", object_name)
        return None
    replay_id = str(event.get("replayId", ""))
    kind = str(header.get("changeType", ""))
    record_ids = _ids(header.get("recordIds"))
    if kind == "GAP_OVERFLOW" or record_ids is None:
        return Overflow(object_name, replay_id)
    return Changed(object_name, replay_id, record_ids)  # a gap, too: only how is not known


def _ids(given: Any) -> tuple[str, ...] | None:
    """The ids of one event; None for a wildcard such as `001*`, which could be any record."""
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        return None
    try:
        return tuple(to_18(str(one)) for one in given)
    except InvalidSalesforceId:
        return None


def refusal(reply: Message) -> SalesforceError:
    """Say what a reply that was not successful means.

    Salesforce writes `401::Authentication invalid` into `error`, and a deeper reason, when there
    is one, into `ext.sfdc.failureReason`.
    """
    error = str(reply.get("error", ""))
    reason = _failure_reason(reply)
    advice = reply.get("advice")
    reconnect = advice.get("reconnect") if isinstance(advice, Mapping) else None
    if reason.startswith("503") or error.startswith("503"):
        return TransientError(_BUSY, code="503", detail=reason or error, retry_after=BUSY_SECONDS)
    if error.startswith("403::Unknown client") or reconnect == "handshake":
        return SessionLost(_LOST, code="403", detail=error)
    if error.startswith("401") or reason.startswith("401"):
        return SessionExpired(_SESSION, code="401", detail=reason or error)
    if "limit exceeded" in error:
        return LimitReached(_limit(error), code="403", detail=error)
    return ConfigurationError(_REFUSED, code=error[:3], detail=reason or error)


def subscription_refusal(reply: Message, object_name: str) -> SalesforceError:
    """Say why an object can't be subscribed to."""
    error = str(reply.get("error", ""))
    if _REPLAY_REFUSED.match(error):
        return ReplayRefused(_POSITION, code="400", detail=error)
    if "doesn't exist" in error or "does not exist" in error or "Cannot create channel" in error:
        return ChangesNotEnabled(
            f"Change Data Capture is not switched on for {object_name}, so its changes come by the "
            "poll, within about a minute. To have them within a second, choose it in Salesforce "
            "under Setup → Change Data Capture.",
            code=error[:3],
            detail=error,
            object_name=object_name,
        )
    if "not allowed to subscribe" in error:
        return ChangesNotEnabled(
            f"The connecting user may not follow all changes of {object_name}, so they come by the "
            "poll, within about a minute. To have them within a second, give it View All Records, "
            "and for tasks and events View All Data.",
            code=error[:3],
            detail=error,
            object_name=object_name,
        )
    return refusal(reply)


def _failure_reason(reply: Message) -> str:
    ext = reply.get("ext")
    sfdc = ext.get("sfdc") if isinstance(ext, Mapping) else None
    return str(sfdc.get("failureReason", "")) if isinstance(sfdc, Mapping) else ""


def _limit(error: str) -> str:
    if "concurrent" in error:
        return (
            "Too many programs listen to your org's changes at once. Changes come by the poll, "
            "within about a minute, until one of them stops."
        )
    return (
        "Your org's allowance of change events for 24 hours is used up. Changes come by the poll, "
        "within about a minute, until it is back."
    )


_BUSY = "Salesforce's stream of changes is too busy just now. Changes come by the poll meanwhile."
_LOST = "Salesforce ended the stream of changes. It is opened again by itself; nothing is lost."
_SESSION = "Salesforce no longer accepts our session. Log in to Salesforce again to reconnect."
_POSITION = "Salesforce no longer keeps the changes since we last listened. They are read anew."
_REFUSED = (
    "Salesforce refuses to stream changes to the connecting user. Changes come by the poll, within "
    "about a minute. Check the user's permission “API Enabled” and your org's settings."
)
