"""The words a schema is written in: fields, objects and the short constructors for both."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Field:
    """One field of an object, as `describe` shows it.

    `required` means that a record can't be without it: such a field is always readable.
    """

    name: str
    label: str
    type: str
    length: int = 0
    required: bool = False
    refers_to: tuple[str, ...] = ()
    relationship: str | None = None
    choices: tuple[str, ...] = ()
    filterable: bool = True
    writable: bool = True
    custom: bool = False
    unique: bool = False

    @property
    def polymorphic(self) -> bool:
        return len(self.refers_to) > 1


@dataclass(frozen=True)
class SObject:
    """An object (a table) of the org, with its key prefix, or none where it has no ids to show."""

    name: str
    label: str
    plural: str
    prefix: str | None
    fields: tuple[Field, ...]
    deletable: bool = False
    writable: bool = False
    # The object that access is decided by; Task and Event have no object permissions of their own.
    guarded: bool = False
    by_name: dict[str, Field] = field(init=False, compare=False)
    by_relationship: dict[str, Field] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        named = {f.name.lower(): f for f in self.fields}
        object.__setattr__(self, "by_name", named)
        hops = {f.relationship.lower(): f for f in self.fields if f.relationship}
        object.__setattr__(self, "by_relationship", hops)


def text(name: str, label: str, length: int = 80, *, required: bool = False) -> Field:
    return Field(name, label, "string", length, required)


def long_text(name: str, label: str, length: int = 32000) -> Field:
    return Field(name, label, "textarea", length, filterable=False)


def email(name: str, label: str = "Email", *, required: bool = False) -> Field:
    return Field(name, label, "email", 128, required)


def phone(name: str, label: str) -> Field:
    return Field(name, label, "phone", 40)


def url(name: str, label: str) -> Field:
    return Field(name, label, "url", 1024, writable=False)


def flag(name: str, label: str, *, writable: bool = True) -> Field:
    return Field(name, label, "boolean", required=True, writable=writable)


def pick(name: str, label: str, choices: Iterable[str], *, required: bool = False) -> Field:
    return Field(name, label, "picklist", 255, required, choices=tuple(choices))


def number(name: str, label: str, kind: str = "double") -> Field:
    """`kind` is one of int, double, currency, percent."""
    return Field(name, label, kind)


def day(name: str, label: str, *, required: bool = False) -> Field:
    return Field(name, label, "date", required=required)


def moment(name: str, label: str, *, required: bool = False, writable: bool = True) -> Field:
    return Field(name, label, "datetime", required=required, writable=writable)


def lookup(name: str, label: str, *refers_to: str, required: bool = False) -> Field:
    """A reference; the relationship's name is the field's without `Id`, as Salesforce has it."""
    hop = name.removesuffix("Id")
    return Field(name, label, "reference", 18, required, refers_to, relationship=hop)


def fixed(made: Field) -> Field:
    """The same field, kept by Salesforce itself: no client writes it."""
    return replace(made, writable=False)


def record_id(label: str) -> Field:
    return Field("Id", f"{label} ID", "id", 18, required=True, writable=False)


def system_fields(*, deleted: bool = True) -> tuple[Field, ...]:
    """The fields that every record carries. A user can't be deleted, so it has no `IsDeleted`."""
    stamps = (
        moment("CreatedDate", "Created Date", required=True, writable=False),
        fixed(lookup("CreatedById", "Created By ID", "User", required=True)),
        moment("LastModifiedDate", "Last Modified Date", required=True, writable=False),
        fixed(lookup("LastModifiedById", "Last Modified By ID", "User", required=True)),
        moment("SystemModstamp", "System Modstamp", required=True, writable=False),
    )
    return (*((flag("IsDeleted", "Deleted", writable=False),) if deleted else ()), *stamps)
