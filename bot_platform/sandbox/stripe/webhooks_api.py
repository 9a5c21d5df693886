"""The endpoints that say where events are posted, and which; the secret of each is shown once."""

from urllib.parse import urlsplit

from bot_platform.sandbox.stripe import accepted, identifiers
from bot_platform.sandbox.stripe.endpoint import Call, Endpoint, page_of, retrieve
from bot_platform.sandbox.stripe.errors import not_public
from bot_platform.sandbox.stripe.parameters import changed_metadata
from bot_platform.sandbox.stripe.state import Row

_PATH = "/v1/webhook_endpoints"
_HERE = ("localhost", "127.", "::1", "10.", "192.168.")


def _create(call: Call) -> Row:
    asked, account = call.params, call.account
    _check(call, asked["url"])
    row = account.add(
        "webhook_endpoints",
        {
            "id": identifiers.new("we"),
            "object": "webhook_endpoint",
            "api_version": asked.get("api_version"),
            "application": None,
            "created": account.now(),
            "description": asked.get("description"),
            "enabled_events": asked["enabled_events"],
            "livemode": False,
            "metadata": asked.get("metadata", {}),
            "status": "enabled",
            "url": asked["url"],
        },
    )
    secret = f"whsec_{identifiers.random_text(32)}"
    account.state.put("webhook_secrets", row["id"], {"id": row["id"], "secret": secret})
    return {**row, "secret": secret}


def _update(call: Call) -> Row:
    asked, row = call.params, call.account.find("webhook_endpoints", call.id)
    if "url" in asked:
        _check(call, asked["url"])
    row |= {name: asked[name] for name in ("description", "enabled_events", "url") if name in asked}
    if "disabled" in asked:
        row["status"] = "disabled" if asked["disabled"] else "enabled"
    if "metadata" in asked:
        row["metadata"] = changed_metadata(row["metadata"], asked["metadata"])
    call.account.changed(row)
    return row


def _delete(call: Call) -> Row:
    call.account.find("webhook_endpoints", call.id)
    for table in ("webhook_endpoints", "webhook_secrets"):
        call.account.state.remove(table, call.id)
    return {"id": call.id, "object": "webhook_endpoint", "deleted": True}


def _check(call: Call, url: str) -> None:
    host = urlsplit(url).hostname or ""
    if host.startswith(_HERE) and not call.account.allow_local_webhooks:
        raise not_public()


ENDPOINTS = (
    Endpoint("POST", _PATH, accepted.CREATE_WEBHOOK, _create),
    Endpoint("GET", _PATH, accepted.PAGE, page_of("webhook_endpoints", _PATH, ())),
    Endpoint("GET", f"{_PATH}/{{id}}", accepted.NOTHING, retrieve("webhook_endpoints")),
    Endpoint("POST", f"{_PATH}/{{id}}", accepted.UPDATE_WEBHOOK, _update),
    Endpoint("DELETE", f"{_PATH}/{{id}}", accepted.NOTHING, _delete),
)
