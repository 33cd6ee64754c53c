"""Salesforce record ids.

An id has 15 case-sensitive characters; the 18-character form adds a checksum of the case, so that
it survives systems that fold case. Only the 18-character form is kept and compared.
"""

import re

USER = "005"
OPPORTUNITY = "006"
ORGANIZATION = "00D"
QUEUE = "00G"

_SHAPE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?", re.ASCII)
_CHECKSUM_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


class InvalidSalesforceId(ValueError):
    """The text is not a Salesforce id; the message says why, for the person who typed it."""


def to_18(value: str) -> str:
    """Return the 18-character form of an id of 15 or 18 characters.

    Raises InvalidSalesforceId, also when the checksum shows that somebody changed the case.
    """
    text = value.strip()
    if not _SHAPE.fullmatch(text):
        raise InvalidSalesforceId(
            f"“{text[:40]}” is not a Salesforce id: an id has 15 or 18 letters and digits."
        )
    expected = text[:15] + _checksum(text[:15])
    if len(text) == 18 and text != expected:
        raise InvalidSalesforceId(
            f"“{text}” is not a Salesforce id: its last three characters do not fit the others. "
            "Was its upper or lower case changed on the way?"
        )
    return expected


def prefix(record_id: str) -> str:
    """Return the three characters that tell the object, such as USER for a user."""
    return record_id[:3]


def _checksum(id_15: str) -> str:
    """One character for each five: bit n is set when the n-th of the five is a capital."""
    chunks = (id_15[0:5], id_15[5:10], id_15[10:15])
    return "".join(
        _CHECKSUM_ALPHABET[sum(1 << n for n, char in enumerate(chunk) if "A" <= char <= "Z")]
        for chunk in chunks
    )
