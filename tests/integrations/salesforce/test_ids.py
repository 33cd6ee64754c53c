import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.salesforce import ids

ids_15 = st.text(string.ascii_letters + string.digits, min_size=15, max_size=15)


@pytest.mark.parametrize(
    "documented",
    ["003RO0000035WQgYAM", "005x00000012Q9PAAU", "001D000000IRFmaIAH", "00D000000000062EAA"],
)
def test_salesforces_documented_ids_have_the_checksum_we_compute(documented: str) -> None:
    assert ids.to_18(documented[:15]) == documented
    assert ids.to_18(documented) == documented


@given(ids_15)
def test_the_long_form_of_an_id_is_its_own_long_form(short: str) -> None:
    long = ids.to_18(short)
    assert long.startswith(short)
    assert len(long) == 18
    assert ids.to_18(f"  {long}\n") == long


@given(ids_15, st.integers(0, 17))
def test_a_changed_case_is_found_in_every_place(short: str, place: int) -> None:
    long = ids.to_18(short)
    flipped = long[:place] + long[place].swapcase() + long[place + 1 :]
    if flipped != long:
        with pytest.raises(ids.InvalidSalesforceId):
            ids.to_18(flipped)


@given(st.text())
def test_any_text_is_an_id_or_refused_with_a_reason(text: str) -> None:
    try:
        assert len(ids.to_18(text)) == 18
    except ids.InvalidSalesforceId as error:
        assert "is not a Salesforce id" in str(error)  # noqa: PT017 - both ends are right


@pytest.mark.parametrize(
    "text", ["", "005", "005x00000012Q9P'", "\uff10\uff105x00000012Q9P", "a" * 16]
)
def test_what_has_not_15_or_18_plain_characters_is_no_id(text: str) -> None:
    with pytest.raises(ids.InvalidSalesforceId):
        ids.to_18(text)


def test_the_first_three_characters_tell_the_object() -> None:
    assert ids.prefix("005x00000012Q9PAAU") == ids.USER
    assert ids.prefix("00Gx0000000BV7zEAG") == ids.QUEUE
