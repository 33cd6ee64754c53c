"""Salesforce ids that come out the same whenever the same org is made again."""

import hashlib

from integrations.salesforce.ids import to_18

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Real counters don't start at zero; starting here shows both cases within a few records.
FIRST_NUMBER = 62**3 + 34


class IdMint:
    """Hands out ids, one counter a key prefix.

    The instance part of every id comes from `org_key`, so that two orgs share no id.
    """

    def __init__(self, org_key: str) -> None:
        digest = int.from_bytes(hashlib.sha256(org_key.encode()).digest()[:8], "big")
        self._instance = _base62(digest, 4)
        self._next: dict[str, int] = {}

    def new(self, prefix: str) -> str:
        number = self._next.get(prefix, FIRST_NUMBER)
        self._next[prefix] = number + 1
        return to_18(prefix + self._instance + _base62(number, 8))


def numbered_id(prefix: str, org_key: str, number: int) -> str:
    """The id of the record with this number, without a counter that has to be kept."""
    instance = int.from_bytes(hashlib.sha256(org_key.encode()).digest()[:8], "big")
    return to_18(prefix + _base62(instance, 4) + _base62(FIRST_NUMBER + number, 8))


def _base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, rest = divmod(number, 62)
        digits = ALPHABET[rest] + digits
    return digits
