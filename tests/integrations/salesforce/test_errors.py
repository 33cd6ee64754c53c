import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.salesforce.errors import (
    ConfigurationError,
    LimitReached,
    PermanentError,
    SalesforceError,
    SessionExpired,
    TransientError,
    from_response,
)
from integrations.salesforce.oauth_errors import from_identity_response, from_token_response

INVALID_FIELD = (
    "\nSELECT BAD FROM User WHERE Name = 'Ann Example'\n       ^\nERROR at Row:1:Column:8\n"
    "No such column 'BAD' on entity 'User'. If you are attempting to use a custom field, be sure "
    "to append the '__c' after the custom field name."
)
INVALID_TYPE = (
    "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\n"
    "sObject type 'XYZZY' is not supported. If you are attempting to use a custom object, …"
)


def body(code: str, message: str = "") -> str:
    return json.dumps([{"message": message, "errorCode": code}])


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (401, body("INVALID_SESSION_ID", "Session expired or invalid"), SessionExpired),
        (401, "<html>", SessionExpired),
        (401, "", SessionExpired),
        (403, body("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), LimitReached),
        (
            403,
            body("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
            TransientError,
        ),
        (403, body("API_DISABLED_FOR_ORG"), ConfigurationError),
        (403, body("API_CURRENTLY_DISABLED"), ConfigurationError),
        (403, body("INSUFFICIENT_ACCESS"), ConfigurationError),
        (403, "<html>", PermanentError),
        (400, body("INVALID_FIELD", INVALID_FIELD), ConfigurationError),
        (400, body("INVALID_TYPE", INVALID_TYPE), ConfigurationError),
        (400, body("MALFORMED_QUERY", "unexpected token: FORM"), PermanentError),
        (400, body("INVALID_QUERY_LOCATOR", "invalid query locator"), TransientError),
        (400, body("QUERY_TIMEOUT"), TransientError),
        (404, body("NOT_FOUND", "The requested resource does not exist"), PermanentError),
        (302, "", ConfigurationError),
        (410, "Gone", ConfigurationError),
        (414, "", PermanentError),
        (420, "<html>", TransientError),
        (429, "", TransientError),
        (500, body("UNKNOWN_EXCEPTION"), TransientError),
        (502, "<html>", TransientError),
        (503, body("SERVER_UNAVAILABLE"), TransientError),
        (503, '{"error": "not a list"}', TransientError),
    ],
)
def test_each_answer_means_what_it_means_to_an_admin(
    status: int, text: str, kind: type[SalesforceError]
) -> None:
    error = from_response(status, text)
    assert type(error) is kind
    assert str(error) == error.message
    assert error.message.endswith((".", "…"))


def test_a_missing_field_is_named() -> None:
    error = from_response(400, body("INVALID_FIELD", INVALID_FIELD))
    assert isinstance(error, ConfigurationError)
    assert (error.field, error.object_name) == ("BAD", "User")
    assert "BAD on User" in error.message


def test_a_missing_object_is_named() -> None:
    error = from_response(400, body("INVALID_TYPE", INVALID_TYPE))
    assert isinstance(error, ConfigurationError)
    assert (error.field, error.object_name) == ("", "XYZZY")


def test_the_query_and_the_people_in_it_stay_out_of_the_error() -> None:
    error = from_response(400, body("INVALID_FIELD", INVALID_FIELD))
    assert "Ann Example" not in error.message + error.detail
    error = from_response(400, body("MALFORMED_QUERY", "unexpected token: ann@example.com"))
    assert "ann@example.com" not in error.message + error.detail


def test_an_error_survives_being_pickled() -> None:
    error = from_response(400, body("INVALID_FIELD", INVALID_FIELD))
    again = pickle.loads(pickle.dumps(error))
    assert (again.message, again.code, again.field) == (error.message, "INVALID_FIELD", "BAD")


@given(st.integers(300, 599), st.text() | st.binary().map(lambda b: b.decode("latin-1")))
def test_any_answer_gets_an_error_of_ours(status: int, text: str) -> None:
    for classify in (from_response, from_token_response, from_identity_response):
        assert isinstance(classify(status, text), SalesforceError)


keys = st.sampled_from(["errorCode", "message", "fields", "error", "error_description"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner),
)


@given(st.integers(300, 599), json_values)
def test_any_json_gets_an_error_of_ours(status: int, payload: object) -> None:
    text = json.dumps(payload)
    for classify in (from_response, from_token_response, from_identity_response):
        assert isinstance(classify(status, text), SalesforceError)


def test_json_nested_beyond_reason_is_only_an_error() -> None:
    assert isinstance(from_response(500, "[" * 200_000), TransientError)
    assert isinstance(from_token_response(400, "[" * 200_000), TransientError)
