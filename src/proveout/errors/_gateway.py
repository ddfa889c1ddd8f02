"""Errors of the gateway: what it cannot be set up as, and what a client is told."""

from __future__ import annotations

from typing import ClassVar

from proveout.errors._root import ProveoutError

__all__ = [
    "AnswerUnusable",
    "BodyTooLarge",
    "Forbidden",
    "GatewayError",
    "GatewayFault",
    "GuardRefused",
    "GuardUnknown",
    "KeyNotFound",
    "MethodUnknown",
    "ModelUnknown",
    "Overloaded",
    "PathUnknown",
    "QuotaSpent",
    "RateLimited",
    "Refused",
    "RequestInvalid",
    "SettingsInvalid",
    "Unauthenticated",
    "UpstreamFailed",
    "UpstreamLied",
    "UpstreamTimedOut",
]


class GatewayError(ProveoutError):
    """The gateway cannot be set up as asked, or refuses a request."""

    exit_code = 3


class SettingsInvalid(GatewayError):
    """``gateway.toml`` has an unknown key, a wrong value or a contradiction; what was in force stays in force."""


class KeyNotFound(GatewayError):
    """No key of that id or name was created here."""


class GuardUnknown(GatewayError):
    """No guard of that name is registered."""


class Refused(GatewayError):
    """A request is answered with an error: the status, type and code are those of the OpenAI API.

    Args:
        what: what happened; told to the client.
        why: told to the client too: it holds no secret and nothing of another tenant.
        fix: told to the client too.
        about: a parameter, a model or a header.
        param: the request's parameter at fault; "" where none is.
        retry_after: seconds after which trying again can help; None when it cannot.
        headers: sent with the answer.
    """

    status: ClassVar[int] = 400
    type: ClassVar[str] = "invalid_request_error"
    error_code: ClassVar[str] = ""

    def __init__(
        self,
        what: str,
        *,
        why: str,
        fix: str,
        about: str,
        param: str = "",
        retry_after: float | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(what, why=why, fix=fix, about=about)
        self.param = param
        self.retry_after = retry_after
        self.headers = headers


class RequestInvalid(Refused):
    """The request is not JSON, or not one of the API."""


class Unauthenticated(Refused):
    """No key, or none that is known, in force and not revoked."""

    status = 401
    type = "authentication_error"
    error_code = "invalid_api_key"


class Forbidden(Refused):
    """The key may not do this."""

    status = 403
    type = "permission_error"
    error_code = "insufficient_permissions"


class ModelUnknown(Refused):
    """The model is no task here and no provider has it."""

    status = 404
    type = "invalid_request_error"
    error_code = "model_not_found"


class PathUnknown(Refused):
    """The gateway serves no such path."""

    status = 404
    error_code = "unknown_url"


class GatewayFault(Refused):
    """Something in the gateway itself failed; the notice on its standard error says what."""

    status = 500
    type = "server_error"
    error_code = "internal_error"


class MethodUnknown(Refused):
    """The path does not take this method."""

    status = 405


class BodyTooLarge(Refused):
    """The body has more bytes than the gateway takes."""

    status = 413
    error_code = "request_too_large"


class RateLimited(Refused):
    """Too many requests or tokens in too short a time."""

    status = 429
    type = "rate_limit_error"
    error_code = "rate_limit_exceeded"


class QuotaSpent(Refused):
    """The budget of money is spent."""

    status = 429
    type = "insufficient_quota"
    error_code = "insufficient_quota"


class GuardRefused(Refused):
    """A guard refused the input or the output."""

    error_code = "content_filter"


class Overloaded(Refused):
    """More requests are under way than the gateway takes, or it is draining."""

    status = 503
    type = "server_error"
    error_code = "overloaded"


class UpstreamFailed(Refused):
    """The provider could not be reached, or answered with nothing usable.

    Args:
        what: as of `Refused`.
        why: as of `Refused`.
        fix: as of `Refused`.
        about: as of `Refused`.
        param: as of `Refused`.
        retry_after: as of `Refused`.
        headers: as of `Refused`.
        sent: whether the provider may have seen a byte of the request, so that it may have been worked on and billed.
    """

    status = 502
    type = "server_error"
    error_code = "upstream_failed"

    def __init__(  # noqa: PLR0913  an error of the API has this many parts
        self,
        what: str,
        *,
        why: str,
        fix: str,
        about: str,
        param: str = "",
        retry_after: float | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        sent: bool = True,
    ) -> None:
        super().__init__(what, why=why, fix=fix, about=about, param=param, retry_after=retry_after, headers=headers)
        self.sent = sent


class UpstreamTimedOut(UpstreamFailed):
    """The provider did not answer in time."""

    status = 504
    error_code = "upstream_timeout"


class UpstreamLied(UpstreamFailed):
    """What the provider sent is not HTTP, not as long as it said, or ended in the middle."""

    error_code = "upstream_malformed"


class AnswerUnusable(Refused):
    """The route abstained, or its answer is not of the task's output schema, and nothing else may answer."""

    status = 502
    type = "server_error"
    error_code = "no_answer"
