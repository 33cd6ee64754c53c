"""Reporting by hand what nothing reports by itself."""

from __future__ import annotations

import datetime as dt
import secrets
from decimal import Decimal
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from activities import sources
from activities.drafts import InvalidDraft, ReportDraft
from activities.models import ActivityType
from activities.periods import today_of
from activities.rendering import page
from activities.reports import record
from activities.viewer import Viewer

EARLIEST_DAYS = 90


class ByHandForm(forms.Form):
    type = forms.ModelChoiceField(
        ActivityType.objects.none(), label="Activity", empty_label="Choose one"
    )
    value = forms.DecimalField(
        label="Amount or number",
        min_value=Decimal("0.01"),
        max_digits=15,
        decimal_places=2,
        initial=1,
    )
    title = forms.CharField(label="What was it?", max_length=255, required=False)
    occurred_on = forms.DateField(
        label="When?", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    #: Sending the same form twice is reporting once.
    once = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, viewer: Viewer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today_of(viewer.company)
        self.fields["type"].queryset = types_by_hand(viewer)  # type: ignore[attr-defined]
        self.fields["occurred_on"].initial = self.today
        self.fields["once"].initial = secrets.token_urlsafe(16)

    def clean_occurred_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["occurred_on"]
        if day > self.today:
            raise forms.ValidationError("This day has not come yet.")
        if day < self.today - dt.timedelta(days=EARLIEST_DAYS):
            raise forms.ValidationError(f"At most {EARLIEST_DAYS} days ago, please.")
        return day

    def clean_once(self) -> str:
        once: str = self.cleaned_data["once"]
        if not once.isascii() or not once.isprintable():
            raise forms.ValidationError("Please load this page again.")
        return once


def types_by_hand(viewer: Viewer) -> Any:
    """The types that people report themselves: those that allow it and that no source feeds."""
    allowed = ActivityType.objects.filter(company=viewer.company, by_hand=True)
    return allowed.exclude(pk__in=sources.fed_types(viewer.company.pk)).order_by("name")


@require_http_methods(["GET", "HEAD", "POST"])
def report_by_hand(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    if not viewer.shortcuts.report_by_hand:
        raise Http404("This company shows no such page.")
    form = ByHandForm(viewer, request.POST if request.method == "POST" else None)
    reported = None
    if form.is_bound and form.is_valid():
        try:
            reported = _report(viewer, form.cleaned_data)
        except InvalidDraft as error:
            form.add_error("value", str(error))
        else:
            form = ByHandForm(viewer)
    has_types = types_by_hand(viewer).exists()
    values = {
        "title": "Report an activity",
        "here": "report_by_hand",
        "form": form,
        "reported": reported,
        "has_types": has_types,
        "not_linked": "" if has_types else sources.not_linked(viewer.user),
    }
    status = 422 if form.is_bound else 200
    return page(request, viewer, "activities/by_hand.html", values, status)


def _report(viewer: Viewer, values: dict[str, Any]) -> ActivityType:
    kind: ActivityType = values["type"]
    record(
        viewer.company,
        [
            ReportDraft(
                source_key=f"hand:{viewer.user.pk}:{values['once']}",
                user_id=viewer.user.pk,
                type_id=kind.pk,
                value=values["value"],
                currency=viewer.company.currency if kind.unit == "money" else "",
                title=values["title"],
                link="",
                occurred_on=values["occurred_on"],
                published_at=timezone.now(),
            )
        ],
    )
    return kind
