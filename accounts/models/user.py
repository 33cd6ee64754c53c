from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth import get_backends
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from accounts.search import search_column

from .company import Company, Team, validate_time_zone


class UserQuerySet(models.QuerySet["User"]):
    def holding_address(self) -> UserQuerySet:
        """Accounts whose e-mail nobody else in the company may have."""
        return self.filter(state__in=User.STATES_HOLDING_ADDRESS)

    def in_a_seat(self) -> UserQuerySet:
        """Accounts that count against the company's seats."""
        return self.filter(state=User.State.ACTIVE, company__isnull=False)

    def with_address(self, email: str) -> UserQuerySet:
        """Accounts of this e-mail in any company and state, however it is written."""
        return self.alias(folded=Lower("email")).filter(folded=Lower(Value(email.strip())))

    def active_admins(self) -> UserQuerySet:
        return self.filter(state=User.State.ACTIVE, role=User.Role.ADMIN, company__isnull=False)

    def deactivate(self) -> int:
        """Deactivate them all; sessions and links of before stay dead after a reactivation.

        Asks no questions: ``accounts.states`` and the sync hold the rules.
        """
        return self.update(state=User.State.DEACTIVATED, access_version=F("access_version") + 1)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(
        self, *, company: Company, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """An account of ``company``; without a password it waits for its invitation to be used.

        Counts no seats: every door that people use goes through ``accounts.seats``.
        """
        user: User = self.model(company=company, email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, *, email: str, password: str | None = None, **fields: Any) -> User:
        """Somebody of the support staff, who belongs to no company and sees all."""
        user: User = self.model(email=self.normalize_email(email), is_superuser=True, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """One person's account. What they may do follows from ``role``; see ``accounts.backends``."""

    class Role(models.TextChoices):
        MEMBER = "member", "Member"
        ADMIN = "admin", "Company admin"

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        ACTIVE = "active", "Active"
        DEACTIVATED = "deactivated", "Deactivated"

    STATES_HOLDING_ADDRESS = (State.PENDING, State.ACTIVE)

    company = models.ForeignKey(
        Company,
        on_delete=models.PROTECT,
        related_name="users",
        null=True,
        blank=True,
        help_text="Empty for support staff, who belong to no company.",
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.SET_NULL,
        related_name="users",
        null=True,
        blank=True,
        db_constraint=False,
    )
    email = models.EmailField("e-mail", max_length=254)
    name = models.CharField(max_length=200)
    title = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        validators=[validate_time_zone],
        help_text="Empty for the company's.",
    )
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    federation_id = models.CharField(
        "federation id",
        max_length=512,
        blank=True,
        help_text="The “Federation ID” of the Salesforce user, if your company uses it.",
    )
    hide_from_feed = models.BooleanField(default=False)
    protected = models.BooleanField(
        default=False, help_text="No sync ever changes or deactivates this account."
    )
    is_superuser = models.BooleanField("support staff", default=False, editable=False)
    invited_at = models.DateTimeField("invited", null=True, blank=True, editable=False)
    daily_digest = models.BooleanField(
        "daily mail about what waits",
        default=True,
        db_default=True,
        help_text="For admins: one mail a day, and none when nothing waits.",
    )
    digest_sent_on = models.DateField(null=True, blank=True, editable=False)
    access_version = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="Raised to end all sessions and links of this account for good.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    search = search_column("name", "email")

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = "account"
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="user_of_company"),
            models.UniqueConstraint(
                "company",
                Lower("email"),
                condition=Q(state__in=("pending", "active"), company__isnull=False),
                name="email_once_a_company",
                violation_error_message="Somebody in your company already has this e-mail.",
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=Q(company__isnull=True),
                name="email_once_in_support",
                violation_error_message="Somebody of the support staff already has this e-mail.",
            ),
            models.CheckConstraint(
                condition=Q(company__isnull=True, is_superuser=True, team__isnull=True)
                | Q(company__isnull=False, is_superuser=False),
                name="support_staff_has_no_company",
            ),
        ]
        indexes = [
            models.Index(Lower("email"), name="user_by_email"),
            models.Index(fields=["company", "name"], name="user_by_name"),
            models.Index(
                fields=["company", "federation_id"],
                condition=~Q(federation_id=""),
                name="user_by_federation_id",
            ),
            GinIndex(fields=["search"], name="user_by_word"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Whether this person may log in: Django asks it in many places."""
        return self.state == self.State.ACTIVE

    @property
    def is_company_admin(self) -> bool:
        return self.role == self.Role.ADMIN and not self.is_superuser

    @property
    def is_staff(self) -> bool:
        """Whether the admin opens for this person."""
        return self.is_active and (self.is_superuser or self.is_company_admin)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        return salted_hmac(
            "accounts.User.session",
            f"{self.password}:{self.access_version}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        return any(backend.has_perm(self, perm, obj) for backend in get_backends())

    def has_perms(self, perms: Iterable[str], obj: models.Model | None = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        return any(
            backend.has_module_perms(self, app_label)  # type: ignore[attr-defined]
            for backend in get_backends()
        )
