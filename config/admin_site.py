from django.conf import settings
from django.contrib import admin


class ScorelineAdminSite(admin.AdminSite):
    """The stock admin under the product's own name."""

    site_header = settings.PRODUCT_NAME
    site_title = settings.PRODUCT_NAME
