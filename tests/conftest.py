import pytest
from django.conf import settings


def pytest_configure() -> None:
    # A log-in costs a tenth of a second with the real one, by design.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Every test client would look for all static files anew.
    settings.WHITENOISE_AUTOREFRESH = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Workers take whole files in this order: a long one begun last would be waited for by all.
    items.sort(key=_when_begun)


def _when_begun(item: pytest.Item) -> int:
    if item.get_closest_marker("e2e"):
        return 0
    return 1 if item.get_closest_marker("long") else 2
