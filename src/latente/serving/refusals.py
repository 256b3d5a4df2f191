"""Why a request is refused, each reason with its HTTP status; any other ``UserError`` has the status 422."""

from __future__ import annotations

from typing import ClassVar

from latente.errors import UserError


class Refused(UserError):
    """A request that cannot be answered; the message says what was expected and what to do."""

    status: ClassVar[int] = 422


class Unknown(Refused):
    """There is nothing of that name or number."""

    status = 404


class NotReady(Refused):
    """The run cannot do that: it has no model yet, or its data are not at hand."""

    status = 409


class TooLarge(Refused):
    """The request is larger than the limits."""

    status = 413
