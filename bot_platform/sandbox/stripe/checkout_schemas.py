"""The parameter schemas of products, prices, checkout sessions and payment pages."""

from bot_platform.sandbox.stripe.parameter_types import (
    Array,
    Boolean,
    Hash,
    Ignored,
    Integer,
    Map,
    Metadata,
    ParameterType,
    String,
    Unsupported,
    Url,
)
from bot_platform.sandbox.stripe.schemas import EXPAND, INTENT_DATA, PAGE, each

_NAME = String(max_chars=250)

PRODUCT_DATA = Hash(
    {
        "active": Boolean(),
        "description": String(),
        "id": String(),
        "images": Array(String(), max_items=8),
        "metadata": Metadata(),
        "name": _NAME,
        "statement_descriptor": String(max_chars=22),
        "unit_label": String(max_chars=12),
        **each(Ignored(), "tax_code tax_details"),
    },
    required=("name",),
)

_PRICE: dict[str, ParameterType] = {
    "currency": String(),
    "metadata": Metadata(),
    "tax_behavior": String(("exclusive", "inclusive", "unspecified")),
    "unit_amount": Integer(0, 999_999_999_999),
    "unit_amount_decimal": String(),
}

CREATE_PRICE = Hash(
    {
        **_PRICE,
        "active": Boolean(),
        "expand": EXPAND,
        "lookup_key": String(max_chars=200),
        "nickname": String(),
        "product": String(),
        "product_data": PRODUCT_DATA,
        "billing_scheme": String(("per_unit",)),
        **each(Unsupported(), "custom_unit_amount recurring tiers tiers_mode transform_quantity"),
        "currency_options": Map(Hash({"unit_amount": Integer(0)}, required=("unit_amount",))),
        **each(Unsupported(), "transfer_lookup_key"),
    },
    required=("currency",),
)

CREATE_PRODUCT = PRODUCT_DATA.extended(
    default_price_data=Hash(
        {**_PRICE, **each(Unsupported(), "currency_options custom_unit_amount recurring")},
        required=("currency",),
    ),
    expand=EXPAND,
    shippable=Boolean(),
    type=String(("good", "service")),
    url=Url(),
    **each(Ignored(), "marketing_features package_dimensions"),
)

LIST_PRODUCTS = PAGE.extended(
    active=Boolean(), ids=Array(String()), **each(Unsupported(), "shippable type url")
)
LIST_PRICES = PAGE.extended(
    active=Boolean(),
    currency=String(),
    lookup_keys=Array(String(), max_items=10),
    product=String(),
    type=String(("one_time", "recurring")),
    recurring=Unsupported(),
)

_LINE_ITEM = Hash(
    {
        "metadata": Metadata(),
        "price": String(),
        "price_data": Hash(
            {**_PRICE, "product": String(), "product_data": PRODUCT_DATA, "recurring": Unsupported()},
            required=("currency",),
        ),
        "quantity": Integer(1, 999_999),
        **each(Unsupported(), "adjustable_quantity tax_rates"),
    }
)

CREATE_SESSION = Hash(
    {
        "adaptive_pricing": Hash({"enabled": Boolean()}),
        "allow_promotion_codes": Boolean(),
        "allowed_payment_method_types": Array(String()),
        "automatic_tax": Hash({"enabled": Boolean()}),
        "billing_address_collection": String(("auto", "required")),
        "cancel_url": Url(),
        "client_reference_id": String(max_chars=200),
        "currency": String(),
        "customer_creation": String(("always", "if_required")),
        "customer_email": String(max_chars=800),
        "excluded_payment_method_types": Array(String()),
        "expand": EXPAND,
        "expires_at": Integer(),
        "integration_identifier": String(),
        "line_items": Array(_LINE_ITEM),
        "locale": String(),
        "managed_payments": Hash({"enabled": Boolean()}),
        "metadata": Metadata(),
        "mode": String(("payment", "setup", "subscription")),
        "origin_context": String(("mobile_app", "web")),
        "payment_intent_data": Hash(INTENT_DATA),
        "submit_type": String(("auto", "book", "donate", "pay", "subscribe")),
        "success_url": Url(),
        "ui_mode": String(("hosted_page",)),
        **each(Ignored(), "branding_settings consent_collection custom_text name_collection"),
        **each(Ignored(), "payment_method_configuration payment_method_data payment_method_options"),
        **each(
            Ignored(),
            "phone_number_collection saved_payment_method_options tax_id_collection wallet_options",
        ),
        **each(Unsupported(), "after_expiration custom_fields customer customer_account"),
        **each(Unsupported(), "customer_update discounts invoice_creation optional_items"),
        **each(Unsupported(), "payment_method_collection permissions redirect_on_completion return_url"),
        **each(
            Unsupported(), "setup_intent_data shipping_address_collection shipping_options subscription_data"
        ),
    },
    required=("mode", "line_items", "success_url"),
)

LIST_SESSIONS = PAGE.extended(
    payment_intent=String(),
    status=String(("complete", "expired", "open")),
    **each(Unsupported(), "customer customer_account customer_details payment_link subscription"),
)

CONFIRM_PAYMENT_PAGE = Hash(
    {"expand": EXPAND, "expected_amount": Integer(), "payment_method": String()}, required=("payment_method",)
)
