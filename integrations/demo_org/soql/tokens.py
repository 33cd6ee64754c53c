"""SOQL text to tokens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .errors import unexpected

_TOKEN = re.compile(
    r"""(?P<blank>\s+)
      | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
      | (?P<date>\d{4}-\d\d-\d\d)(?![\dT])
      | (?P<number>[+-]?\d+(?:\.\d+)?)(?![\w.])
      | (?P<string>'(?:[^'\\]|\\.)*')
      | (?P<relative>(?:LAST|NEXT)_N_[A-Z_]+:\d+|N_[A-Z_]+_AGO:\d+)(?![\w.])
      | (?P<name>[A-Za-z_]\w*(?:\.\w+)*)
      | (?P<operator><=|>=|!=|<>|[=<>(),])
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    position: int

    @property
    def word(self) -> str:
        """The token as a keyword or operator, in capitals."""
        return self.text.upper() if self.kind in ("name", "operator") else ""


def tokens(soql: str) -> Iterator[Token]:
    """Yield the tokens of `soql` and at last one of kind `end`; QueryError for anything else."""
    position = 0
    while position < len(soql):
        match = _TOKEN.match(soql, position)
        if match is None:
            raise unexpected(soql, position, soql[position])
        kind = match.lastgroup or ""
        if kind != "blank":
            yield Token(kind, match.group(), position)
        position = match.end()
    yield Token("end", "", len(soql))
