from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from accounts.management.errors import one_line
from activities.text import one_line as text_in_one_line
from integrations.connecting import logging_in
from integrations.credentials import app_keys, callback_url
from integrations.management.scriptable import Answer, BadUse, ScriptableCommand
from integrations.management.selection import (
    actor_of,
    add_actor_argument,
    add_connection_arguments,
    company_of,
    connection_of,
    required_actor_of,
)
from integrations.models import Connection
from integrations.salesforce.errors import ConfigurationError
from integrations.salesforce.hosts import checked_url
from integrations.salesforce.tokens import AppKeys


class Command(ScriptableCommand):
    help = (
        "Connects a company to Salesforce: as the external client app's own user, or by an address"
        " at which an admin logs in."
    )
    asks_salesforce: ClassVar[bool] = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_connection_arguments(parser)
        add_actor_argument(parser)
        parser.add_argument("--new", metavar="NAME", help="make a connection of this name first")
        parser.add_argument("--login-url", metavar="URL", help="the org's My Domain address")
        parser.add_argument("--consumer-key", metavar="KEY", help="of the external client app")
        parser.add_argument(
            "--secret-file",
            metavar="FILE",
            help="holds the consumer secret; “-” reads it from standard input",
        )
        parser.add_argument(
            "--flow",
            choices=["client-credentials", "browser"],
            default="client-credentials",
            help="browser prints an address that the admin named by --by opens within 15 minutes",
        )

    def answer(self, options: dict[str, Any]) -> Answer:
        connection, keys = _described(options)
        if options["flow"] == "browser":
            return self._by_browser(connection, keys, options)
        if options["dry_run"]:
            user = logging_in.who_the_app_is(connection, keys)
            return Answer(
                {"org": user.org_id, "connecting_user": user.username},
                [f"It would connect to {user.org_name} as {user.username}."],
            )
        by = actor_of(options, connection.company)
        logging_in.connect_app(connection, keys, by=by)
        return Answer(
            {
                "connection": connection.pk,
                "org": connection.org_id,
                "connecting_user": connection.connecting_username,
                "state": connection.state,
            },
            _told(connection),
        )

    def _by_browser(self, connection: Connection, keys: AppKeys, options: dict[str, Any]) -> Answer:
        by = required_actor_of(options, connection.company)
        if options["dry_run"]:
            return Answer(
                {"callback_url": callback_url()},
                [f"The app must know this callback address: {callback_url()}"],
            )
        logging_in.keep_app(connection, keys)
        address = logging_in.begin(connection, by)
        return Answer(
            {"connection": connection.pk, "address": address},
            [address],
            waits_for=f"{by} opens this address within 15 minutes, in a browser logged in here.",
        )


def _told(connection: Connection) -> list[str]:
    told = [f"Connected to {connection.org_name} as {connection.connecting_username}."]
    if connection.state == Connection.State.PAUSED:
        told.append("It stays paused until an admin presses Resume.")
    return told


def _described(options: dict[str, Any]) -> tuple[Connection, AppKeys]:
    """The connection as it would be, not saved yet; and the keys to use with it."""
    if options["new"] is not None:
        connection = Connection(company=company_of(options), name=_name(options["new"]))
    else:
        connection = connection_of(options)
    if options["login_url"] is not None:
        connection.login_url = _address(options["login_url"])
    if not connection.login_url:
        raise BadUse("Say where to log in: --login-url https://acme.my.salesforce.com.")
    return connection, _keys(connection, options)


def _name(text: str) -> str:
    field = Connection._meta.get_field("name")
    assert isinstance(field, models.Field)
    try:
        return str(field.clean(text_in_one_line(text, len(text)), None))
    except ValidationError as error:
        raise BadUse(f"--new: {one_line(error)}") from error


def _address(url: str) -> str:
    try:
        return checked_url(url, allow_loopback=settings.SALESFORCE_ALLOW_LOOPBACK)
    except ConfigurationError as error:
        raise BadUse(error.message) from error


def _keys(connection: Connection, options: dict[str, Any]) -> AppKeys:
    key, file = options["consumer_key"], options["secret_file"]
    if (key is None) != (file is None):
        raise BadUse("--consumer-key and --secret-file belong together.")
    if key is not None:
        if not key.strip() or not file:
            raise BadUse("--consumer-key and --secret-file must not be empty.")
        return AppKeys(key, _secret(file))
    known = app_keys(connection) if connection.pk else None
    if known is None:
        raise BadUse("This connection has no key yet: give --consumer-key and --secret-file.")
    return known


def _secret(file: str) -> str:
    """Never an argument itself, since everybody on a machine can read those."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise BadUse(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadUse(f"{file} is not a text file.") from error
    secret = text.removeprefix("\ufeff").strip()  # Notepad begins a file with such a mark
    if not secret:
        raise BadUse(f"There is no consumer secret in {file}.")
    return secret
