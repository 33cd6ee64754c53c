from django.conf import settings
from django.http import HttpRequest


def product(request: HttpRequest) -> dict[str, str]:
    """The name on the screen, which a company may change."""
    return {"product_name": settings.PRODUCT_NAME}
