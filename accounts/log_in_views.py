"""Logging in: e-mail and password, then, only when several fit, the company."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.views import RedirectURLMixin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from accounts import audit, throttling
from accounts.backends import accounts_matching
from accounts.forms import LogInForm, WhichCompanyForm
from accounts.models import User

WRONG = "This e-mail and password don't belong together. Check both, and try again."
TOO_MANY = "Too many attempts. Wait a quarter of an hour, or set a new password below."
#: Said only to somebody who knows the password.
NOT_ACTIVE = {
    User.State.PENDING: "Your account is not active yet. Ask an admin of your company.",
    User.State.DEACTIVATED: "Your account is deactivated. Ask an admin of your company.",
}
CHOICE_KEY = "log_in_choice"
CHOICE_SECONDS = 300


class _LogInPage(RedirectURLMixin, FormView):  # type: ignore[type-arg]
    """What both steps share: where to go afterwards, and what nobody may keep."""

    next_page = settings.LOGIN_REDIRECT_URL

    @method_decorator(sensitive_post_parameters())
    @method_decorator(never_cache)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            title="Log in",
            next=self.get_redirect_url(),
            mail_works=settings.EMAIL_CONFIGURED,
            **kwargs,
        )

    def let_in(self, user: User) -> HttpResponse:
        with transaction.atomic():
            login(self.request, user)
            audit.record("logged_in", user, by=user, request=self.request)
        response = redirect(self.get_success_url())
        throttling.remember_browser(response, user.email)
        return response


class LogIn(_LogInPage):
    template_name = "accounts/log_in.html"
    form_class = LogInForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return redirect("home")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: forms.Form) -> HttpResponse:
        email = form.cleaned_data["email"]
        attempt = throttling.begin_log_in(self.request, email)
        if attempt is None:
            return self._refuse(form, TOO_MANY, status=429)
        matching = accounts_matching(email, form.cleaned_data["password"])
        active = [user for user in matching if user.is_active]
        if not matching:
            return self._refuse(form, WRONG)
        throttling.forget_attempt(attempt)
        if not active:
            return self._refuse(form, NOT_ACTIVE[User.State(matching[0].state)])
        return self.let_in(active[0]) if len(active) == 1 else self._ask_company(active)

    def _refuse(self, form: forms.Form, why: str, status: int = 200) -> HttpResponse:
        form.add_error(None, why)
        return self.render_to_response(self.get_context_data(form=form), status=status)

    def _ask_company(self, accounts: Sequence[User]) -> HttpResponse:
        self.request.session[CHOICE_KEY] = {
            "accounts": {str(user.pk): user.get_session_auth_hash() for user in accounts},
            "until": time.time() + CHOICE_SECONDS,
        }
        query = urlencode({"next": self.get_redirect_url()})
        return redirect(f"{reverse('which_company')}?{query}")


class WhichCompany(_LogInPage):
    """The second step, open for five minutes to the browser that knew the password."""

    template_name = "accounts/which_company.html"
    form_class = WhichCompanyForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.accounts = _accounts_to_choose_from(request)
        if not self.accounts:
            request.session.pop(CHOICE_KEY, None)
            return redirect("login")
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "accounts": self.accounts}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        chosen = int(form.cleaned_data["account"])
        del self.request.session[CHOICE_KEY]
        return self.let_in(next(user for user in self.accounts if user.pk == chosen))


def _accounts_to_choose_from(request: HttpRequest) -> list[User]:
    """Those whose password was right a moment ago, and is still the same."""
    choice = request.session.get(CHOICE_KEY)
    if not choice or choice["until"] < time.time():
        return []
    known = User.objects.filter(pk__in=choice["accounts"]).select_related("company")
    return [
        user
        for user in known.order_by("company__name", "pk")
        if user.is_active and user.get_session_auth_hash() == choice["accounts"][str(user.pk)]
    ]
