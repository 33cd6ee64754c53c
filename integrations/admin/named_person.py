"""One person on whom rules are tried: found by name, e-mail or id."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.search import prefix_query
from integrations.models import Connection, DirectoryUser

from .chosen_people import person_with_id


@dataclass(frozen=True)
class NamedPerson:
    words: str
    person: DirectoryUser | None
    why: str


def named_person(connection: Connection, words: str) -> NamedPerson | None:
    """The first who is meant by these words; ``None`` where nobody was asked for."""
    words = words.replace("\x00", "").strip()[:200]
    if not words:
        return None
    everybody = DirectoryUser.objects.filter(connection=connection).defer("search")
    people = person_with_id(everybody, words)
    if people is None:
        query = prefix_query(words)
        people = everybody.filter(search=query) if query else everybody.none()
    found = list(people.order_by("name", "pk")[:2])
    if not found:
        return NamedPerson(words, None, "Nobody in Salesforce has that name.")
    return NamedPerson(words, found[0], "")
