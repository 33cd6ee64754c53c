"""How settings are read from the environment."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping


class Environment(environ.FileAwareEnv):  # type: ignore[misc] # the package is untyped
    """The environment, in which a value that makes no sense is one clear line."""

    ENVIRON = FileAwareMapping(cache=False)  # else a file outlives the variable that named it

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_value(var, *args, **kwargs)
        except OSError as error:
            raise ImproperlyConfigured(
                f"{var}_FILE cannot be read: {error.filename}: {error.strerror}."
            ) from error
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} is not understood: {error}.") from error
