"""Products and one-time prices."""

from decimal import Decimal

from bot_platform.sandbox.stripe import object_ids
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.errors import ApiError, missing_parameter, unsupported
from bot_platform.sandbox.stripe.state import Row


def add_product(account: Account, params: Row, origin: Origin, *, active: bool = True) -> Row:
    """Create a product from the parameters of `POST /v1/products` or of `product_data`."""
    id_ = params.get("id") or object_ids.new("prod")
    if id_ in account.state["products"]:
        raise ApiError("Product already exists.", code="resource_already_exists", param="id")
    product = account.add(
        "products",
        {
            "id": id_,
            "object": "product",
            "active": params.get("active", active),
            "attributes": [],
            "created": account.now(),
            "default_price": None,
            "description": params.get("description"),
            "images": params.get("images", []),
            "livemode": False,
            "marketing_features": [],
            "metadata": params.get("metadata", {}),
            "name": params["name"],
            "package_dimensions": None,
            "shippable": params.get("shippable"),
            "statement_descriptor": params.get("statement_descriptor"),
            "tax_code": None,
            "type": params.get("type", "service"),
            "unit_label": params.get("unit_label"),
            "updated": account.now(),
            "url": params.get("url"),
        },
    )
    if "default_price_data" in params:
        price = add_price(account, {**params["default_price_data"], "product": id_}, origin)
        product["default_price"] = price["id"]
    account.emit("product.created", product, origin)
    return product


def add_price(
    account: Account, params: Row, origin: Origin, *, param_prefix: str = "", active: bool = True
) -> Row:
    """Create a one-time price; `param_prefix` is for error messages (`line_items[0][price_data]`)."""
    product = _product_of(account, params, origin, param_prefix=param_prefix, active=active)
    amount = _unit_amount(params, param_prefix)
    price = account.add(
        "prices",
        {
            "id": object_ids.new("price"),
            "object": "price",
            "active": params.get("active", active),
            "billing_scheme": "per_unit",
            "created": account.now(),
            "currency": currency(params["currency"], _name(param_prefix, "currency")),
            **({"currency_options": params["currency_options"]} if "currency_options" in params else {}),
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": params.get("lookup_key"),
            "metadata": params.get("metadata", {}),
            "nickname": params.get("nickname"),
            "product": product["id"],
            "recurring": None,
            "tax_behavior": params.get("tax_behavior", "unspecified"),
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": amount,
            "unit_amount_decimal": str(amount),
        },
    )
    account.emit("price.created", price, origin)
    return price


def currency(code: str, param: str) -> str:
    """Return the currency code in lower case. Raises ApiError if it is not three letters."""
    lowered = code.lower()
    if len(lowered) != len("usd") or not (lowered.isascii() and lowered.isalpha()):
        raise ApiError(f"Invalid currency: {lowered}", param=param)
    return lowered


def _product_of(account: Account, params: Row, origin: Origin, *, param_prefix: str, active: bool) -> Row:
    if ("product" in params) == ("product_data" in params):
        raise missing_parameter(_name(param_prefix, "product"))
    if "product" in params:
        return account.find("products", params["product"], _name(param_prefix, "product"), status=400)
    return add_product(account, params["product_data"], origin, active=active)


def _unit_amount(params: Row, param_prefix: str) -> int:
    if "unit_amount" in params:
        return int(params["unit_amount"])
    if "unit_amount_decimal" not in params:
        raise missing_parameter(_name(param_prefix, "unit_amount"))
    try:
        amount = Decimal(params["unit_amount_decimal"])
    except ArithmeticError:
        raise ApiError("Invalid decimal", param=_name(param_prefix, "unit_amount_decimal")) from None
    if amount != amount.to_integral_value() or amount < 0:
        raise unsupported("fractions of a minor unit")
    return int(amount)


def _name(param_prefix: str, field: str) -> str:
    return f"{param_prefix}[{field}]" if param_prefix else field
