from django.http import HttpRequest, HttpResponse
from django.urls import include, path

#: As long as a page of the feed.
_BYTES = b"x" * 45_000


def static_bytes(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_BYTES)


urlpatterns = [path("static-bytes/", static_bytes), path("", include("config.urls"))]
