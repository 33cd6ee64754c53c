"""The bearer of the tab: says for some minutes who looks, where no cookie can.

Nothing is stored. A bearer proves who was let in, not that they still may be: whoever takes one
reads the account (and what let them in) again with every request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass

from django.core import signing
from django.http import HttpRequest, HttpResponse

from accounts.models import User

SECONDS = 600
_SALT = "accounts.bearer"
#: Everything below this path lives in a frame of another site.
EMBEDDED_PATH = "/embed/"


class DeadBearer(Exception):
    """None, forged, too old, or of somebody who may no longer come in."""


@dataclass(frozen=True, slots=True)
class Bearer:
    user_id: int
    company_id: int
    connection_key: str
    access_version: int

    @classmethod
    def of(cls, user: User, connection_key: str) -> Bearer:
        assert user.company_id is not None
        return cls(user.pk, user.company_id, connection_key, user.access_version)

    def as_text(self) -> str:
        return signing.dumps(astuple(self), salt=_SALT)

    @classmethod
    def from_request(cls, request: HttpRequest) -> Bearer:
        """Read ``Authorization: Bearer …``. Raises `DeadBearer`."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise DeadBearer
        try:
            return cls(*signing.loads(text.strip(), salt=_SALT, max_age=SECONDS))
        except (signing.BadSignature, TypeError) as error:
            raise DeadBearer from error

    def fits(self, user: User) -> bool:
        """Whether this account is the one that the bearer was made for, and may come in."""
        return (
            user.is_active
            and (user.pk, user.company_id) == (self.user_id, self.company_id)
            and user.access_version == self.access_version
        )


def without_cookies(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, the outermost that reads cookies: below ``/embed/`` there are none, either way.

    So no page in the frame can depend on one, or act for whoever is logged in beside it.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(EMBEDDED_PATH):
            return get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        response = get_response(request)
        response.cookies.clear()
        return response

    return middleware
