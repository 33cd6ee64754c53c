"""Pages of a long list, counted only as far as anybody reads."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

COUNTED_AT_MOST = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg] # not subscriptable at run time
    """Counts at most 10,000 rows, which PostgreSQL does in milliseconds at any table size.

    The templates show “10,000+” then. Nobody pages further: search and filters narrow the list.
    """

    @cached_property
    def count(self) -> int:
        return min(self._counted, COUNTED_AT_MOST)

    @property
    def is_capped(self) -> bool:
        """Whether there are more rows than were counted."""
        return self._counted > COUNTED_AT_MOST

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return rows.order_by()[: COUNTED_AT_MOST + 1].count()
