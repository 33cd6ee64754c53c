"""Salesforce ids that come out the same whenever the same org is made again."""

import hashlib

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def with_checksum(id15: str) -> str:
    """Return the 18-character form: bit j of each suffix character says that chunk[j] is A-Z."""
    suffix = ""
    for start in (0, 5, 10):
        chunk = id15[start : start + 5]
        suffix += CHECKSUM[sum(1 << j for j, char in enumerate(chunk) if "A" <= char <= "Z")]
    return id15 + suffix


def base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, rest = divmod(number, 62)
        digits = ALPHABET[rest] + digits
    return digits


class IdMint:
    """Hands out ids, one counter a key prefix.

    The instance part of every id comes from `org_key`, so that two orgs share no id.
    """

    def __init__(self, org_key: str) -> None:
        digest = int.from_bytes(hashlib.sha256(org_key.encode()).digest()[:8], "big")
        self._instance = base62(digest, 4)
        self._next: dict[str, int] = {}

    def new(self, prefix: str) -> str:
        # Real counters don't start at zero; starting here shows both cases within a few records.
        number = self._next.get(prefix, 62**3 + 34)
        self._next[prefix] = number + 1
        return with_checksum(prefix + self._instance + base62(number, 8))
