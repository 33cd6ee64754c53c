from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from activities.text import isolated, one_line

MARKS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
text = st.text(st.one_of(st.sampled_from(MARKS + "\n\r\x00ab "), st.characters()))


def is_closed(line: str) -> bool:
    """Whether every mark of direction in the line is closed by its own kind, innermost first."""
    awaited: list[str] = []
    for character in line:
        if character in "\u202a\u202b\u202d\u202e":
            awaited.append("\u202c")
        elif character in "\u2066\u2067\u2068":
            awaited.append("\u2069")
        elif character in "\u202c\u2069" and (not awaited or awaited.pop() != character):
            return False
    return not awaited


@given(text)
def test_no_mark_of_direction_works_beyond_its_line(given_text: str) -> None:
    assert all(is_closed(line) for line in isolated(given_text).split("\n"))


@given(text)
def test_what_is_isolated_stays_as_it_is(given_text: str) -> None:
    assert isolated(isolated(given_text)) == isolated(given_text)


@given(text, st.integers(1, 50))
def test_one_line_is_one_short_storable_line(given_text: str, longest: int) -> None:
    line = one_line(given_text, longest)
    assert len(line) <= longest
    assert line == one_line(line, longest)
    assert not set(line) & set(MARKS + "\n\r\x00")
    assert line.encode().decode() == line
