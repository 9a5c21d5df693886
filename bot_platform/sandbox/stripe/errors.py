"""The errors of the API, in Stripe's shape and wording."""

from typing import Any


class ApiError(Exception):
    """An error answer: its HTTP status and the object under `error` in its JSON."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type_: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": type_, **details}
        if code is not None:
            self.error["code"] = code
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        if param is not None:
            self.error["param"] = param

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        return {"error": self.error}


def unknown_parameters(names: list[str]) -> ApiError:
    """Refuse unknown parameters. As at Stripe, the message names all and `param` the first."""
    noun = "parameter" if len(names) == 1 else "parameters"
    return ApiError(f"Received unknown {noun}: {', '.join(names)}", code="parameter_unknown", param=names[0])


def missing_parameter(name: str) -> ApiError:
    """Refuse a required parameter that is absent."""
    return ApiError(f"Missing required param: {name}.", code="parameter_missing", param=name)


def no_such(noun: str, id_: str, param: str, *, status: int) -> ApiError:
    """Refuse an unknown id: `status` is 404 for an id in the path, 400 for one in a parameter."""
    return ApiError(f"No such {noun}: '{id_}'", status=status, code="resource_missing", param=param)


def unsupported(name: str) -> ApiError:
    """Refuse a feature of Stripe that this fake lacks. Ignoring it silently would make tests wrong."""
    return ApiError(f"The local Stripe does not support {name}.", param=name)


def invalid_api_key(key: str | None) -> ApiError:
    """Refuse a missing or unknown API key."""
    if not key:
        return ApiError(
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    return ApiError(f"Invalid API Key provided: {_masked(key)}", status=401)


def missing_permission(key: str, permission: str) -> ApiError:
    """Refuse a restricted key without this permission."""
    return ApiError(
        f"The provided key '{_masked(key)}' does not have the required permissions for this endpoint. "
        f"Having the '{permission}' permission would allow this request to continue.",
        status=403,
    )


def url_not_public() -> ApiError:
    """Refuse a webhook URL that Stripe could not reach."""
    return ApiError(
        "Invalid URL: URL must be publicly accessible. Consider using a tool like the Stripe CLI to test "
        "webhooks locally: https://github.com/stripe/stripe-cli",
        param="url",
    )


def _masked(key: str) -> str:
    return key[:8] + "*" * max(len(key) - 12, 4) + key[-4:]


def unknown_url(method: str, path: str) -> ApiError:
    """Refuse a method and path that have no endpoint."""
    return ApiError(f"Unrecognized request URL ({method}: {path}).", status=404)


def idempotency_key_reused(key: str) -> ApiError:
    """Refuse an idempotency key that was used with other parameters."""
    return ApiError(
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request.",
        type_="idempotency_error",
    )


def idempotency_key_in_use(key: str) -> ApiError:
    """Refuse an idempotency key whose first request is still in progress."""
    return ApiError(
        "There is currently another in-progress request using this Idempotent Key "
        f"(that probably means you submitted twice, and the other request is still going through): {key}. "
        "Please try again later.",
        status=409,
        type_="idempotency_error",
        code="idempotency_key_in_use",
    )
