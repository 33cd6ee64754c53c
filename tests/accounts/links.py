"""Links that set a password, as their holder uses them."""

from __future__ import annotations

from django.test import Client

NEW = {"new_password1": "brand new horses", "new_password2": "brand new horses"}


def path_of(link: str) -> str:
    return link.removeprefix("http://testserver")


def opened(client: Client, link: str) -> str | None:
    """The address of the form behind the link; ``None`` for a dead link."""
    response = client.get(path_of(link))
    return response.headers["Location"] if response.status_code == 302 else None


def use(client: Client, link: str) -> bool:
    form = opened(client, link)
    return form is not None and client.post(form, NEW).status_code == 302
