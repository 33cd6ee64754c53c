"""SOQL: text -> tokens -> query -> rows."""

from .errors import QueryError
from .paths import Access
from .run import Result, Selection, as_json, run

__all__ = ["Access", "QueryError", "Result", "Selection", "as_json", "run"]
