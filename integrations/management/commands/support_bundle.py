from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder

from integrations.management.scriptable import Answer, BadUse, ScriptableCommand
from integrations.management.selection import add_connection_arguments, connection_of
from integrations.models import Connection
from integrations.support_bundle import bundle


class Command(ScriptableCommand):
    help = (
        "Writes what support needs to know: ids, codes, versions, counts and times, of all"
        " connections or one. No names, e-mails, amounts, hosts or secrets."
    )
    has_dry_run: ClassVar[bool] = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--file", help="else to standard output")
        add_connection_arguments(parser)

    def answer(self, options: dict[str, Any]) -> Answer:
        connections = Connection.objects.select_related("company").order_by("pk")
        if options["connection"] is not None or options["company"] is not None:
            connections = connections.filter(pk=connection_of(options).pk)
        values = bundle(connections)
        text = json.dumps(values, cls=DjangoJSONEncoder, indent=2)
        if not options["file"]:
            return Answer(values, [text])
        try:
            Path(options["file"]).write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise BadUse(f"{options['file']} cannot be written: {error.strerror}.") from error
        return Answer({"file": options["file"]}, [f"Written to {options['file']}."])
