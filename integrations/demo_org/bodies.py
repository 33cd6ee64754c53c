"""Reading what a client sent."""

import json
from typing import Any

from starlette.requests import Request

from .problems import ApiProblem


async def json_body(request: Request) -> dict[str, Any]:
    """The request's JSON object; JSON_PARSER_ERROR for anything else."""
    try:
        body = json.loads(await request.body(), parse_constant=_no_number)
        json.dumps(body, ensure_ascii=False).encode()  # half a character could not be answered
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ApiProblem(400, "JSON_PARSER_ERROR", "The body is not a JSON object")
    return body


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")
