"""Stand-in until written."""

from django.contrib.auth.backends import ModelBackend


class RoleBackend(ModelBackend):
    pass
