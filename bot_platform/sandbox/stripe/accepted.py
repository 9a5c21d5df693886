"""The parameters of every endpoint, by Stripe's names; what has no effect here is harmless or refused."""

from bot_platform.sandbox.stripe.account import API_VERSION
from bot_platform.sandbox.stripe.dispute_shape import EVIDENCE
from bot_platform.sandbox.stripe.parameters import (
    Anything,
    Flag,
    Hash,
    Kind,
    Many,
    Metadata,
    NotModelled,
    Range,
    Text,
    Url,
    Whole,
)

_DEEP_EVIDENCE = "appeal enhanced_evidence"
NAME = Text(longest=250)
EXPAND = Many(Text())
API_VERSIONS = (API_VERSION,)


def _all(kind: Kind, names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


NOTHING = Hash({"expand": EXPAND})

PAGE = Hash(
    {
        "created": Range(),
        "ending_before": Text(),
        "expand": EXPAND,
        "limit": Whole(1, 100),
        "starting_after": Text(),
    }
)

PRODUCT_DATA = Hash(
    {
        "active": Flag(),
        "description": Text(),
        "id": Text(),
        "images": Many(Text(), most=8),
        "metadata": Metadata(),
        "name": NAME,
        "statement_descriptor": Text(longest=22),
        "unit_label": Text(longest=12),
        **_all(Anything(), "tax_code tax_details"),
    },
    required=("name",),
)

_PRICE: dict[str, Kind] = {
    "currency": Text(),
    "metadata": Metadata(),
    "tax_behavior": Text(("exclusive", "inclusive", "unspecified")),
    "unit_amount": Whole(0, 99_999_999),
    "unit_amount_decimal": Text(),
}

CREATE_PRICE = Hash(
    {
        **_PRICE,
        "active": Flag(),
        "expand": EXPAND,
        "lookup_key": Text(longest=200),
        "nickname": Text(),
        "product": Text(),
        "product_data": PRODUCT_DATA,
        "billing_scheme": Text(("per_unit",)),
        **_all(
            NotModelled(), "currency_options custom_unit_amount recurring tiers tiers_mode transform_quantity"
        ),
        **_all(NotModelled(), "transfer_lookup_key"),
    },
    required=("currency",),
)

CREATE_PRODUCT = PRODUCT_DATA.also(
    default_price_data=Hash(
        {**_PRICE, **_all(NotModelled(), "currency_options custom_unit_amount recurring")},
        required=("currency",),
    ),
    expand=EXPAND,
    shippable=Flag(),
    type=Text(("good", "service")),
    url=Url(),
    **_all(Anything(), "marketing_features package_dimensions"),
)

LIST_PRODUCTS = PAGE.also(active=Flag(), ids=Many(Text()), **_all(NotModelled(), "shippable type url"))
LIST_PRICES = PAGE.also(
    active=Flag(),
    currency=Text(),
    lookup_keys=Many(Text(), most=10),
    product=Text(),
    type=Text(("one_time", "recurring")),
    recurring=NotModelled(),
)

_LINE_ITEM = Hash(
    {
        "metadata": Metadata(),
        "price": Text(),
        "price_data": Hash(
            {**_PRICE, "product": Text(), "product_data": PRODUCT_DATA, "recurring": NotModelled()},
            required=("currency",),
        ),
        "quantity": Whole(1, 999_999),
        **_all(NotModelled(), "adjustable_quantity tax_rates"),
    }
)

_INTENT_DATA: dict[str, Kind] = {
    "description": Text(),
    "metadata": Metadata(),
    "receipt_email": Text(),
    "setup_future_usage": Text(("off_session", "on_session")),
    "shipping": Anything(),
    "statement_descriptor": Text(longest=22),
    "statement_descriptor_suffix": Text(longest=22),
    "transfer_group": Text(),
    **_all(NotModelled(), "application_fee_amount capture_method on_behalf_of transfer_data"),
}

CREATE_SESSION = Hash(
    {
        "adaptive_pricing": Hash({"enabled": Flag()}),
        "allow_promotion_codes": Flag(),
        "allowed_payment_method_types": Many(Text()),
        "billing_address_collection": Text(("auto", "required")),
        "cancel_url": Url(),
        "client_reference_id": Text(longest=200),
        "currency": Text(),
        "customer_creation": Text(("always", "if_required")),
        "customer_email": Text(longest=800),
        "excluded_payment_method_types": Many(Text()),
        "expand": EXPAND,
        "expires_at": Whole(),
        "integration_identifier": Text(),
        "line_items": Many(_LINE_ITEM),
        "locale": Text(),
        "metadata": Metadata(),
        "mode": Text(("payment", "setup", "subscription")),
        "origin_context": Text(("mobile_app", "web")),
        "payment_intent_data": Hash(_INTENT_DATA),
        "submit_type": Text(("auto", "book", "donate", "pay", "subscribe")),
        "success_url": Url(),
        "ui_mode": Text(("hosted_page",)),
        **_all(Anything(), "branding_settings consent_collection custom_text name_collection"),
        **_all(Anything(), "payment_method_configuration payment_method_data payment_method_options"),
        **_all(
            Anything(),
            "phone_number_collection saved_payment_method_options tax_id_collection wallet_options",
        ),
        **_all(NotModelled(), "after_expiration automatic_tax custom_fields customer customer_account"),
        **_all(NotModelled(), "customer_update discounts invoice_creation managed_payments optional_items"),
        **_all(NotModelled(), "payment_method_collection permissions redirect_on_completion return_url"),
        **_all(
            NotModelled(), "setup_intent_data shipping_address_collection shipping_options subscription_data"
        ),
    },
    required=("mode", "line_items", "success_url"),
)

LIST_SESSIONS = PAGE.also(
    payment_intent=Text(),
    status=Text(("complete", "expired", "open")),
    **_all(NotModelled(), "customer customer_account customer_details payment_link subscription"),
)

_INTENT_OPTIONS = _all(
    Anything(),
    "allowed_payment_method_types automatic_payment_methods error_on_requires_action return_url"
    " excluded_payment_method_types payment_method_configuration payment_method_options use_stripe_sdk",
)
CREATE_INTENT = Hash(
    {
        **_INTENT_DATA,
        **_INTENT_OPTIONS,
        "amount": Whole(1, 99_999_999),
        "confirm": Flag(),
        "currency": Text(),
        "expand": EXPAND,
        "payment_method": Text(),
        **_all(
            NotModelled(),
            "amount_details confirmation_method confirmation_token customer customer_account hooks",
        ),
        **_all(
            NotModelled(),
            "mandate mandate_data off_session payment_details payment_method_data radar_options",
        ),
    },
    required=("amount", "currency"),
)
CONFIRM_INTENT = Hash({**_INTENT_OPTIONS, "expand": EXPAND, "payment_method": Text()})
LIST_CHARGES = PAGE.also(payment_intent=Text(), **_all(NotModelled(), "customer transfer_group"))

CREATE_METHOD = Hash(
    {
        "billing_details": Hash(
            {**_all(Text(), "email name phone tax_id"), "address": Anything()},
        ),
        "card": Hash(_all(Text(), "cvc exp_month exp_year number token")),
        "expand": EXPAND,
        "metadata": Metadata(),
        "sepa_debit": Hash({"iban": Text()}),
        "type": Text(("card", "sepa_debit", "us_bank_account")),
        "us_bank_account": Hash(
            _all(Text(), "account_holder_type account_number account_type routing_number")
        ),
    },
    required=("type",),
)

CONFIRM_PAGE = Hash(
    {"expand": EXPAND, "expected_amount": Whole(), "payment_method": Text()}, required=("payment_method",)
)

LIST_EVENTS = PAGE.also(delivery_success=Flag(), type=Text(), types=Many(Text(), most=20))

_REVERSALS = PAGE.also(charge=Text(), payment_intent=Text())
LIST_REFUNDS = LIST_DISPUTES = LIST_WARNINGS = _REVERSALS
CREATE_REFUND = Hash(
    {
        "amount": Whole(1),
        "charge": Text(),
        "currency": Text(),
        "expand": EXPAND,
        "instructions_email": Text(),
        "metadata": Metadata(),
        "payment_intent": Text(),
        "reason": Text(("duplicate", "fraudulent", "requested_by_customer")),
        **_all(NotModelled(), "customer origin refund_application_fee reverse_transfer"),
    }
)
UPDATE_REFUND = Hash({"expand": EXPAND, "metadata": Metadata(changes=True)})
UPDATE_DISPUTE = UPDATE_REFUND.also(
    evidence=Hash({**_all(Text(longest=20_000), " ".join(EVIDENCE)), **_all(Anything(), _DEEP_EVIDENCE)}),
    intended_submission_method=Text(("manual", "prefer_manual", "prefer_smart_disputes", "smart_disputes")),
    submit=Flag(),
)

_WEBHOOK: dict[str, Kind] = {
    "description": Text(),
    "enabled_events": Many(Text()),
    "expand": EXPAND,
    "url": Url(),
}
CREATE_WEBHOOK = Hash(
    {**_WEBHOOK, "api_version": Text(API_VERSIONS), "connect": NotModelled(), "metadata": Metadata()},
    required=("enabled_events", "url"),
)
UPDATE_WEBHOOK = Hash({**_WEBHOOK, "disabled": Flag(), "metadata": Metadata(changes=True)})

# Gone from the current version; an account's older default version, which a request without a
# Stripe-Version header gets, still takes them (the Stripe CLI sends them so).
OLDER: dict[str, Kind] = {"payment_method_types": Many(Text())}
