"""Everything Stripe says no with, in Stripe's own error shape."""

from typing import Any


class ApiError(Exception):
    """An answer that is no: its HTTP status, and what stands under `error` in its JSON."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type_: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": type_, **more}
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
    """Parameters the endpoint has never heard of; Stripe names them all and points at the first."""
    noun = "parameter" if len(names) == 1 else "parameters"
    return ApiError(f"Received unknown {noun}: {', '.join(names)}", code="parameter_unknown", param=names[0])


def missing_parameter(name: str) -> ApiError:
    """Refuse a required parameter that is absent."""
    return ApiError(f"Missing required param: {name}.", code="parameter_missing", param=name)


def no_such(noun: str, id_: str, param: str, *, status: int) -> ApiError:
    """Refuse an id that names nothing: 404 where it stood in the path, 400 where it was a parameter."""
    return ApiError(f"No such {noun}: '{id_}'", status=status, code="resource_missing", param=param)


def not_modelled(name: str) -> ApiError:
    """Something the real Stripe does and this stand-in does not: better refused than silently ignored."""
    return ApiError(f"The local stand-in for Stripe does not act on {name}.", param=name)


def bad_key(key: str | None) -> ApiError:
    """No key, or another one than ours."""
    if not key:
        return ApiError(
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    return ApiError(f"Invalid API Key provided: {_shown(key)}", status=401)


def not_permitted(key: str, permission: str) -> ApiError:
    """Refuse what a restricted key was not given."""
    return ApiError(
        f"The provided key '{_shown(key)}' does not have the required permissions for this endpoint. "
        f"Having the '{permission}' permission would allow this request to continue.",
        status=403,
    )


def not_public() -> ApiError:
    """Refuse to post events to an address that Stripe cannot reach."""
    return ApiError(
        "Invalid URL: URL must be publicly accessible. Consider using a tool like the Stripe CLI to test "
        "webhooks locally: https://github.com/stripe/stripe-cli",
        param="url",
    )


def _shown(key: str) -> str:
    return key[:8] + "*" * max(len(key) - 12, 4) + key[-4:]


def unknown_url(method: str, path: str) -> ApiError:
    """Refuse a path or method that is no endpoint here."""
    return ApiError(f"Unrecognized request URL ({method}: {path}).", status=404)


def key_of_another_request(key: str) -> ApiError:
    """Refuse an idempotency key that came with other parameters before."""
    return ApiError(
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request.",
        type_="idempotency_error",
    )


def key_in_use(key: str) -> ApiError:
    """Refuse an idempotency key whose first request is still being worked on."""
    return ApiError(
        "There is currently another in-progress request using this Idempotent Key "
        f"(that probably means you submitted twice, and the other request is still going through): {key}. "
        "Please try again later.",
        status=409,
        type_="idempotency_error",
        code="idempotency_key_in_use",
    )
