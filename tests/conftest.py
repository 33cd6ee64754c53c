import pytest
from django.conf import settings


def pytest_configure() -> None:
    # A log-in costs a tenth of a second with the real one, by design.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Every test client would look for all static files anew.
    settings.WHITENOISE_AUTOREFRESH = True


#: The folders of the longest files: begun last, one of them would be waited for by all.
BEGUN_FIRST = {"e2e", "demo", "record_sync"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.parent.name not in BEGUN_FIRST)
