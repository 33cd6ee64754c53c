class DemoError(Exception):
    """Why the demo cannot start or go on; the message is one line for the person at the shell."""
