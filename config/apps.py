from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Settings"

    def ready(self) -> None:
        from . import checks  # noqa: F401 - registers the system checks


class ScorelineAdminConfig(AdminConfig):
    default_site = "config.admin_site.ScorelineAdminSite"
