"""The two kinds of error: the user's input is wrong, or the component refuses."""


def with_unit(number: str, unit: str) -> str:
    """A number in a message; the unit of a pure number, 1, is left out."""
    return number if unit == "1" else f"{number} {unit}"


class UserError(Exception):
    """Bad input. The command line prints it as one line and exits with status 2."""


class LandslideError(RuntimeError):
    """The bridge returned a status other than 0; `status` is one of landslide_status in landslide.h."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status
