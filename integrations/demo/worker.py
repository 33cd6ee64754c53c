"""``python -m integrations.demo.worker``: a ``qcluster`` of which no process outlives its parent.

django-q2 forks, and killing its first process leaves five others at work.
"""

from django.core.management import execute_from_command_line

from config.child_process import bind_forks

if __name__ == "__main__":
    bind_forks()
    execute_from_command_line(["manage.py", "qcluster"])
