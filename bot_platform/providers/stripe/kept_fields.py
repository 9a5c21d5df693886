"""The fields of an event that are read here: only these are stored, so nothing personal is."""

import re
from typing import Any

from bot_platform.domain.ids import UID_CHARS, parse_id
from bot_platform.infra.columns import MAX_OUTSIDE_ID_CHARS

MARK = "platform"  # the metadata key of the mark on all that we create at Stripe
OUR_IDS = ("purchase_id", "user_id", "refund_id")  # other metadata keys of ours
OUR_UIDS = ("purchase_uid", "refund_uid")
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
TOTAL_FIELDS = ("amount_discount",)
MOVEMENT_FIELDS = ("amount", "currency", "reporting_category", "type")
UID = re.compile(rf"[A-Za-z0-9_-]{{1,{UID_CHARS}}}")


def kept(event: dict[str, Any], mark: str) -> dict[str, Any]:
    """Return an event with only the fields that are read; to read it again gives the same news."""
    about = event["data"]["object"]
    found = _scalars(about, OBJECT_FIELDS)
    if our_id(reference := about.get("client_reference_id")):
        found["client_reference_id"] = reference
    if metadata := _metadata(about.get("metadata"), mark):
        found["metadata"] = metadata
    if isinstance(details := about.get("total_details"), dict):
        found["total_details"] = _scalars(details, TOTAL_FIELDS)
    if isinstance(movements := about.get("balance_transactions"), list):
        found["balance_transactions"] = [
            _scalars(one, MOVEMENT_FIELDS) if isinstance(one, dict) else None for one in movements
        ]
    return _scalars(event, EVENT_FIELDS) | {"data": {"object": found}}


def is_marked(about: dict[str, Any], mark: str) -> bool:
    """Whether an object carries our mark; without a `mark` of our own any installation's counts as ours."""
    found = metadata_of(about).get(MARK)
    return isinstance(found, str) and found != "" and mark in {"", found}


def marked(mark: str) -> dict[str, str]:
    """Return the metadata that marks an object as ours."""
    return {MARK: mark} if mark else {}


def metadata_of(about: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of an object; none when it has no usable one."""
    metadata = about.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def our_id(value: object) -> int | None:
    """Parse an id of ours; None for what cannot be one."""
    return parse_id(value) if isinstance(value, str) else None


def our_uid(value: object) -> str | None:
    """Return a uid of ours; None for what cannot be one."""
    return value if isinstance(value, str) and UID.fullmatch(value) else None


def _metadata(metadata: object, mark: str) -> dict[str, str]:
    """Keep what we wrote: all of a marked object, else only what has the shape of our ids."""
    if not isinstance(metadata, dict):
        return {}
    if is_marked({"metadata": metadata}, mark):
        return {name: value for name, value in metadata.items() if isinstance(value, str)}
    ids = {name: metadata[name] for name in OUR_IDS if our_id(metadata.get(name))}
    return ids | {name: metadata[name] for name in OUR_UIDS if our_uid(metadata.get(name))}


def _scalars(about: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Keep fields; one that holds an object or a long text is kept as null, because it is not missing."""
    return {name: about[name] if _is_scalar(about[name]) else None for name in names if name in about}


def _is_scalar(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_OUTSIDE_ID_CHARS
    return value is None or isinstance(value, bool | int | float)
