"""What a person may be told when the answer is no."""


class Refusal(Exception):
    """A no that a person may read: the name of its text, and what stands in the text."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text)
        self.text = text
        self.values_for_text = values


class NoAccount(Refusal):
    """Somebody pressed or paid before /start."""

    def __init__(self) -> None:
        super().__init__("no-account")


class NoSuchPackage(Refusal):
    """The button's package has left the price list."""

    def __init__(self) -> None:
        super().__init__("no-such-package")


class CheckoutUnavailable(Refusal):
    """The provider could not open a checkout; a later press is a new attempt."""


class NotEnough(Refusal):
    """The available credit does not reach."""

    def __init__(self, needed: int, available: int) -> None:
        super().__init__("not-enough", needed=needed, available=available)


class AccountFrozen(Refusal):
    """A bank's question about a payment is open: nothing new is begun until it is answered."""

    def __init__(self) -> None:
        super().__init__("account-frozen")


class Banned(Refusal):
    """An operator banned the person: nothing new is begun."""

    def __init__(self) -> None:
        super().__init__("account-banned")


class BooksBroken(Refusal):
    """The account's books do not add up, so nothing is spent from it until they are mended."""

    def __init__(self) -> None:
        super().__init__("books-broken")


class CannotRefund(Refusal):
    """Why the money of a purchase is not returned, told to whoever asked for it."""


class CannotGrant(Refusal):
    """Why credits are not given or taken by hand, told to whoever asked for it."""


class NotFound(Refusal):
    """There is nothing to show by that name."""


class InvalidInput(Refusal):
    """What was written says too little or makes no sense; the text says what to write instead."""


class CannotBroadcast(Refusal):
    """Why a message is not sent to everybody, told to whoever wrote it."""


class NoSuchPurchase(Refusal):
    """The purchase asked about is not this person's."""

    def __init__(self) -> None:
        super().__init__("no-such-purchase")


class ProviderUnavailable(Refusal):
    """The provider does not answer, so nothing new can be said of a payment."""

    def __init__(self) -> None:
        super().__init__("cannot-ask-now")


class NoSuchJob(Refusal):
    """The work spoken of is not this person's, or has ended."""

    def __init__(self) -> None:
        super().__init__("no-such-job")


class TooManyJobs(Refusal):
    """So much waits already that nothing more is taken."""

    def __init__(self, waiting: int) -> None:
        super().__init__("too-many-jobs", waiting=waiting)


class CannotOrder(Refusal):
    """What was ordered cannot be done here, or not like this."""
