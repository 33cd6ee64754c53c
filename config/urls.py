from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("activities.urls")),
    path("", include("integrations.urls")),
]

handler500 = "config.error_pages.server_error"
