"""Telling of a row once: the row itself says when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from django.db import models
from django.utils import timezone

from .sending import Letter, MailServerAway, post

M = TypeVar("M", bound=models.Model)

#: News that is older was not sent because no mail was set up; nobody wants it now.
NEWS = timedelta(days=2)


def tell(rows: models.QuerySet[M], told: str, letters: Callable[[M], Sequence[Letter]]) -> int:
    """Send the letters of each row whose field ``told`` is empty, and fill it in.

    It is filled in first, so that two workers, or one that dies, send nothing twice. Raises
    `MailServerAway`, with the field empty again.
    """
    sent = 0
    everything = rows.model._default_manager
    for row in rows.filter(**{told: None}):
        claim = everything.filter(pk=row.pk, **{told: None})
        if not claim.update(**{told: timezone.now()}):
            continue
        try:
            sent += post(letters(row))
        except MailServerAway:
            everything.filter(pk=row.pk).update(**{told: None})
            raise
    return sent
