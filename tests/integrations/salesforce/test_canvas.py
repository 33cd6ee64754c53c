"""The signed request: only the untouched text of who holds the secret is believed."""

from __future__ import annotations

import base64
import hmac
import json
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.demo_org.canvas_tab import signed
from integrations.salesforce.canvas import LONGEST, InvalidSignedRequest, read

SECRET = "secret"
ORG, USER = "00Dx0000000BV7zEAG", "005x00000012Q9PAAU"


def payload(**changes: Any) -> dict[str, Any]:
    return {
        "algorithm": "HMACSHA256",
        "issuedAt": None,
        "userId": USER,
        "client": {"oauthToken": "00Dx!token", "targetOrigin": "https://acme.my.salesforce.com"},
        "context": {
            "user": {"userId": USER, "fullName": "Ann Able"},
            "organization": {"organizationId": ORG},
            "environment": {"uiTheme": "Theme4d"},
        },
        **changes,
    }


def with_envelope(envelope: bytes, secret: str = SECRET) -> str:
    """The envelope, signed as it is."""
    digest = hmac.digest(secret.encode(), envelope, "sha256")
    return f"{base64.b64encode(digest).decode()}.{envelope.decode()}"


def test_a_true_request_says_who_and_where() -> None:
    request = read(signed(payload(), SECRET), [SECRET])
    assert (request.org_id, request.user_id) == (ORG, USER)
    assert request.user_name == "Ann Able"
    assert request.target_origin == "https://acme.my.salesforce.com"


def test_the_token_is_in_no_repr() -> None:
    assert "token" not in repr(read(signed(payload(), SECRET), [SECRET])).replace("oauth_token", "")


def test_ids_of_fifteen_characters_become_eighteen() -> None:
    short = payload(userId=USER[:15])
    short["context"]["user"]["userId"] = USER[:15]
    short["context"]["organization"]["organizationId"] = ORG[:15]
    request = read(signed(short, SECRET), [SECRET])
    assert (request.org_id, request.user_id) == (ORG, USER)


def test_salesforces_own_test_vector_has_a_true_signature() -> None:
    vector = (
        "zZN0dpJOcWrRQFIS52952YRee/rIjS7Mt5XOkHbNPQc=."
        "eyJhbGdvcml0aG0iOiAiSE1BQ1NIQTI1NiIsICJ1c2VySWQiOiAiMDA1eDAwMDAwMDFTeXlFQUFTIn0="
    )
    with pytest.raises(InvalidSignedRequest, match="access token"):  # so it got past the signature
        read(vector, ["secret"])


def test_the_urls_alphabet_is_taken_too() -> None:
    texts = (signed(payload(number=number), SECRET).partition(".") for number in count())
    signature, _, envelope = next(text for text in texts if {"+", "/"} <= set(text[0]))
    urls = signature.replace("+", "-").replace("/", "_")
    assert read(f"{urls}.{envelope}", [SECRET]).user_id == USER


def test_the_secret_of_before_is_taken_beside_the_present_one() -> None:
    assert read(signed(payload(), "former"), ["present", "former"]).user_id == USER


@pytest.mark.parametrize("secrets", [[], [""], ["another"]])
def test_without_the_right_secret_nothing_is_believed(secrets: list[str]) -> None:
    with pytest.raises(InvalidSignedRequest, match="another secret"):
        read(signed(payload(), SECRET), secrets)


@pytest.mark.parametrize("algorithm", ["none", "", None, "hmacsha256", "HMACSHA1", ["HMACSHA256"]])
def test_the_payload_chooses_no_algorithm(algorithm: object) -> None:
    with pytest.raises(InvalidSignedRequest, match="algorithm"):
        read(signed(payload(algorithm=algorithm), SECRET), [SECRET])


@pytest.mark.parametrize(
    "text",
    ["", ".", "a", "..", "AAAA.e30=", "é.e30=", "=" * 44 + ".e30=", " " + signed(payload(), "x")],
)
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(InvalidSignedRequest):
        read(text, [SECRET])


@pytest.mark.parametrize("length", [1, 43, 44, 45, 46, 60])
def test_a_truncated_request_is_refused(length: int) -> None:
    with pytest.raises(InvalidSignedRequest):
        read(signed(payload(), SECRET)[:length], [SECRET])


def test_an_oversized_request_is_refused_before_anything_is_computed() -> None:
    large = payload(padding="x" * LONGEST)
    with pytest.raises(InvalidSignedRequest, match="longer"):
        read(signed(large, SECRET), [SECRET])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"userId": None}, "id"),
        ({"userId": 5}, "id"),
        ({"userId": "006x00000012Q9PAAU"}, "id"),
        ({"userId": ORG}, "another kind"),
        ({"client": []}, "access token"),
        ({"client": {"oauthToken": "a\r\nX-Evil: 1"}}, "access token"),
        ({"context": None}, "id"),
        ({"context": {"organization": {"organizationId": USER}}}, "another kind"),
    ],
)
def test_what_is_signed_and_still_no_request_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidSignedRequest, match=why):
        read(signed(payload(**changes), SECRET), [SECRET])


def test_a_request_that_names_two_users_is_refused() -> None:
    two = payload()
    two["context"]["user"]["userId"] = "005x00000012Q9QAAU"
    with pytest.raises(InvalidSignedRequest):
        read(signed(two, SECRET), [SECRET])


@pytest.mark.parametrize("envelope", [b"e30", b"W10=", b"bnVsbA==", b"!!!!", b"W1tb" * 4000])
def test_an_envelope_that_is_no_object_is_refused(envelope: bytes) -> None:
    with pytest.raises(InvalidSignedRequest):
        read(with_envelope(envelope), [SECRET])


@given(st.data())
def test_no_change_of_a_single_character_gets_through(data: st.DataObject) -> None:
    true = signed(payload(), SECRET)
    dot = true.index(".")
    # The last character of the signature holds bits that Base64 drops; any other one counts.
    position = data.draw(
        st.integers(0, len(true) - 1).filter(lambda n: n not in (dot - 1, dot - 2))
    )
    character = data.draw(
        st.characters(min_codepoint=32, max_codepoint=126).filter(lambda c: c != true[position])
    )
    changed = true[:position] + character + true[position + 1 :]
    same_alphabet = changed.translate(str.maketrans("-_", "+/")) == true
    if same_alphabet and position < dot:
        return
    with pytest.raises(InvalidSignedRequest):
        read(changed, [SECRET])


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda b: base64.b64encode(b).decode()))
def test_no_text_at_all_raises_anything_else(text: str) -> None:
    with pytest.raises(InvalidSignedRequest):
        read(text, [SECRET])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["userId", "client", "context", "issuedAt"]), _JSON))
def test_no_signed_payload_raises_anything_else(parts: dict[str, Any]) -> None:
    text = with_envelope(base64.b64encode(json.dumps(payload() | parts).encode()))
    try:
        request = read(text, [SECRET])
    except InvalidSignedRequest:
        return
    assert (request.org_id, request.user_id) == (ORG, USER)
