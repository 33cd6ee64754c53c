"""Takes pages of other packages out of the admin.

Whoever may see django-q2's tasks could run any of them again, and its schedules name any Python
function; the project's own schedules are written by code. Groups are not used: roles are.
"""

from django.contrib import admin
from django.contrib.auth.models import Group
from django_q.models import Failure, OrmQ, Schedule, Success

for model in (Failure, Group, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):  # OrmQ has a page only with the database broker
        admin.site.unregister(model)
