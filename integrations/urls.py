from django.urls import path

from integrations import views

urlpatterns = [path("salesforce/callback/", views.salesforce_callback, name="salesforce_callback")]
