"""Tokens to a query: the shape only, no word yet about whether its names exist."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from .errors import QueryError, pointed, unexpected
from .periods import PERIODS
from .tokens import Token, tokens

COMPARISONS = ("=", "!=", "<>", "<", ">", "<=", ">=")
MAX_OFFSET = 2000
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class Path:
    """A field, perhaps over parents: `Profile.UserLicense.Name`."""

    text: str
    position: int


@dataclass(frozen=True)
class Literal:
    """`kind` is string, number, date, datetime, boolean, null or relative (such as TODAY).

    `raw` keeps a LIKE's escapes, and the words of a relative date.
    """

    kind: str
    value: object
    raw: str = ""


@dataclass(frozen=True)
class Comparison:
    """`operator` is a comparison, LIKE, IN or NOT IN."""

    path: Path
    operator: str
    values: tuple[Literal, ...]
    subquery: "Query | None" = None


@dataclass(frozen=True)
class Group:
    """`joint` is AND or OR."""

    joint: str
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True)
class Not:
    part: "Condition"


Condition = Comparison | Group | Not


@dataclass(frozen=True)
class Order:
    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    text: str
    fields: tuple[Path, ...]  # none: SELECT COUNT()
    object_name: str
    object_position: int
    where: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0


def parse(soql: str) -> Query:
    """Parse one SELECT statement; QueryError where Salesforce would refuse its grammar."""
    parser = _Parser(soql)
    query = parser.query()
    parser.expect_end()
    return query


class _Parser:
    def __init__(self, soql: str) -> None:
        self.soql = soql
        self.tokens = list(tokens(soql))
        self.at = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def unexpected(self) -> QueryError:
        return unexpected(self.soql, self.token.position, self.token.text)

    def take(self) -> Token:
        taken = self.token
        self.at += 1
        return taken

    def accept(self, *words: str) -> bool:
        """Take these keywords when all of them come next."""
        following = self.tokens[self.at : self.at + len(words)]
        if [token.word for token in following] != list(words):
            return False
        self.at += len(words)
        return True

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise self.unexpected()

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.unexpected()

    def name(self) -> Path:
        if self.token.kind != "name":
            raise self.unexpected()
        token = self.take()
        return Path(token.text, token.position)

    def query(self) -> Query:
        self.expect("SELECT")
        fields = () if self.accept("COUNT", "(", ")") else self.fields()
        self.expect("FROM")
        source = self.name()
        where = self.condition() if self.accept("WHERE") else None
        order = self.order() if self.accept("ORDER", "BY") else ()
        limit = self.whole_number() if self.accept("LIMIT") else None
        offset = self.offset() if self.accept("OFFSET") else 0
        return Query(self.soql, fields, source.text, source.position, where, order, limit, offset)

    def fields(self) -> tuple[Path, ...]:
        found = [self.name()]
        while self.accept(","):
            found.append(self.name())
        return tuple(found)

    def condition(self) -> Condition:
        parts = [self.part()]
        joint = self.token.word
        # AND and OR side by side need parentheses in SOQL: the other word is unexpected.
        while joint in ("AND", "OR") and self.accept(joint):
            parts.append(self.part())
        return parts[0] if len(parts) == 1 else Group(joint, tuple(parts))

    def part(self) -> Condition:
        if self.accept("NOT"):
            return Not(self.part())
        if self.accept("("):
            inner = self.condition()
            self.expect(")")
            return inner
        return self.comparison()

    def comparison(self) -> Comparison:
        path = self.name()
        if self.accept("NOT", "IN"):
            return self.membership(path, "NOT IN")
        if self.accept("IN"):
            return self.membership(path, "IN")
        operator = self.token.word
        if operator not in (*COMPARISONS, "LIKE"):
            raise self.unexpected()
        self.take()
        return Comparison(path, "!=" if operator == "<>" else operator, (self.literal(),))

    def membership(self, path: Path, operator: str) -> Comparison:
        self.expect("(")
        if self.token.word == "SELECT":
            subquery = self.query()
            self.expect(")")
            return Comparison(path, operator, (), subquery)
        values = [self.literal()]
        while self.accept(","):
            values.append(self.literal())
        self.expect(")")
        return Comparison(path, operator, tuple(values))

    def literal(self) -> Literal:
        token = self.token
        if token.kind == "name" and token.word in ("TRUE", "FALSE", "NULL"):
            self.take()
            if token.word == "NULL":
                return Literal("null", None)
            return Literal("boolean", token.word == "TRUE")
        if token.kind == "relative" or (token.kind == "name" and token.word in PERIODS):
            self.take()
            return Literal("relative", None, token.text.upper())
        if token.kind not in ("string", "number", "date", "datetime"):
            raise self.unexpected()
        self.take()
        return Literal(token.kind, self.value_of(token), token.text[1:-1])

    def value_of(self, token: Token) -> object:
        if token.kind == "string":
            return unescaped(token.text[1:-1])
        if token.kind == "number":
            return float(token.text)
        try:
            if token.kind == "date":
                return date.fromisoformat(token.text)
            return datetime.fromisoformat(token.text)
        except ValueError:
            message = f"Invalid {token.kind}: {token.text}"
            raise pointed("MALFORMED_QUERY", self.soql, token.position, message) from None

    def order(self) -> tuple[Order, ...]:
        found = []
        while True:
            path = self.name()
            descending = self.accept("DESC")
            if not descending:
                self.accept("ASC")
            nulls_last = self.accept("NULLS", "LAST")
            if not nulls_last:
                self.accept("NULLS", "FIRST")
            found.append(Order(path, descending, nulls_last))
            if not self.accept(","):
                return tuple(found)

    def whole_number(self) -> int:
        if self.token.kind != "number" or not self.token.text.isdigit():
            raise self.unexpected()
        return int(self.take().text)

    def offset(self) -> int:
        position = self.token.position
        offset = self.whole_number()
        if offset > MAX_OFFSET:
            message = f"Maximum SOQL offset allowed is {MAX_OFFSET}"
            raise pointed("NUMBER_OUTSIDE_VALID_RANGE", self.soql, position, message)
        return offset


def unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text)
