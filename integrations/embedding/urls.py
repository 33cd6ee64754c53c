from django.urls import include, path

from activities.entrances import pages
from integrations.embedding import views
from integrations.embedding.entrances import by_bearer

urlpatterns = [
    path("", views.tab, name="tab"),
    path("bearer/", views.renew, name="tab_renew"),
    path("ask/", views.ask, name="tab_ask"),
    path("window/", views.leave_frame, name="tab_window"),
    path("", include((pages(by_bearer, needs_csrf_token=False), "tab"))),
]
