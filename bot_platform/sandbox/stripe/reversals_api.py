"""The endpoints for refunds, disputes and early fraud warnings."""

from bot_platform.sandbox.stripe import catalog, charge_lookup, disputes, refunds, schemas
from bot_platform.sandbox.stripe.disputes import DisputeStatus
from bot_platform.sandbox.stripe.endpoint import Call, Endpoint, page_of, retrieve
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.parameter_types import changed_metadata
from bot_platform.sandbox.stripe.state import Row

# Evidence texts that decide a dispute in Stripe's test mode, and the action that they schedule.
_SCHEDULED_BY_EVIDENCE = {
    "winning_evidence": "win_dispute",
    "losing_evidence": "lose_dispute",
    "escalate_inquiry_evidence": "escalate_inquiry",
}
_FILTERS = ("charge", "payment_intent")


def _create_refund(call: Call) -> Row:
    charge = _charge(call)
    params = {key: call.params[key] for key in ("amount", "reason", "metadata") if key in call.params}
    currency = call.params.get("currency")
    if currency is not None and catalog.currency(currency, "currency") != charge["currency"]:
        raise ApiError(
            f"The currency of the refund ({currency.lower()}) is not the charge's ({charge['currency']}).",
            param="currency",
        )
    return refunds.refund_by_payment_method(call.account, charge, call.origin, **params)


def _charge(call: Call) -> Row:
    references = [name for name in _FILTERS if name in call.params]
    if not references:
        raise ApiError(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    if len(references) > 1:
        raise ApiError(
            f"You may only specify one of these parameters: {', '.join(references)}.", param=references[0]
        )
    if "charge" in call.params:
        return charge_lookup.paid_charge(call.account, call.params["charge"])
    return charge_lookup.charge_of_intent(call.account, call.params["payment_intent"])


def _update_refund(call: Call) -> Row:
    refund = call.account.find("refunds", call.id, "refund")
    if "metadata" in call.params:
        previous = {"metadata": refund["metadata"]}
        refund["metadata"] = changed_metadata(refund["metadata"], call.params["metadata"])
        refunds.emit_update(call.account, refund, call.origin, previous)
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
        call.account.emit("charge.dispute.updated", dispute, call.origin, previous)
    return dispute


def _submit(call: Call, dispute: Row) -> None:
    details = dispute["evidence_details"]
    details["submission_count"] += 1
    details["submission_method"] = "manual"
    under_review = DisputeStatus(dispute["status"].replace("needs_response", "under_review"))
    disputes.move(call.account, dispute, under_review, call.origin)
    action = _SCHEDULED_BY_EVIDENCE.get(dispute["evidence"]["uncategorized_text"])
    if action is not None:
        call.account.schedule(call.account.clock(), action, dispute["id"])


def _close_dispute(call: Call) -> Row:
    dispute = call.account.find("disputes", call.id, "dispute")
    disputes.close(call.account, dispute, call.origin)
    return dispute


ENDPOINTS = (
    Endpoint("POST", "/v1/refunds", schemas.CREATE_REFUND, _create_refund),
    Endpoint("GET", "/v1/refunds", schemas.LIST_REFUNDS, page_of("refunds", "/v1/refunds", _FILTERS)),
    Endpoint("GET", "/v1/refunds/{id}", schemas.NO_PARAMETERS, retrieve("refunds", "refund")),
    Endpoint("POST", "/v1/refunds/{id}", schemas.UPDATE_REFUND, _update_refund),
    Endpoint("POST", "/v1/refunds/{id}/cancel", schemas.NO_PARAMETERS, _cancel_refund),
    Endpoint("GET", "/v1/disputes", schemas.LIST_DISPUTES, page_of("disputes", "/v1/disputes", _FILTERS)),
    Endpoint("GET", "/v1/disputes/{id}", schemas.NO_PARAMETERS, retrieve("disputes", "dispute")),
    Endpoint("POST", "/v1/disputes/{id}", schemas.UPDATE_DISPUTE, _update_dispute),
    Endpoint("POST", "/v1/disputes/{id}/close", schemas.NO_PARAMETERS, _close_dispute),
    Endpoint(
        "GET",
        "/v1/radar/early_fraud_warnings",
        schemas.LIST_WARNINGS,
        page_of("warnings", "/v1/radar/early_fraud_warnings", _FILTERS),
    ),
    Endpoint(
        "GET",
        "/v1/radar/early_fraud_warnings/{id}",
        schemas.NO_PARAMETERS,
        retrieve("warnings", "early_fraud_warning"),
    ),
)
