import pytest
from django.conf import settings


def pytest_configure() -> None:
    # A log-in costs a tenth of a second with the real one, by design.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Every test client would look for all static files anew.
    settings.WHITENOISE_AUTOREFRESH = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The browser's files take longest: begun last, one of them would be waited for by all.
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)
