"""Setting a password by link: invitations, and forgotten passwords."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.views.generic import FormView
from django_q.tasks import async_task

from accounts import audit, links, throttling
from accounts.forms import ForgottenPasswordForm
from accounts.models import User

TOO_MANY = "Too many requests. Wait a quarter of an hour, and look into your mail meanwhile."


class _SetPassword(PasswordResetConfirmView):
    """The page behind a link. Using it logs in, and ends the link and all other sessions."""

    template_name = "accounts/set_password.html"
    success_url = reverse_lazy("home")
    title = "Set your password"
    token_generator: links.PasswordLink
    audited_as: ClassVar[str]

    def form_valid(self, form: SetPasswordForm[User]) -> HttpResponse:
        with transaction.atomic():
            user = User.objects.select_for_update(of=("self",)).get(pk=form.user.pk)
            token = self.request.session.pop(INTERNAL_RESET_SESSION_TOKEN, None)
            if not self.token_generator.check_token(user, token):
                # Used in another window, or ended by an admin, since this page was opened.
                self.validlink = False
                return self.render_to_response(self.get_context_data())
            user.set_password(form.cleaned_data["new_password1"])
            user.save(update_fields=["password"])
            audit.record(self.audited_as, user, by=user, request=self.request)
        login(self.request, user)
        response = redirect("home")
        throttling.remember_browser(response, user.email)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if not context["validlink"]:
            context["title"] = "This link does not work any more"
        return {**context, "account": self.user, "mail_works": settings.EMAIL_CONFIGURED}


class AcceptInvitation(_SetPassword):
    token_generator = links.INVITATION
    audited_as = "invitation_used"


class SetForgottenPassword(_SetPassword):
    token_generator = links.FORGOTTEN_PASSWORD
    audited_as = "password_set_by_link"


class ForgottenPassword(FormView):  # type: ignore[type-arg]
    """Mails a link to every active account of the address; answers the same whoever asks."""

    template_name = "accounts/forgotten_password.html"
    form_class = ForgottenPasswordForm

    def form_valid(self, form: ForgottenPasswordForm) -> HttpResponse:
        if not settings.EMAIL_CONFIGURED:
            return redirect("forgotten_password")
        email = form.cleaned_data["email"]
        if throttling.begin_forgotten_password(self.request, email) is None:
            form.add_error(None, TOO_MANY)
            return self.render_to_response(self.get_context_data(form=form), status=429)
        known = User.objects.with_address(email).filter(state=User.State.ACTIVE)
        # In the worker, also for nobody: the time that a mail takes would tell who is known.
        async_task(
            "accounts.tasks.mail_forgotten_passwords", list(known.values_list("pk", flat=True))
        )
        return self.render_to_response(self.get_context_data(form=None, asked=True))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            title="Forgotten password", mail_works=settings.EMAIL_CONFIGURED, **kwargs
        )
