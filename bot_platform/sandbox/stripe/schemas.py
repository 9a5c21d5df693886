"""The parameter schemas shared by endpoints, and those of payments, reversals and webhook endpoints."""

from bot_platform.sandbox.stripe.account import API_VERSION
from bot_platform.sandbox.stripe.dispute_object import EVIDENCE_FIELDS
from bot_platform.sandbox.stripe.parameter_types import (
    Array,
    Boolean,
    Hash,
    Ignored,
    Integer,
    Metadata,
    ParameterType,
    String,
    TimeRange,
    Unsupported,
    Url,
)

_NESTED_EVIDENCE_FIELDS = "appeal enhanced_evidence"
EXPAND = Array(String())
API_VERSIONS = (API_VERSION,)


def each(type_: ParameterType, names: str) -> dict[str, ParameterType]:
    """Return fields of one type; `names` are separated by blanks."""
    return dict.fromkeys(names.split(), type_)


NO_PARAMETERS = Hash({"expand": EXPAND})

PAGE = Hash(
    {
        "created": TimeRange(),
        "ending_before": String(),
        "expand": EXPAND,
        "limit": Integer(1, 100),
        "starting_after": String(),
    }
)

INTENT_DATA: dict[str, ParameterType] = {
    "description": String(),
    "metadata": Metadata(),
    "receipt_email": String(),
    "setup_future_usage": String(("off_session", "on_session")),
    "shipping": Ignored(),
    "statement_descriptor": String(max_chars=22),
    "statement_descriptor_suffix": String(max_chars=22),
    "transfer_group": String(),
    **each(Unsupported(), "application_fee_amount capture_method on_behalf_of transfer_data"),
}

_INTENT_OPTIONS = each(
    Ignored(),
    "allowed_payment_method_types automatic_payment_methods error_on_requires_action return_url"
    " excluded_payment_method_types payment_method_configuration payment_method_options use_stripe_sdk",
)
CREATE_INTENT = Hash(
    {
        **INTENT_DATA,
        **_INTENT_OPTIONS,
        "amount": Integer(1, 999_999_999_999),
        "confirm": Boolean(),
        "currency": String(),
        "expand": EXPAND,
        "payment_method": String(),
        **each(
            Unsupported(),
            "amount_details confirmation_method confirmation_token customer customer_account hooks",
        ),
        **each(
            Unsupported(),
            "mandate mandate_data off_session payment_details payment_method_data radar_options",
        ),
    },
    required=("amount", "currency"),
)
CONFIRM_INTENT = Hash({**_INTENT_OPTIONS, "expand": EXPAND, "payment_method": String()})
LIST_CHARGES = PAGE.extended(payment_intent=String(), **each(Unsupported(), "customer transfer_group"))

CREATE_METHOD = Hash(
    {
        "billing_details": Hash(
            {**each(String(), "email name phone tax_id"), "address": Ignored()},
        ),
        "card": Hash(each(String(), "cvc exp_month exp_year number token")),
        "expand": EXPAND,
        "metadata": Metadata(),
        "sepa_debit": Hash({"iban": String()}),
        "type": String(("card", "sepa_debit", "us_bank_account")),
        "us_bank_account": Hash(
            each(String(), "account_holder_type account_number account_type routing_number")
        ),
    },
    required=("type",),
)

LIST_EVENTS = PAGE.extended(delivery_success=Boolean(), type=String(), types=Array(String(), max_items=20))

_REVERSALS = PAGE.extended(charge=String(), payment_intent=String())
LIST_REFUNDS = LIST_DISPUTES = LIST_WARNINGS = _REVERSALS
CREATE_REFUND = Hash(
    {
        "amount": Integer(1),
        "charge": String(),
        "currency": String(),
        "expand": EXPAND,
        "instructions_email": String(),
        "metadata": Metadata(),
        "payment_intent": String(),
        "reason": String(("duplicate", "fraudulent", "requested_by_customer")),
        **each(Unsupported(), "customer origin refund_application_fee reverse_transfer"),
    }
)
UPDATE_REFUND = Hash({"expand": EXPAND, "metadata": Metadata(changes=True)})
UPDATE_DISPUTE = UPDATE_REFUND.extended(
    evidence=Hash(
        {
            **each(String(max_chars=20_000), " ".join(EVIDENCE_FIELDS)),
            **each(Ignored(), _NESTED_EVIDENCE_FIELDS),
        }
    ),
    intended_submission_method=String(("manual", "prefer_manual", "prefer_smart_disputes", "smart_disputes")),
    submit=Boolean(),
)

_WEBHOOK: dict[str, ParameterType] = {
    "description": String(),
    "enabled_events": Array(String()),
    "expand": EXPAND,
    "url": Url(),
}
CREATE_WEBHOOK = Hash(
    {**_WEBHOOK, "api_version": String(API_VERSIONS), "connect": Unsupported(), "metadata": Metadata()},
    required=("enabled_events", "url"),
)
UPDATE_WEBHOOK = Hash({**_WEBHOOK, "disabled": Boolean(), "metadata": Metadata(changes=True)})

# Removed from the current API version. A request without a Stripe-Version header gets an older default
# version, which still accepts them; the Stripe CLI sends such requests.
LEGACY_PARAMETERS: dict[str, ParameterType] = {"payment_method_types": Array(String())}
