from activities.entrances import by_session, pages

urlpatterns = pages(by_session)
