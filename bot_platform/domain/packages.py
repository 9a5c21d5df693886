"""The price list: the packages that users can buy, checked when the list is read."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot_platform.domain.amounts import HUNDREDTHS, known_currency, short_credits_text
from bot_platform.domain.errors import NoSuchPackage

# The code is the callback data of a button: 1 to 64 bytes, and no character that needs escaping.
CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
STRIPE_PRICE = re.compile(r"price_[A-Za-z0-9_]+")
MAX_AMOUNT = 99_999_999  # in minor units, and in whole credits: Stripe charges no more at once
MAX_AMOUNTS = {"idr": 999_999_999_999}  # except in these currencies
KEYS = {"code", "credits", "amount", "currency", "stripe_price"}


class PriceListError(ValueError):
    """The price list is invalid; `problems` has one line for each problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Package:
    """A number of credits and its price: `credits` in hundredths, `amount` in minor units."""

    code: str
    credits: int
    amount: int
    currency: str
    stripe_price: str | None = None

    @property
    def title(self) -> str:
        """Its name on a receipt."""
        return f"{short_credits_text(self.credits)} credits"


@dataclass(frozen=True, slots=True)
class PriceList:
    """The packages on sale, in the order of their buttons."""

    packages: tuple[Package, ...]

    def __iter__(self) -> Iterator[Package]:
        return iter(self.packages)

    def get(self, code: str) -> Package:
        """Find a package by its code; raises NoSuchPackage."""
        for package in self.packages:
            if package.code == code:
                return package
        raise NoSuchPackage

    def covering(self, missing: int) -> Package:
        """Choose the cheapest package with at least `missing` hundredths of a credit, or else the largest."""
        enough = [package for package in self.packages if package.credits >= missing]
        if not enough:
            return max(self.packages, key=lambda package: package.credits)
        return min(enough, key=lambda package: package.amount)

    def has_stripe_price(self, code: str) -> bool:
        """Whether the list names a price kept in Stripe for the package with this code."""
        return any(package.stripe_price for package in self.packages if package.code == code)

    def sold_as(self, *, price: str | None, amount: int, currency: str) -> Package | None:
        """Find the package of a checkout's line: by price id where it has one, else by amount and currency.

        Another price of the same amount is that of another product.
        """
        by_price = [p for p in self.packages if price and p.stripe_price == price]
        by_amount = [
            p for p in self.packages if not p.stripe_price and (p.amount, p.currency) == (amount, currency)
        ]
        found = by_price or by_amount
        return found[0] if len(found) == 1 else None


BUILT_IN = PriceList(
    (
        Package("buy_100", 100 * HUNDREDTHS, 500, "usd"),
        Package("buy_500", 500 * HUNDREDTHS, 2000, "usd"),
    )
)


def read(toml: str) -> PriceList:
    """Read a price list written as `[[package]]` tables; raises PriceListError naming every problem."""
    try:
        document = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise PriceListError([f"it is not valid TOML: {error}"]) from error
    tables = document.pop("package", [])
    if not isinstance(tables, list) or not tables or not all(isinstance(t, dict) for t in tables):
        raise PriceListError(["it has no [[package]] table"])
    problems = [
        f"{key!r} is no part of a price list, only [[package]] tables are" for key in sorted(document)
    ]
    problems += [
        f"package {n}: {problem}" for n, table in enumerate(tables, 1) for problem in _problems(table)
    ]
    codes = [table["code"] for table in tables if isinstance(table.get("code"), str)]
    problems += [
        f"the code {code!r} stands twice" for code in sorted({c for c in codes if codes.count(c) > 1})
    ]
    if problems:
        raise PriceListError(problems)
    return PriceList(
        tuple(
            Package(t["code"], t["credits"] * HUNDREDTHS, t["amount"], t["currency"], t.get("stripe_price"))
            for t in tables
        )
    )


def _problems(table: dict[str, Any]) -> Iterator[str]:
    for key in sorted(table.keys() - KEYS - {"stars"}):  # known, and not used yet
        yield f"{key!r} is no key of a package; the keys are {', '.join(sorted(KEYS))}"
    code, currency, price = table.get("code"), table.get("currency"), table.get("stripe_price")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        yield 'code must be 1 to 64 letters, digits, "_" or "-", such as "buy_100"'
    for key in ("credits", "amount"):
        value = table.get(key)
        most = MAX_AMOUNTS.get(str(currency), MAX_AMOUNT) if key == "amount" else MAX_AMOUNT
        if type(value) is not int or not 0 < value <= most:  # a TOML `true` is no number
            yield f"{key} must be a whole number from 1 to {most}"
    if not isinstance(currency, str) or not known_currency(currency):
        yield 'currency must be a lower-case ISO code such as "usd"'
    if price is not None and (not isinstance(price, str) or not STRIPE_PRICE.fullmatch(price)):
        yield 'stripe_price must be the id of a price in Stripe, such as "price_..."'
