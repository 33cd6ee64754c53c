"""Text written elsewhere, made fit to stand beside other people's words."""

from __future__ import annotations

import re

from accounts.bulk_writer import storable

_OPENS_EMBEDDING = "\u202a\u202b\u202d\u202e"
_CLOSES_EMBEDDING = "\u202c"
_OPENS_ISOLATE = "\u2066\u2067\u2068"
_CLOSES_ISOLATE = "\u2069"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DIRECTION = re.compile(f"[{_OPENS_EMBEDDING}{_CLOSES_EMBEDDING}{_OPENS_ISOLATE}{_CLOSES_ISOLATE}]")


def one_line(text: str, longest: int) -> str:
    """The text in one line, without control characters and marks of direction, cut to fit."""
    if not text.isprintable():
        text = _without_controls(_DIRECTION.sub("", storable(text)))
    return " ".join(text.split())[:longest].rstrip()


def isolated(text: str) -> str:
    """The text with its lines kept and its marks of direction closed, so that none works beyond it.

    Right-to-left writing stays as written; what opens nothing or is never closed is mended.
    """
    lines = storable(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_closed(_without_controls(line)) for line in lines).strip()


def _closed(line: str) -> str:
    """One line with every embedding and isolate closed in its order."""
    kept: list[str] = []
    awaited: list[str] = []
    for character in line:
        if character in _OPENS_EMBEDDING:
            awaited.append(_CLOSES_EMBEDDING)
        elif character in _OPENS_ISOLATE:
            awaited.append(_CLOSES_ISOLATE)
        elif character in (_CLOSES_EMBEDDING, _CLOSES_ISOLATE):
            if not awaited or awaited[-1] != character:
                continue
            awaited.pop()
        kept.append(character)
    return "".join([*kept, *reversed(awaited)])


def _without_controls(text: str) -> str:
    return _CONTROL.sub(" ", text)
