"""The catalogue of what can go wrong with the stream of changes."""

from .fault_types import FaultKind

DAILY = "Organization total events daily limit exceeded"
CONCURRENT = "Organization concurrent user limit exceeded"

STREAM_FAULTS = (
    FaultKind(
        "stream_session_lost",
        "Stream session lost",
        "The next connect is told 403::Unknown client: handshake and subscribe again.",
        counted=True,
    ),
    FaultKind(
        "stream_unauthorized",
        "Stream not authorized",
        "The access token ends, and the next connect is told so: in a message with status 200, "
        "or by status 401.",
        value_label="Told by",
        default="message",
        choices=("message", "status"),
        counted=True,
    ),
    FaultKind(
        "stream_limit",
        "Stream limit reached",
        "403, at the next connect (events of a day) or handshake (clients at once).",
        value_label="Limit",
        default=DAILY,
        choices=(DAILY, CONCURRENT),
        counted=True,
    ),
    FaultKind(
        "stream_busy",
        "Stream too busy",
        "The next connect is told 401, but the reason behind it is 503: come back in minutes.",
        counted=True,
    ),
    FaultKind(
        "replay_refused",
        "Replay id refused",
        "The next subscription from a stored position is refused: 400, the id is invalid.",
        counted=True,
    ),
    FaultKind(
        "cdc_gap",
        "Change event with a gap",
        "The next change is told by its kind and record ids only.",
        counted=True,
    ),
    FaultKind(
        "cdc_overflow",
        "Change events overflow",
        "The next changes of an object are told as too many to tell.",
        counted=True,
    ),
    FaultKind(
        "cdc_off",
        "Change Data Capture off",
        "No object is selected: there is no channel to subscribe to, and nothing is sent.",
    ),
)
