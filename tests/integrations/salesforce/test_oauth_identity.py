"""Asking Salesforce who logged in."""

from dataclasses import replace

import pytest

from integrations.salesforce.errors import ConfigurationError, ReconnectRequired, SalesforceError
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.tokens import Tokens

from .conftest import ACCESS_TOKEN, ORG, USER
from .payloads import OTHER_USER, identity_payload
from .scripted_server import ScriptedServer, html_answer, json_answer, text_answer


def test_salesforce_says_who_logged_in(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(json_answer(identity_payload(user_id=USER[:15])))
    identity = app.identity(tokens)
    assert (identity.org_id, identity.user_id) == (ORG, USER)
    assert identity.username == "sync@acme.example"
    assert server.requests[0].path == f"/id/{ORG}/{USER}"
    assert server.requests[0].headers["Authorization"] == f"Bearer {ACCESS_TOKEN}"


def test_an_identity_is_asked_for_again_after_a_fault(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(html_answer(503), html_answer(200), json_answer(identity_payload()))
    assert app.identity(tokens).user_id == USER
    assert len(server.requests) == 3


def test_an_identity_of_somebody_else_is_refused(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(json_answer(identity_payload(user_id=OTHER_USER)))
    with pytest.raises(ReconnectRequired):
        app.identity(tokens)


def test_an_e_mail_that_is_no_text_is_none(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens
) -> None:
    server.answers(json_answer(identity_payload(email=7)))
    assert app.identity(tokens).email == ""


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Bad_OAuth_Token", ReconnectRequired),
        ("Missing_OAuth_Token", ReconnectRequired),
        ("Wrong_Org", ReconnectRequired),
        ("Inactive", ReconnectRequired),
        ("No_Access", ConfigurationError),
    ],
)
def test_a_refused_identity_is_plain_text(
    app: OAuthApp, server: ScriptedServer, tokens: Tokens, word: str, kind: type[SalesforceError]
) -> None:
    server.answers(text_answer(word, 403))
    with pytest.raises(kind) as caught:
        app.identity(tokens)
    assert caught.value.code == word
    assert len(server.requests) == 1


def test_an_identity_is_not_asked_for_anywhere_else(app: OAuthApp, tokens: Tokens) -> None:
    with pytest.raises(ConfigurationError):
        app.identity(replace(tokens, identity_url=f"https://evil.com/id/{ORG}/{USER}"))
