"""What all commands have in common; and that none is without a test."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from integrations.management.scriptable import ScriptableCommand

TESTS = Path(__file__).parents[2]
#: Started by another command only, whose tests see what it does.
PART_OF = {"prepare_demo": "demo", "seed_demo": "demo"}
#: These name the commands, and see nothing of what they do.
WITHOUT_CALLS = ("test_every_command.py", "test_bad_use.py")
OURS = sorted(name for name, app in get_commands().items() if app in ("accounts", "integrations"))


def command(name: str) -> BaseCommand:
    return load_command_class(get_commands()[name], name)


SCRIPTABLE = [name for name in OURS if isinstance(command(name), ScriptableCommand)]


def test_every_command_has_a_test() -> None:
    """Besides being used wrongly."""
    files = [path for path in TESTS.rglob("*.py") if path.name not in WITHOUT_CALLS]
    texts = "\n".join(path.read_text() for path in files)
    tested = {name for name in OURS if f'"{PART_OF.get(name, name)}"' in texts}
    assert tested == set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_every_command_says_what_it_does(name: str) -> None:
    assert command(name).help


@pytest.mark.parametrize("name", SCRIPTABLE)
def test_every_command_for_scripts_says_how_it_answers_ends_and_is_tried(name: str) -> None:
    made = command(name)
    assert isinstance(made, ScriptableCommand)
    parser = made.create_parser("manage.py", name)
    assert "3 when it waits for a person" in parser.format_help().replace("\n", " ")
    options = parser._option_string_actions
    assert "--json" in options
    assert ("--dry-run" in options) == made.has_dry_run


def test_the_commands_for_scripts_are_these() -> None:
    assert {
        "company",
        "config",
        "map_user",
        "plan",
        "salesforce_backfill",
        "salesforce_check",
        "salesforce_connect",
        "salesforce_poll",
        "salesforce_reconcile",
        "salesforce_stream",
        "support_bundle",
        "sync_users",
        "unmap_user",
        "workflow",
    } <= set(SCRIPTABLE)
