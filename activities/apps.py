from django.apps import AppConfig


class ActivitiesConfig(AppConfig):
    name = "activities"
    verbose_name = "Activities"

    def ready(self) -> None:
        from accounts import usage
        from activities.usage import left_behind

        usage.register(left_behind)
