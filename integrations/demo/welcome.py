"""What the demo says when everything answers."""

import os
import shlex
from pathlib import Path
from typing import Any

TRY_FIRST = (
    "Log in as company admin, open “Salesforce users”, tick a few people and press Import: "
    "one press, and the next page shows what became of each.",
    "Read the reasons in the list: a duplicate address, somebody who has an account already, "
    "a leaver. Nothing is guessed; what is unclear asks you.",
    "Open the plan of your import and press Revert: it shows what would be undone, and what not.",
    "Break something at {salesforce}/break-it, refresh the Salesforce users, and see what "
    "Scoreline says.",
    "Log in as support staff: all companies, every plan, every entry of the audit log.",
)


def welcome(ready: dict[str, Any], environment_file: Path) -> str:
    """``ready`` is what the ready file holds."""
    logins = [(who["role"], who["email"], who["password"]) for who in ready["logins"]]
    width = max(len(role) for role, _, _ in logins)
    salesforce_login = ready["salesforce_logins"][0]
    shown = os.path.relpath(environment_file)
    return "\n".join(
        [
            "",
            f"Scoreline        {ready['web']}/",
            *(f"  {role:{width}}  {email}  password {word}" for role, email, word in logins),
            "",
            f"The demo org     {ready['salesforce']}/   (not Salesforce; it stands in for it here)",
            f"  {salesforce_login['username']}  password {salesforce_login['password']}",
            "",
            "Five things to try first:",
            *(f"  {n}. {text.format(**ready)}" for n, text in enumerate(TRY_FIRST, start=1)),
            "",
            "For other commands against this demo, in a second shell:",
            f"  . {shlex.quote(shown if not shown.startswith('..') else str(environment_file))}",
            "",
            "Ctrl-C ends all of it; the data stay for the next start.",
        ]
    )
