"""The endpoints of money that goes back: refunds, disputes, early fraud warnings."""

from bot_platform.sandbox.stripe import accepted, catalog, disputes, lookup, refunds
from bot_platform.sandbox.stripe.disputes import DisputeStatus
from bot_platform.sandbox.stripe.endpoint import Call, Endpoint, page_of, retrieve
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.parameters import changed_metadata
from bot_platform.sandbox.stripe.state import Row

# Texts that decide a dispute of Stripe's test mode, and what the agenda then does.
_MAGIC = {
    "winning_evidence": "win_dispute",
    "losing_evidence": "lose_dispute",
    "escalate_inquiry_evidence": "escalate_inquiry",
}
_FILTERS = ("charge", "payment_intent")


def _create_refund(call: Call) -> Row:
    charge = _charge(call)
    asked = {key: call.params[key] for key in ("amount", "reason", "metadata") if key in call.params}
    wanted = call.params.get("currency")
    if wanted is not None and catalog.currency(wanted, "currency") != charge["currency"]:
        raise ApiError(
            f"The currency of the refund ({wanted.lower()}) is not the charge's ({charge['currency']}).",
            param="currency",
        )
    return refunds.refund_as_its_card_does(call.account, charge, call.origin, **asked)


def _charge(call: Call) -> Row:
    given = [name for name in _FILTERS if name in call.params]
    if not given:
        raise ApiError(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    if len(given) > 1:
        raise ApiError(f"You may only specify one of these parameters: {', '.join(given)}.", param=given[0])
    if "charge" in call.params:
        return lookup.of_charge(call.account, call.params["charge"])
    return lookup.of_intent(call.account, call.params["payment_intent"])


def _update_refund(call: Call) -> Row:
    refund = call.account.find("refunds", call.id, "refund")
    if "metadata" in call.params:
        previous = {"metadata": refund["metadata"]}
        refund["metadata"] = changed_metadata(refund["metadata"], call.params["metadata"])
        refunds.announce_update(call.account, refund, call.origin, previous)
    return refund


def _cancel_refund(call: Call) -> Row:
    refund = call.account.find("refunds", call.id, "refund")
    refunds.cancel(call.account, refund, call.origin)
    return refund


def _update_dispute(call: Call) -> Row:
    dispute = call.account.find("disputes", call.id, "dispute")
    evidence = call.params.get("evidence")
    submits = call.params.get("submit", bool(evidence))
    if (evidence or submits) and not dispute["status"].endswith("needs_response"):
        raise ApiError(f"Evidence cannot be given while a dispute is {dispute['status']}.", param="evidence")
    previous = {}
    if "metadata" in call.params:
        previous["metadata"] = dispute["metadata"]
        dispute["metadata"] = changed_metadata(dispute["metadata"], call.params["metadata"])
    if "intended_submission_method" in call.params:
        dispute["intended_submission_method"] = call.params["intended_submission_method"]
    if evidence:
        previous["evidence"] = dict(dispute["evidence"])
        dispute["evidence"] |= evidence
        dispute["evidence_details"]["has_evidence"] = True
    if submits:
        _submit(call, dispute)
    else:
        call.account.announce("charge.dispute.updated", dispute, call.origin, previous)
    return dispute


def _submit(call: Call, dispute: Row) -> None:
    details = dispute["evidence_details"]
    details["submission_count"] += 1
    details["submission_method"] = "manual"
    under_review = DisputeStatus(dispute["status"].replace("needs_response", "under_review"))
    disputes.move(call.account, dispute, under_review, call.origin)
    verb = _MAGIC.get(dispute["evidence"]["uncategorized_text"])
    if verb is not None:
        call.account.later(call.account.clock(), verb, dispute["id"])


def _close_dispute(call: Call) -> Row:
    dispute = call.account.find("disputes", call.id, "dispute")
    disputes.close(call.account, dispute, call.origin)
    return dispute


ENDPOINTS = (
    Endpoint("POST", "/v1/refunds", accepted.CREATE_REFUND, _create_refund),
    Endpoint("GET", "/v1/refunds", accepted.LIST_REFUNDS, page_of("refunds", "/v1/refunds", _FILTERS)),
    Endpoint("GET", "/v1/refunds/{id}", accepted.NOTHING, retrieve("refunds", "refund")),
    Endpoint("POST", "/v1/refunds/{id}", accepted.UPDATE_REFUND, _update_refund),
    Endpoint("POST", "/v1/refunds/{id}/cancel", accepted.NOTHING, _cancel_refund),
    Endpoint("GET", "/v1/disputes", accepted.LIST_DISPUTES, page_of("disputes", "/v1/disputes", _FILTERS)),
    Endpoint("GET", "/v1/disputes/{id}", accepted.NOTHING, retrieve("disputes", "dispute")),
    Endpoint("POST", "/v1/disputes/{id}", accepted.UPDATE_DISPUTE, _update_dispute),
    Endpoint("POST", "/v1/disputes/{id}/close", accepted.NOTHING, _close_dispute),
    Endpoint(
        "GET",
        "/v1/radar/early_fraud_warnings",
        accepted.LIST_WARNINGS,
        page_of("warnings", "/v1/radar/early_fraud_warnings", _FILTERS),
    ),
    Endpoint(
        "GET",
        "/v1/radar/early_fraud_warnings/{id}",
        accepted.NOTHING,
        retrieve("warnings", "early_fraud_warning"),
    ),
)
