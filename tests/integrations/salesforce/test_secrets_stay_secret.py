"""A canary stands for each secret; the server repeats all it was sent; no canary may come out."""

import json
import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.tokens import Tokens

from .conftest import SECRETS, TokensInMemory
from .payloads import token_payload
from .scripted_server import Answer, ScriptedServer, reset, text_answer


def parrot(status: int, wrap: Callable[[str], str]) -> Answer:
    """Answer with all headers and the form that came, inside what `wrap` makes of them."""

    def answer(handler: Any) -> None:
        seen = handler.script.requests[-1]
        told = " ".join([*seen.headers.values(), *seen.form.values(), *seen.form])
        text_answer(wrap(told), status)(handler)

    return answer


def as_data_error(told: str) -> str:
    return json.dumps([{"message": told, "errorCode": "INVALID_FIELD"}])


def as_error_code(told: str) -> str:
    return json.dumps([{"message": "", "errorCode": told}])


def as_oauth_error(told: str) -> str:
    return json.dumps({"error": "invalid_grant", "error_description": told})


def as_oauth_error_name(told: str) -> str:
    return json.dumps({"error": told, "error_description": "authorization code"})


WRAPS: dict[str, Callable[[str], str]] = {
    "plain text": str,
    "data error": as_data_error,
    "error code": as_error_code,
    "OAuth error": as_oauth_error,
    "OAuth error name": as_oauth_error_name,
}
PARROTS = [
    pytest.param(parrot(status, wrap), id=f"{name} {status}")
    for status in (200, 302, 400, 401, 403, 404, 503)
    for name, wrap in WRAPS.items()
]


def everything_said(error: BaseException) -> str:
    """All that a log, a page or an error collector could show, with each frame's variables."""
    said = []
    chain: BaseException | None = error
    while chain is not None:
        said += [str(chain), repr(chain), repr(chain.args), repr(vars(chain))]
        chain = chain.__cause__ or chain.__context__
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    for part in [shown, shown.__cause__, shown.__context__]:
        # The test's own frame holds the server, and so what was sent.
        for frame in part.stack if part else []:
            if "/tests/" not in frame.filename:
                said += [frame.name, *(frame.locals or {}).values()]
    return "\n".join(said)


def assert_silent(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    said = everything_said(error) + "\n".join(
        f"{record.getMessage()} {record.args!r}" for record in caplog.records
    )
    for secret in SECRETS:
        assert secret not in said


@pytest.mark.parametrize("answer", [*PARROTS, pytest.param(reset, id="reset")])
def test_reading_data_never_tells_a_secret(
    client: SalesforceClient,
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
    answer: Answer,
) -> None:
    server.answers(answer)
    with caplog.at_level(logging.DEBUG), pytest.raises(SalesforceError) as caught:
        list(client.query("SELECT Id FROM User"))
    assert_silent(caught.value, caplog)


@pytest.mark.parametrize("answer", [*PARROTS, pytest.param(reset, id="reset")])
@pytest.mark.parametrize("call", ["refresh", "exchange", "identity"])
def test_logging_in_never_tells_a_secret(
    app: OAuthApp,
    tokens: Tokens,
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
    answer: Answer,
    call: str,
) -> None:
    server.answers(answer)
    arguments = ("the-code", "the-verifier") if call == "exchange" else (tokens,)
    with caplog.at_level(logging.DEBUG), pytest.raises(SalesforceError) as caught:
        getattr(app, call)(*arguments)
    assert_silent(caught.value, caplog)


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": "AAAA"},
        {"instance_url": "https://evil.example"},
        {"id": "https://evil.example/id/"},
        {"id": None},
        {"access_token": "CanaryAccess\n"},
    ],
)
def test_a_refused_token_response_is_not_told(
    app: OAuthApp,
    tokens: Tokens,
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, str | None],
) -> None:
    payload = token_payload(server, **changes)
    server.answers(text_answer(json.dumps(payload)))
    with caplog.at_level(logging.DEBUG), pytest.raises(SalesforceError) as caught:
        app.refresh(tokens)
    assert_silent(caught.value, caplog)


def test_nothing_that_holds_a_secret_shows_it(
    client: SalesforceClient, app: OAuthApp, store: TokensInMemory, server: ScriptedServer
) -> None:
    server.answers(text_answer("{}"))
    with pytest.raises(SalesforceError):
        client.describe_global()
    shown = f"{app!r} {app.keys!r} {store!r} {store.tokens!r} {vars(client)!r} {vars(app)!r}"
    for secret in SECRETS:
        assert secret not in shown
