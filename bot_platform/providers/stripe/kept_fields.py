"""The fields of an event that are read here: only these are stored, so nothing personal is."""

from typing import Any

from bot_platform.domain.ids import parse_id

MARK = "platform"  # the metadata key of the mark on all that we create at Stripe
OUR_IDS = ("purchase_id", "user_id", "refund_id")  # other metadata keys of ours
EVENT_FIELDS = ("id", "type", "created", "livemode")
OBJECT_FIELDS = (
    "id",
    "object",
    "created",
    "mode",
    "status",
    "payment_status",
    "payment_intent",
    "amount",
    "amount_refunded",
    "amount_subtotal",
    "amount_total",
    "currency",
    "actionable",
)
MOVEMENT_FIELDS = ("amount", "currency", "reporting_category", "type")
MAX_TEXT_CHARS = 255


def kept(event: dict[str, Any], mark: str) -> dict[str, Any]:
    """Return an event with only the fields that are read; to read it again gives the same news."""
    about = event["data"]["object"]
    found = _scalars(about, OBJECT_FIELDS)
    if our_id(reference := about.get("client_reference_id")):
        found["client_reference_id"] = reference
    if metadata := _metadata(about.get("metadata"), mark):
        found["metadata"] = metadata
    if isinstance(movements := about.get("balance_transactions"), list):
        found["balance_transactions"] = [
            _scalars(one, MOVEMENT_FIELDS) if isinstance(one, dict) else None for one in movements
        ]
    return _scalars(event, EVENT_FIELDS) | {"data": {"object": found}}


def is_marked(about: dict[str, Any], mark: str) -> bool:
    """Whether an object carries our mark; without a `mark` of our own any installation's counts as ours."""
    metadata = about.get("metadata")
    found = metadata.get(MARK) if isinstance(metadata, dict) else None
    return isinstance(found, str) and found != "" and mark in {"", found}


def marked(mark: str) -> dict[str, str]:
    """Return the metadata that marks an object as ours."""
    return {MARK: mark} if mark else {}


def our_id(value: object) -> int | None:
    """Parse an id of ours; None for what cannot be one."""
    return parse_id(value) if isinstance(value, str) else None


def _metadata(metadata: object, mark: str) -> dict[str, str]:
    """Keep what we wrote: all of a marked object, else only what has the shape of our ids."""
    if not isinstance(metadata, dict):
        return {}
    if is_marked({"metadata": metadata}, mark):
        return {name: value for name, value in metadata.items() if isinstance(value, str)}
    return {name: metadata[name] for name in OUR_IDS if our_id(metadata.get(name))}


def _scalars(about: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Keep fields; one that holds an object or a long text is kept as null, because it is not missing."""
    return {name: about[name] if _is_scalar(about[name]) else None for name in names if name in about}


def _is_scalar(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_TEXT_CHARS
    return value is None or isinstance(value, bool | int | float)
