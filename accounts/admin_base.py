"""The one base of all admin pages: nobody sees, counts, picks or changes another company's rows.

Company admins get their own company's rows; support staff get all, with a column and a filter for
the company. Which company a new row belongs to is never read from a company admin's form.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.filters import SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.paginator import Paginator
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.text import capfirst

from accounts import audit
from accounts.capped_paginator import CappedPaginator
from accounts.company_form import CompanyBoundForm
from accounts.reach import has_company, numbers_in, person, within_reach
from accounts.search import prefix_query
from accounts.within_reach_filter import WithinReachFilter

M = TypeVar("M", bound=models.Model)

if TYPE_CHECKING:

    class _ModelAdmin(admin.ModelAdmin[M]):
        pass
else:

    class _ModelAdmin(admin.ModelAdmin):
        def __class_getitem__(cls, model: object) -> type:
            return cls


class CompanyScopedAdmin(_ModelAdmin[M]):
    """An admin page over rows that carry their company (or over the companies themselves).

    ``search_fields`` naming a ``tsvector`` column ``search`` are searched by beginnings of words.
    """

    form = CompanyBoundForm
    paginator: ClassVar[type[Paginator[Any]]] = CappedPaginator
    show_full_result_count = False
    list_max_show_all = 200

    # --- rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        return within_reach(super().get_queryset(request), person(request))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> M | None:
        """The row; 404 for an unknown or foreign one, where Django would redirect."""
        row = super().get_object(request, object_id, from_field)
        if row is None:
            raise Http404(f"There is no such {self.opts.verbose_name}.")
        return row

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if "\x00" in search_term:
            return queryset.none(), False
        if "search" not in self.get_search_fields(request) or not search_term.strip():
            return super().get_search_results(request, queryset, search_term)
        query = prefix_query(search_term)
        return (queryset.filter(search=query) if query else queryset.none()), False

    def get_paginator(
        self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any
    ) -> Paginator[Any]:
        """The page's own paginator knows its own rows only; the history lists log entries."""
        if queryset.model is self.model:
            return super().get_paginator(request, queryset, per_page, *args, **kwargs)
        return CappedPaginator(queryset, per_page, *args, **kwargs)

    # --- what may be asked for

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self._may(request, "view", obj) or self._may(request, "change", obj)

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self._may(request, "delete", obj)

    def _may(self, request: HttpRequest, verb: str, obj: models.Model | None) -> bool:
        permission = f"{self.opts.app_label}.{verb}_{self.opts.model_name}"
        return request.user.has_perm(permission, obj)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the page offers as a filter: else any column could be guessed by prefix."""
        assert request is not None
        offered = {self.opts.pk.name, "pk", self.date_hierarchy}
        for item in self.get_list_filter(request):
            if isinstance(item, (tuple, list)):
                offered.add(item[0])
            elif isinstance(item, str):
                offered.add(item)
            elif issubclass(item, SimpleListFilter):
                offered.add(item.parameter_name)
        # An offered name may itself span a relation; what follows it is a comparison.
        is_offered = any(
            name and (lookup == name or lookup.startswith(f"{name}__")) for name in offered
        )
        return is_offered and super().lookup_allowed(lookup, value, request)

    # --- the list

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Refuse NUL in any filter: no text in the database holds one, nor may be asked for it."""
        for name, values in request.GET.lists():
            if name != SEARCH_VAR and any("\x00" in value for value in values):
                raise IncorrectLookupParameters
        return super().get_changelist_instance(request)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = list(super().get_list_display(request))
        return [*columns, "company"] if self._tells_companies_apart(request) else columns

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        offered = [self._filter_within_reach(item) for item in super().get_list_filter(request)]
        if self._tells_companies_apart(request):
            offered.insert(0, ("company", WithinReachFilter))
        return offered

    def get_list_select_related(self, request: HttpRequest) -> Any:
        related = super().get_list_select_related(request)
        if isinstance(related, bool) or not self._tells_companies_apart(request):
            return related
        return [*related, "company"]

    def _tells_companies_apart(self, request: HttpRequest) -> bool:
        return person(request).is_superuser and has_company(self.model)

    def _filter_within_reach(self, item: Any) -> Any:
        if isinstance(item, str) and "__" not in item:
            field = self.opts.get_field(item)
            if field.is_relation:
                return (item, WithinReachFilter)
        return item

    def response_action(self, request: HttpRequest, queryset: Any, *args: Any) -> Any:
        """Run an action only when every ticked row is within reach, else change nothing."""
        ticked = set(request.POST.getlist(helpers.ACTION_CHECKBOX_NAME))
        meant_all = request.POST.get("select_across", "0") != "0"
        if not meant_all and queryset.filter(pk__in=numbers_in(ticked)).count() < len(ticked):
            message = "Some of the ticked rows are not here any more. Nothing was changed."
            self.message_user(request, message, messages.ERROR)
            return None
        return super().response_action(request, queryset, *args)

    # --- forms

    def get_field_queryset(
        self, db: str | None, db_field: Any, request: HttpRequest
    ) -> QuerySet[Any] | None:
        rows = super().get_field_queryset(db, db_field, request)
        if rows is None:
            rows = db_field.remote_field.model._default_manager.all()
        return within_reach(rows, person(request))

    def get_form(
        self, request: HttpRequest, obj: M | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[M]]:
        form = super().get_form(request, obj, change, **kwargs)
        if issubclass(form, CompanyBoundForm):
            form.person = person(request)
        return form

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_form(request, **{"form": self.form, **kwargs})

    def get_exclude(self, request: HttpRequest, obj: M | None = None) -> Any:
        """A company admin's form has no company, and no row ever changes its own."""
        exclude = list(super().get_exclude(request, obj) or ())
        if has_company(self.model) and not person(request).is_superuser:
            exclude.append("company")
        return exclude

    def get_fieldsets(self, request: HttpRequest, obj: M | None = None) -> Any:
        excluded = set(self.get_exclude(request, obj))
        return [
            (title, {**options, "fields": [f for f in options["fields"] if f not in excluded]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> list[Any]:
        readonly = list(super().get_readonly_fields(request, obj))
        if has_company(self.model) and obj is not None and person(request).is_superuser:
            readonly.append("company")
        return readonly

    # --- writing

    def save_model(
        self, request: HttpRequest, obj: M, form: forms.ModelForm[M], change: bool
    ) -> None:
        """Write what was changed, and only that: the rest of the row may be newer than the form."""
        changed = [name for name in form.changed_data if name in _columns(obj)]
        if not change:
            obj.save()
            self._audit(request, "created", obj, after=_values(obj, _columns(obj) & {*form.fields}))
        elif changed:
            before = _values(self.model._default_manager.get(pk=obj.pk), changed)
            obj.save(update_fields=changed)
            self._audit(request, "changed", obj, before=before, after=_values(obj, changed))

    def delete_model(self, request: HttpRequest, obj: M) -> None:
        self._audit(request, "deleted", obj)
        obj.delete()

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> None:
        audit.record_many(
            audit.entry("deleted", row, by=person(request), request=request) for row in queryset
        )
        queryset.delete()

    def _audit(self, request: HttpRequest, action: str, obj: M, **values: Any) -> None:
        audit.record(action, obj, by=person(request), request=request, **values)


def _columns(obj: models.Model) -> set[str]:
    return {field.name for field in obj._meta.concrete_fields}


def _values(obj: models.Model, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(obj, name) for name in sorted(names)}
