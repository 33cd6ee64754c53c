"""What people type as a reason or a note, made fit to stand among other people's words.

The pages' fields take no more than is kept; what no page of ours sends is cut.
"""

from __future__ import annotations

from django.http import HttpRequest

from activities.text import isolated, one_line

#: As much as the columns of most reasons keep.
LONGEST_REASON = 255


def typed_reason(request: HttpRequest, longest: int = LONGEST_REASON) -> str:
    """One line: it becomes part of a sentence."""
    return one_line(request.POST.get("reason", ""), longest)


def typed_note(request: HttpRequest, longest: int) -> str:
    """With its lines kept, each of which browsers end with two characters."""
    text = request.POST.get("note", "").replace("\r\n", "\n")
    return isolated(text[:longest])
