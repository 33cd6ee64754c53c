"""What a log holds: no secret of an address (links carry tokens, and queries carry codes), and
tracebacks only of what is a fault of the code.
"""

import logging
import re

#: The token of an invitation, a one-time code: whoever reads the log could use it.
_SECRET_SEGMENT = re.compile(r"(?<=/)[A-Za-z0-9_-]{24,}(?=/|$)")


class WithoutSecrets(logging.Filter):
    """Shows of each address its path alone, without what looks like a secret in it.

    The access log and Django's own warnings give addresses as arguments of the message.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_shown(argument) for argument in record.args)
        return True


def _shown(argument: object) -> object:
    if not isinstance(argument, str) or not argument.startswith("/"):
        return argument
    return _SECRET_SEGMENT.sub("…", argument.partition("?")[0])


class FaultsInFull(logging.Filter):
    """Leaves the traceback away where a request was refused, or found no database: Django adds one
    also then, and hundreds of lines of them would hide the others.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) != 500:
            record.exc_info = None
        return True
