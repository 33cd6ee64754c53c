from __future__ import annotations

from django.db import models
from django.db.models import Deferrable

from accounts.models import Company

from .connection import Connection


class MatchRule(models.Model):
    """One way to find a Salesforce user's account. The mapping by id always comes first.

    All enabled rules are asked; where they name different accounts a person decides. Of several
    rules that name the same account the first one counts.
    """

    class Rule(models.TextChoices):
        FEDERATION_ID = "federation_id", "Federation ID"
        EMAIL = "email", "E-mail"
        USERNAME = "username", "Salesforce username equals the log-in e-mail"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="match_rules", db_constraint=False
    )
    rule = models.CharField(max_length=13, choices=Rule)
    position = models.PositiveSmallIntegerField()
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "rule"], name="match_rule_once"),
            models.UniqueConstraint(
                fields=["connection", "position"],
                name="one_match_rule_a_position",
                deferrable=Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return self.get_rule_display()


class ScopeRule(models.Model):
    """What a Salesforce user must be like for Automatic and All active users; all rules must hold.

    Texts are compared without regard to case.
    """

    class Operator(models.TextChoices):
        EQUALS = "equals", "is"
        NOT_EQUALS = "not_equals", "is not"
        IN = "in", "is one of"
        NOT_IN = "not_in", "is none of"
        CONTAINS = "contains", "contains"
        NOT_CONTAINS = "not_contains", "does not contain"
        IS_EMPTY = "is_empty", "is empty"
        IS_NOT_EMPTY = "is_not_empty", "is not empty"

    #: Operators whose value is a list; the last two need none.
    WITH_LIST = (Operator.IN, Operator.NOT_IN)
    WITHOUT_VALUE = (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY)

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="scope_rules", db_constraint=False
    )
    position = models.PositiveSmallIntegerField()
    field = models.CharField(
        max_length=120,
        help_text="A field of Salesforce's User, such as Department or Profile.Name.",
    )
    operator = models.CharField(max_length=12, choices=Operator)
    value = models.JSONField(null=True, blank=True, help_text="A text, or a list of texts.")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "position"],
                name="one_scope_rule_a_position",
                deferrable=Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        if self.operator in self.WITHOUT_VALUE:
            return f"{self.field} {self.get_operator_display()}"
        value = ", ".join(self.value) if isinstance(self.value, list) else self.value
        return f"{self.field} {self.get_operator_display()} {value}"


class AttributeRule(models.Model):
    """Whether an account follows what Salesforce says about its person; one row an attribute."""

    class Attribute(models.TextChoices):
        NAME = "name", "Name"
        TIME_ZONE = "time_zone", "Time zone"
        TITLE = "title", "Title"
        TEAM = "team", "Team"

    class Policy(models.TextChoices):
        SALESFORCE = "salesforce", "Salesforce wins"
        FILL = "fill", "Fill when empty"
        NEVER = "never", "Never"

    #: The source of a team that is no field: the team of the manager's account.
    MANAGERS_TEAM = "manager_team"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="attribute_rules", db_constraint=False
    )
    attribute = models.CharField(max_length=10, choices=Attribute)
    policy = models.CharField(max_length=10, choices=Policy, default=Policy.FILL)
    policy_since = models.DateTimeField(auto_now_add=True)
    source = models.CharField(
        max_length=120, help_text="A field of Salesforce's User, or “manager_team” for a team."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "attribute"], name="attribute_rule_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_attribute_display()}: {self.get_policy_display()}"

    @property
    def account_field(self) -> str:
        """The field of the account that it is about."""
        return "team_id" if self.attribute == self.Attribute.TEAM else self.attribute


#: Names never are empty, and a team may be empty on purpose.
DEFAULT_ATTRIBUTE_RULES = (
    (AttributeRule.Attribute.NAME, AttributeRule.Policy.NEVER, "Name"),
    (AttributeRule.Attribute.TIME_ZONE, AttributeRule.Policy.FILL, "TimeZoneSidKey"),
    (AttributeRule.Attribute.TITLE, AttributeRule.Policy.FILL, "Title"),
    (AttributeRule.Attribute.TEAM, AttributeRule.Policy.NEVER, "Department"),
)


def make_default_rules(connection: Connection) -> None:
    mine = {"company_id": connection.company_id, "connection_id": connection.pk}
    MatchRule.objects.bulk_create(
        MatchRule(rule=rule, position=position, **mine)
        for position, rule in enumerate(MatchRule.Rule, 1)
    )
    AttributeRule.objects.bulk_create(
        AttributeRule(attribute=attribute, policy=policy, source=source, **mine)
        for attribute, policy, source in DEFAULT_ATTRIBUTE_RULES
    )
