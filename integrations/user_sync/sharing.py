"""Who in Salesforce has the same e-mail: named, because a count alone helps nobody to decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Window
from django.db.models.functions import Lower, RowNumber

from integrations.models import Connection, DirectoryUser

from .scope import persons

#: So many others are named. A shared mailbox may be the e-mail of thousands.
NAMED = 3


@dataclass(frozen=True)
class Sharing:
    """The people who have one e-mail."""

    number: int = 1
    first: tuple[DirectoryUser, ...] = ()  # by name: as many as are named, and one more

    def others_than(self, salesforce_id: str) -> list[DirectoryUser]:
        """The first of those who share it with this person."""
        return [one for one in self.first if one.salesforce_id != salesforce_id][:NAMED]

    def in_words(self, salesforce_id: str) -> str:
        """The others: “Bo Berg (bo@example.com.sales)”; “Bo Berg (…), Cy Lind (…) and 7 more”."""
        named = [_named(one) for one in self.others_than(salesforce_id)]
        return with_more(named, self.number - 1)


def with_more(names: Sequence[str], number: int) -> str:
    """Some of ``number`` names, and how many more there are: “a and b”, “a, b and 7 more”."""
    more = [f"{number - len(names):,} more"] if number > len(names) else []
    *most, last = [*names, *more]
    return f"{', '.join(most)} and {last}" if most else last


def sharing_by_address(connection: Connection, addresses: Collection[str]) -> dict[str, Sharing]:
    """Those of these folded addresses that several people have; in one query."""
    by_address = [F("address")]
    people = (
        DirectoryUser.objects.filter(persons(), connection=connection)
        .annotate(address=Lower("email"))
        .filter(address__in=addresses)
        .exclude(address="")
        .annotate(
            number=Window(Count("pk"), partition_by=by_address),
            place=Window(RowNumber(), partition_by=by_address, order_by=["name", "pk"]),
        )
        .filter(number__gt=1, place__lte=NAMED + 1)
        .only("connection_id", "salesforce_id", "name", "username", "profile_name", "is_active")
        .order_by("name", "pk")
    )
    found: dict[str, list[DirectoryUser]] = defaultdict(list)
    numbers: dict[str, int] = {}
    for person in people:
        found[person.address].append(person)
        numbers[person.address] = person.number
    return {
        address: Sharing(numbers[address], tuple(several)) for address, several in found.items()
    }


def _named(person: DirectoryUser) -> str:
    left = "" if person.is_active else ", has left"
    return f"{person} ({person.username}{left})"
