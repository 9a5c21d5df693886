"""Payment methods: Stripe's test cards and test bank accounts, and how payments with them end."""

from bot_platform.sandbox.stripe import object_ids
from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.errors import ApiError, missing_parameter, no_such
from bot_platform.sandbox.stripe.state import Row

# Card number, token and predefined payment method of Stripe's test mode, by the last four digits.
_CARDS = {
    "4242": ("4242424242424242", "tok_visa", "pm_card_visa"),
    "0002": ("4000000000000002", "tok_chargeDeclined", "pm_card_chargeDeclined"),
    "9995": (
        "4000000000009995",
        "tok_chargeDeclinedInsufficientFunds",
        "pm_card_chargeDeclinedInsufficientFunds",
    ),
    "0259": ("4000000000000259", "tok_createDispute", "pm_card_createDispute"),
    "1976": ("4000000000001976", "tok_createDisputeInquiry", "pm_card_createDisputeInquiry"),
    "5423": ("4000000000005423", "tok_createIssuerFraudRecord", "pm_card_createIssuerFraudRecord"),
    "7726": ("4000000000007726", "tok_pendingRefund", "pm_card_pendingRefund"),
    "5126": ("4000000000005126", "tok_refundFail", "pm_card_refundFail"),
}
_DECLINES = {"0002": "generic_decline", "9995": "insufficient_funds"}
# The scheduled action on a charge after the card has paid.
_SCHEDULED_ACTIONS = {"0259": "dispute_charge", "1976": "inquire_charge", "5423": "warn_of_charge"}
_CARDS_WITH_PENDING_REFUNDS = frozenset(["7726"])
_CARDS_WITH_FAILING_REFUNDS = frozenset(["5126"])

PAYING_BANK_ACCOUNTS = {"sepa_debit": "AT611904300234573201", "us_bank_account": "000123456789"}
FAILING_BANK_ACCOUNTS = {"sepa_debit": "AT861904300235473202", "us_bank_account": "000111111116"}
_PAID_VOUCHER, _UNPAID_VOUCHER = "12345678901234657890123456789012", "12345678901234657890123456780000"
_FAILING_ACCOUNT_NUMBERS = frozenset(
    {*FAILING_BANK_ACCOUNTS.values(), _UNPAID_VOUCHER, "IT60X0542811101000000123456"}
)
_ACCOUNT_NUMBER_FIELDS = {"sepa_debit": "iban", "us_bank_account": "account_number", "oxxo": "number"}
_FAILING_LAST4 = frozenset(number[-4:] for number in _FAILING_ACCOUNT_NUMBERS)


def add(account: Account, params: Row) -> Row:
    """Create a payment method from the parameters of `POST /v1/payment_methods`."""
    kind = params["type"]
    details = _card(params) if kind == "card" else _bank_account(kind, params)
    billing = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
    return account.add(
        "payment_methods",
        {
            "id": object_ids.new("pm"),
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": {**billing, **params.get("billing_details", {})},
            "created": account.now(),
            "customer": None,
            "livemode": False,
            "metadata": params.get("metadata", {}),
            "type": kind,
            kind: details,
        },
    )


def resolve(account: Account, id_: str) -> Row:
    """Return the payment method of an id. Creates one for a predefined id such as `pm_card_visa`."""
    for number, _, predefined_id in _CARDS.values():
        if id_ == predefined_id:
            return add(account, {"type": "card", "card": {"number": number}})
    return account.find("payment_methods", id_, "payment_method", status=400)


def is_delayed(method: Row) -> bool:
    """Whether a payment stays `processing` first, as from a bank account."""
    return bool(method["type"] != "card")


def is_voucher(method: Row) -> bool:
    """Whether the payer gets a voucher to pay in a shop."""
    return bool(method["type"] == "oxxo")


def will_fail(method: Row) -> bool:
    """Whether payments with this test card or account fail."""
    last4 = method[method["type"]]["last4"]
    return last4 in _FAILING_LAST4 if is_delayed(method) else last4 in _DECLINES


def scheduled_action(method: Row) -> str | None:
    """Return the name of the scheduled action after a payment with this test card, or None."""
    return None if is_delayed(method) else _SCHEDULED_ACTIONS.get(method["card"]["last4"])


def refund_is_pending(method: Row) -> bool:
    """Whether a refund is `pending` first. It always is for a bank account."""
    return is_delayed(method) or method["card"]["last4"] in _CARDS_WITH_PENDING_REFUNDS


def refund_fails(method: Row) -> bool:
    """Whether a refund succeeds first and fails later."""
    return not is_delayed(method) and method["card"]["last4"] in _CARDS_WITH_FAILING_REFUNDS


def failure(method: Row) -> Row:
    """Return `last_payment_error` for a failed payment."""
    if is_delayed(method):
        return {
            "code": "payment_method_provider_decline",
            "message": "The bank did not carry out this transfer.",
            "payment_method": method,
            "type": "invalid_request_error",
        }
    decline = _DECLINES[method["card"]["last4"]]
    reason = (
        "Your card has insufficient funds." if decline == "insufficient_funds" else "Your card was declined."
    )
    return {
        "code": "card_declined",
        "decline_code": decline,
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        "message": reason,
        "payment_method": method,
        "type": "card_error",
    }


def _card(params: Row) -> Row:
    card = params.get("card", {})
    number = card.get("token") or card.get("number", "").replace(" ", "")
    if not number:
        raise missing_parameter("card[token]")
    for last4, names in _CARDS.items():
        if number in names:
            return {
                "brand": "visa",
                "checks": {
                    "address_line1_check": None,
                    "address_postal_code_check": None,
                    "cvc_check": "pass",
                },
                "country": "US",
                "exp_month": 12,
                "exp_year": 2034,
                "fingerprint": "sandbox",
                "funding": "credit",
                "last4": last4,
                "networks": {"available": ["visa"], "preferred": None},
                "three_d_secure_usage": {"supported": True},
            }
    if "token" in card:
        raise no_such("token", number, "card[token]", status=400)
    raise ApiError(
        "Your card number is incorrect.",
        status=402,
        type_="card_error",
        code="incorrect_number",
        param="card[number]",
    )


def bank_details(kind: str, number: str) -> Row:
    """Return the parameters of `POST /v1/payment_methods` for an account number."""
    return {_ACCOUNT_NUMBER_FIELDS[kind]: number}


def voucher(*, paid: bool) -> Row:
    """Return the parameters for a voucher that is paid in a shop later, or never."""
    return {"number": _PAID_VOUCHER if paid else _UNPAID_VOUCHER}


def _bank_account(kind: str, params: Row) -> Row:
    field = _ACCOUNT_NUMBER_FIELDS[kind]
    number = params.get(kind, {}).get(field)
    if not number:
        raise missing_parameter(f"{kind}[{field}]")
    return {
        "bank_name": "Sandbox Bank",
        "country": number[:2] if kind == "sepa_debit" else "US",
        "last4": number[-4:],
    }
