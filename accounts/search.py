"""Search by the beginnings of words, on a generated ``tsvector`` column of core PostgreSQL.

Addresses and ids are split at their punctuation, so that ``doe`` finds ``john.doe@example.com``.
"""

import re

from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db.models import F, Func, GeneratedField, Value

PUNCTUATION = "@._-+/"


class WordsOf(Func):
    """The column's text with its punctuation as blanks."""

    function = "TRANSLATE"

    def __init__(self, column: str) -> None:
        super().__init__(F(column), Value(PUNCTUATION), Value(" " * len(PUNCTUATION)))


def search_column(*columns: str) -> GeneratedField:
    """A stored ``tsvector`` of these text columns; index it with ``GinIndex``."""
    return GeneratedField(
        expression=SearchVector(*(WordsOf(column) for column in columns), config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )


def prefix_query(text: str) -> SearchQuery | None:
    """Every word of ``text`` as a prefix, all of them wanted; ``None`` where it holds no word."""
    words = re.findall(r"\w+", text.replace("_", " "))
    if not words:
        return None
    return SearchQuery(
        " & ".join(f"{word}:*" for word in words), config="simple", search_type="raw"
    )
