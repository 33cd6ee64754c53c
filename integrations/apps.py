from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "Salesforce"

    def ready(self) -> None:
        from activities import sources
        from integrations.feed_source import SalesforceSource
        from integrations.schedules import write_schedules

        post_migrate.connect(write_schedules, sender=self, dispatch_uid="schedules")
        sources.register(SalesforceSource())
