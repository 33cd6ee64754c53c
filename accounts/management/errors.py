from django.core.exceptions import ValidationError


def one_line(error: ValidationError) -> str:
    """All that is wrong with a row, in one line for a shell."""
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(
        message if field == "__all__" else f"{field}: {message}"
        for field, messages in error.message_dict.items()
        for message in messages
    )
