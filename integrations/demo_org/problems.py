"""The data API's own way of saying no."""

from starlette.responses import Response

from .answers import json_answer

SESSION_EXPIRED = "Session expired or invalid"


class ApiProblem(Exception):
    """A refused request: becomes `[{"message", "errorCode"}]` with this status."""

    def __init__(self, status: int, code: str, message: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    def answer(self) -> Response:
        body: dict[str, object] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            body["fields"] = list(self.fields)
        return json_answer([body], self.status)


def not_found() -> ApiProblem:
    return ApiProblem(404, "NOT_FOUND", "The requested resource does not exist")


def invalid_session() -> ApiProblem:
    return ApiProblem(401, "INVALID_SESSION_ID", SESSION_EXPIRED)
