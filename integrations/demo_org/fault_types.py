"""What a fault is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .org import DemoOrg

Undo = Callable[[], None]
Act = Callable[["DemoOrg"], None]
Switch = Callable[["DemoOrg", str], Undo]


class UnknownFault(ValueError):
    """No such fault, or a value that it can't be given."""


@dataclass(frozen=True)
class FaultKind:
    """One switch of the page. `value_label` is empty where there is nothing to choose."""

    name: str
    title: str
    effect: str
    spoils_answers: bool = False
    data_only: bool = False
    value_label: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    numeric: bool = False
    whole: bool = False  # numeric, and nothing behind the point
    counted: bool = False  # can be on for the next time only, though it spoils no answer
    switch: Switch | None = None
    act: Act | None = None  # done at once and never undone
