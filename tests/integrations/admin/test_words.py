"""Numbers and reasons as people say them."""

from __future__ import annotations

import pytest

from integrations.admin import words
from integrations.admin.words import count_of, counted, listed, sentence
from integrations.models import Connection, DirectoryUser
from tests.integrations.user_sync.builders import people


def test_a_number_has_its_noun() -> None:
    assert counted(1, "user") == "1 user"
    assert counted(1_200, "user") == "1,200 users"
    assert counted(2, "person has", "people have") == "2 people have"


def test_more_than_is_counted_is_no_exact_number(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(connection, range(1, 4))
    everybody = DirectoryUser.objects.filter(connection=connection)
    assert count_of(everybody, "user") == "3 users"
    monkeypatch.setattr(words, "COUNTED_AT_MOST", 2)
    assert count_of(everybody, "user") == "2+ users"
    assert count_of(everybody, "person has", "people have") == "2+ people have"


def test_parts_are_joined_as_they_are_read_out() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Our org moves", "Our org moves."), ("We move.", "We move."), ("Why?", "Why?"), ("", "")],
)
def test_a_reason_becomes_a_sentence(text: str, shown: str) -> None:
    assert sentence(text) == shown
