"""SOQL: text -> tokens -> query -> rows."""

from .errors import QueryError
from .paths import Access
from .run import Plan, Result, Selection, as_json, plan, run

__all__ = ["Access", "Plan", "QueryError", "Result", "Selection", "as_json", "plan", "run"]
