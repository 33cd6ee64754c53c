from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import entrance, log_in_views, password_link_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", log_in_views.LogIn.as_view(), name="login"),
    path("login/company/", log_in_views.WhichCompany.as_view(), name="which_company"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/", views.account, name="account"),
    path("enter/<str:code>/", entrance.enter, name="enter"),
    path("password/", views.ChangePassword.as_view(), name="change_password"),
    path(
        "password/forgotten/",
        password_link_views.ForgottenPassword.as_view(),
        name="forgotten_password",
    ),
    path(
        "password/forgotten/<uidb64>/<token>/",
        password_link_views.SetForgottenPassword.as_view(),
        name="forgotten_password_link",
    ),
    path(
        "invitation/<uidb64>/<token>/",
        password_link_views.AcceptInvitation.as_view(),
        name="invitation",
    ),
]
