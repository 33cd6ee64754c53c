"""Who is asking, what they name, and which rows are within their reach."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import Company, User

M = TypeVar("M", bound=models.Model)


def person(request: HttpRequest) -> User:
    """Who is asking; the admin lets nobody in who is not logged in."""
    assert isinstance(request.user, User)
    return request.user


def number_in(text: str) -> int | None:
    """A row's number as a browser sends it; ``None`` for what can be none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def numbers_in(texts: Iterable[str]) -> set[int]:
    return {number for text in texts if (number := number_in(text)) is not None}


def within_reach(rows: QuerySet[M], user: User) -> QuerySet[M]:
    """The rows that ``user`` may see: of their company, of all for support staff.

    Rows of a model that belongs to no company are left as they are.
    """
    if user.is_superuser:
        return rows
    if rows.model is Company:
        return rows.filter(pk=user.company_id)
    return rows.filter(company=user.company_id) if has_company(rows.model) else rows


def has_company(model: type[models.Model]) -> bool:
    try:
        return model._meta.get_field("company").related_model is Company
    except FieldDoesNotExist:
        return False
