"""The pages that everybody has, whatever their role: home, oneself, and one's own password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy

from accounts import audit
from accounts.models import User


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Where a log-in leads: the admin for who may open it, else the company's feed."""
    assert isinstance(request.user, User)
    return redirect("admin:index" if request.user.is_staff else "feed")


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """A page about oneself."""
    return render(request, "accounts/home.html", {"title": "Your account"})


class ChangePassword(PasswordChangeView):
    template_name = "accounts/change_password.html"
    success_url = reverse_lazy("account")
    title = "Change password"

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            audit.record("password_changed", form.user, by=form.user, request=self.request)
        messages.success(self.request, "Your password is changed. Other browsers are logged out.")
        return response
