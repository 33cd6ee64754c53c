"""The company's feed, page by page, and liking what is in it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.gzip import gzip_page

from accounts.models import Team
from accounts.reach import number_in
from activities import feed as feeds
from activities import social, sources
from activities.feed import InvalidPlace, Place
from activities.models import FeedChoice
from activities.rendering import is_part, page, rendered, unchanged
from activities.social import Refused
from activities.viewer import Viewer

PAGE_SIZE = 30


@gzip_page
def feed(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    team_id = _chosen_team(viewer)
    after = _place(request.GET.get("after", ""))
    banners = sources.notices(viewer.company.pk)
    version = feeds.version_of(viewer.company.pk)
    teams = _teams(viewer)
    etag, answer = unchanged(request, viewer, version, team_id, after, banners, teams)
    if answer is not None and not viewer.bearer:
        return answer
    found = feeds.page(
        viewer.company.pk, viewer.user.pk, team_id=team_id, after=after, size=PAGE_SIZE
    )
    values = {
        "title": "Feed",
        "here": "feed",
        "reports": [rendered(item, viewer) for item in found.items],
        "next": found.next,
        "version": found.version,
        "is_first": after is None,
        "notices": banners,
        "team_id": team_id,
        "teams": teams,
    }
    is_more = after is not None and is_part(request)
    template = "activities/more.html" if is_more else "activities/feed.html"
    response = page(request, viewer, template, values)
    if not viewer.bearer:
        response.headers["ETag"] = etag
    return response


def choose_team(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Remember whose feed to show; empty is everybody's."""
    team = team_of(viewer, request.POST.get("team", ""))
    if team is None:
        FeedChoice.objects.filter(user=viewer.user).delete()
    else:
        FeedChoice.objects.update_or_create(
            user=viewer.user, defaults={"team": team, "company": viewer.company}
        )
    return redirect(f"{viewer.at}feed/")


def like(request: HttpRequest, viewer: Viewer, report_id: int) -> HttpResponse:
    """Like the report, or take the like back where ``liked`` says that it was liked."""
    change = social.unlike if request.POST.get("liked") == "yes" else social.like
    try:
        change(report_id, viewer.user)
    except Refused as refusal:
        values = {"title": "Taken back", "why": str(refusal)}
        return page(request, viewer, "activities/refused.html", values, status=409)
    if not is_part(request):
        return redirect(f"{viewer.at}feed/#report-{report_id}")
    item = feeds.one(viewer.company.pk, viewer.user.pk, report_id)
    if item is None:
        raise Http404("There is no such report.")
    return HttpResponse(rendered(item, viewer))


def team_of(viewer: Viewer, text: str) -> Team | None:
    """The company's team with this id; ``None`` for no text, 404 for anything else."""
    if not text:
        return None
    known = Team.objects.filter(company=viewer.company)
    team = known.filter(pk=number_in(text) or 0).first()
    if team is None:
        raise Http404("There is no such team.")
    return team


def _teams(viewer: Viewer) -> list[tuple[int, str]]:
    teams = Team.objects.filter(company=viewer.company).order_by("name", "pk")
    return list(teams.values_list("pk", "name"))


def _chosen_team(viewer: Viewer) -> int | None:
    choice = FeedChoice.objects.filter(user=viewer.user, company=viewer.company)
    return choice.values_list("team_id", flat=True).first()


def _place(text: str) -> Place | None:
    try:
        return Place.from_text(text) if text else None
    except InvalidPlace as error:
        raise Http404("There is no such page.") from error
