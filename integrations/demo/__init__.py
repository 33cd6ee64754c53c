"""``manage.py demo``: everything on one machine, and nothing left when it ends.

``launch`` starts, in child processes, PostgreSQL, the demo org, the worker and the web server, and
waits. ``seeding`` runs inside Django and makes the company that is connected already.
"""
