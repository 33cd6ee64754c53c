"""Field paths to getters, checked against the schema and what the asking user may read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ..schema import Field, SObject, find_object
from ..store import Row, Store
from .errors import no_such_column, no_such_object, no_such_relationship
from .parser import Path

Getter = Callable[[Row], Any]


class Access(Protocol):
    """What the asking user may see."""

    def can_read(self, sobject: SObject) -> bool: ...

    def can_read_field(self, sobject: SObject, field: Field) -> bool: ...

    def rows(self, sobject: SObject) -> list[Row]:
        """The object's records that this user sees."""
        ...


@dataclass(frozen=True)
class Hop:
    """One step from a record to its parent."""

    name: str  # the relationship, in the schema's casing
    parent: SObject
    follow: Callable[[Row], Row | None]


@dataclass(frozen=True)
class Resolved:
    hops: tuple[Hop, ...]
    field: Field
    get: Getter


class Schema:
    """The schema as one user sees it, for one query text (which its errors quote)."""

    def __init__(self, store: Store, access: Access, soql: str) -> None:
        self.store = store
        self.access = access
        self.soql = soql

    def find_object(self, name: str, position: int) -> SObject:
        sobject = find_object(name)
        if sobject is None or sobject.name == "Name" or not self.access.can_read(sobject):
            raise no_such_object(self.soql, position, name)
        return sobject

    def resolve(self, sobject: SObject, path: Path) -> Resolved:
        """Turn `path`, seen from `sobject`, into a getter over its rows; QueryError if unknown."""
        *parents, name = path.text.split(".")
        if parents and parents[0].lower() == sobject.name.lower():
            parents = parents[1:]
        hops: list[Hop] = []
        for relationship in parents:
            hop = self._hop(sobject, relationship, path.position)
            hops.append(hop)
            sobject = hop.parent
        field = sobject.by_name.get(name.lower())
        if field is None or not self.access.can_read_field(sobject, field):
            raise no_such_column(self.soql, path.position, name, sobject.name)
        return Resolved(tuple(hops), field, _getter(tuple(hops), field.name))

    def _hop(self, sobject: SObject, relationship: str, position: int) -> Hop:
        field = sobject.by_relationship.get(relationship.lower())
        if field is None or not self.access.can_read_field(sobject, field):
            raise no_such_relationship(self.soql, position, relationship)
        assert field.relationship is not None
        parent = find_object("Name" if field.polymorphic else field.refers_to[0])
        assert parent is not None
        if not self.access.can_read(parent):
            raise no_such_relationship(self.soql, position, relationship)
        follow = self._by_any_id(field) if field.polymorphic else self._by_id(field, parent)
        return Hop(field.relationship, parent, follow)

    def _by_id(self, field: Field, parent: SObject) -> Callable[[Row], Row | None]:
        key, table, store = field.name, parent.name, self.store

        def follow(row: Row) -> Row | None:
            record_id = row[key]
            return store.get(table, record_id) if record_id else None

        return follow

    def _by_any_id(self, field: Field) -> Callable[[Row], Row | None]:
        key, store, names = field.name, self.store, find_object("Name")
        assert names is not None

        def follow(row: Row) -> Row | None:
            found = store.find(row[key])
            if found is None:
                return None
            sobject, parent = found
            return {f.name: parent.get(f.name) for f in names.fields} | {"Type": sobject.name}

        return follow


def _getter(hops: tuple[Hop, ...], name: str) -> Getter:
    if not hops:
        return lambda row: row[name]

    def get(row: Row) -> Any:
        parent: Row | None = row
        for hop in hops:
            parent = hop.follow(parent) if parent else None
        return parent[name] if parent else None

    return get
