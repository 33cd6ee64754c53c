"""The version of a company's feed: what live streams, catch-up and the ``ETag`` go by."""

from __future__ import annotations

from django.db import connection

#: PostgreSQL's channel; the payload is the company's id. Sent at the commit, once a transaction.
CHANNEL = "scoreline_feed"


def raise_version(company_id: int) -> int:
    """Raise the feed's version and return the new one, to stamp the changed reports with.

    Until the transaction ends no other one changes this company's reports: that makes the order of
    versions the order of commits, so a reader who has seen version n misses nothing below it. So it
    comes late in a transaction, right before the changes to the feed and after all other work.
    Names and hidden people are not told here but by triggers; see migration 0003.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO activities_feed AS feed (company_id, version, renewed_version)"
            " VALUES (%s, 1, 0)"
            " ON CONFLICT (company_id) DO UPDATE SET version = feed.version + 1 RETURNING version",
            [company_id],
        )
        version: int = cursor.fetchone()[0]
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(company_id)])
    return version
