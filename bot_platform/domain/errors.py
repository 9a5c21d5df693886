"""Refusals: why something that was asked for is not done, as a text for the user."""


class Refusal(Exception):
    """A refusal: the name of its text, and the values in the text."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text)
        self.text = text
        self.values_for_text = values


class NoAccount(Refusal):
    """The Telegram user has no account here."""

    def __init__(self) -> None:
        super().__init__("no-account")


class NoSuchPackage(Refusal):
    """The package of the button is not in the price list any more."""

    def __init__(self) -> None:
        super().__init__("no-such-package")


class CheckoutUnavailable(Refusal):
    """The provider could not open a checkout; a later press is a new attempt."""


class NotEnough(Refusal):
    """The available credits are not enough."""

    def __init__(self, needed: int, available: int) -> None:
        super().__init__("not-enough", needed=needed, available=available)


class AccountFrozen(Refusal):
    """A bank's inquiry about a payment is open; until it ends, nothing new begins."""

    def __init__(self) -> None:
        super().__init__("account-frozen")


class Banned(Refusal):
    """An operator banned the user; nothing new begins."""

    def __init__(self) -> None:
        super().__init__("account-banned")


class BooksBroken(Refusal):
    """The books of the account are off; nothing is spent from it until they are repaired."""

    def __init__(self) -> None:
        super().__init__("books-broken")


class TooManyQuestions(Refusal):
    """The person has asked the operators so often that a further question would not be read sooner."""

    def __init__(self, most: int) -> None:
        super().__init__("paysupport-too-many", most=most)


class CannotRefund(Refusal):
    """Why the money of a purchase is not returned."""


class CannotGrant(Refusal):
    """Why an operator's grant is not made."""


class NotFound(Refusal):
    """Nothing has that name or number."""


class InvalidInput(Refusal):
    """The input is incomplete or invalid; the text says what to write instead."""


class CannotBroadcast(Refusal):
    """Why a broadcast is not sent."""


class NoSuchPurchase(Refusal):
    """The user has no such purchase."""

    def __init__(self) -> None:
        super().__init__("no-such-purchase")


class ProviderUnavailable(Refusal):
    """The provider does not answer, so the state of a payment is unknown."""

    def __init__(self) -> None:
        super().__init__("cannot-ask-now")


class CheckoutOfAnotherAccount(Refusal):
    """The checkout was opened with another account's key, and this key cannot ask about it."""

    def __init__(self) -> None:
        super().__init__("link-not-in-use")


class NoSuchJob(Refusal):
    """The user has no such job, or it has ended."""

    def __init__(self) -> None:
        super().__init__("no-such-job")


class TooManyJobs(Refusal):
    """The user has too many waiting jobs."""

    def __init__(self, waiting: int) -> None:
        super().__init__("too-many-jobs", waiting=waiting)


class CannotOrder(Refusal):
    """The order cannot be done, or not in this form."""
