from django.urls import include, path

from integrations import log_in_views, views

urlpatterns = [
    path("salesforce/callback/", views.salesforce_callback, name="salesforce_callback"),
    path("login/salesforce/", log_in_views.log_in_with_salesforce, name="log_in_with_salesforce"),
    path("embed/<slug:key>/", include("integrations.embedding.urls")),
]
