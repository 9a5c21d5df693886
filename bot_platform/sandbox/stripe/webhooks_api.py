"""The API endpoints that create, read, update and delete webhook endpoints."""

from urllib.parse import urlsplit

from bot_platform.sandbox.stripe import object_ids, schemas
from bot_platform.sandbox.stripe.endpoint import Call, Endpoint, page_of, retrieve
from bot_platform.sandbox.stripe.errors import url_not_public
from bot_platform.sandbox.stripe.parameter_types import changed_metadata
from bot_platform.sandbox.stripe.state import Row

_PATH = "/v1/webhook_endpoints"
_LOCAL_HOSTS = ("localhost", "127.", "::1", "10.", "192.168.")


def _create(call: Call) -> Row:
    params, account = call.params, call.account
    _check_public(call, params["url"])
    row = account.add(
        "webhook_endpoints",
        {
            "id": object_ids.new("we"),
            "object": "webhook_endpoint",
            "api_version": params.get("api_version"),
            "application": None,
            "created": account.now(),
            "description": params.get("description"),
            "enabled_events": params["enabled_events"],
            "livemode": False,
            "metadata": params.get("metadata", {}),
            "status": "enabled",
            "url": params["url"],
        },
    )
    # The only answer with the secret.
    secret = f"whsec_{object_ids.random_text(32)}"
    account.state.put("webhook_secrets", row["id"], {"id": row["id"], "secret": secret})
    return {**row, "secret": secret}


def _update(call: Call) -> Row:
    params, row = call.params, call.account.find("webhook_endpoints", call.id)
    if "url" in params:
        _check_public(call, params["url"])
    row |= {name: params[name] for name in ("description", "enabled_events", "url") if name in params}
    if "disabled" in params:
        row["status"] = "disabled" if params["disabled"] else "enabled"
    if "metadata" in params:
        row["metadata"] = changed_metadata(row["metadata"], params["metadata"])
    call.account.mark_changed(row)
    return row


def _delete(call: Call) -> Row:
    call.account.find("webhook_endpoints", call.id)
    for table in ("webhook_endpoints", "webhook_secrets"):
        call.account.state.remove(table, call.id)
    return {"id": call.id, "object": "webhook_endpoint", "deleted": True}


def _check_public(call: Call, url: str) -> None:
    host = urlsplit(url).hostname or ""
    if host.startswith(_LOCAL_HOSTS) and not call.account.allow_local_webhooks:
        raise url_not_public()


ENDPOINTS = (
    Endpoint("POST", _PATH, schemas.CREATE_WEBHOOK, _create),
    Endpoint("GET", _PATH, schemas.PAGE, page_of("webhook_endpoints", _PATH, ())),
    Endpoint("GET", f"{_PATH}/{{id}}", schemas.NO_PARAMETERS, retrieve("webhook_endpoints")),
    Endpoint("POST", f"{_PATH}/{{id}}", schemas.UPDATE_WEBHOOK, _update),
    Endpoint("DELETE", f"{_PATH}/{{id}}", schemas.NO_PARAMETERS, _delete),
)
