"""Logging in as a browser does, and who is logged in then."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from .conftest import PASSWORD


def log_in(client: Client, email: str, password: str = PASSWORD, **extra: object) -> Any:
    return client.post(reverse("login"), {"email": email, "password": password, **extra})


def person_of(client: Client) -> object:
    request = HttpRequest()
    request.session = client.session
    return get_user(request)
