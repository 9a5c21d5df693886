"""The stages of refunds, disputes and fraud warnings, in the order in which they follow each other."""

from enum import StrEnum


class Stage(StrEnum):
    """The stage of a refund, dispute or warning.

    Ordered: of two events with the same timestamp the one with the higher rank wins.
    """

    REFUNDED_IN_ALL = "refunded_in_all"  # the total of `charge.refunded`
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"
    REFUND_UNDONE = "refund_undone"  # failed or cancelled: the money stayed with us
    INQUIRY = "inquiry"  # the bank asks, and has taken nothing
    INQUIRY_CLOSED = "inquiry_closed"
    DISPUTED = "disputed"
    APPEALED = "appealed"
    LOST = "lost"
    PREVENTED = "prevented"  # ended before the bank decided: by a refund, or by a block
    WON = "won"
    WARNED = "warned"  # the bank suspects fraud
    WARNING_OVER = "warning_over"

    @property
    def rank(self) -> int:
        """The position in the list above."""
        return list(Stage).index(self)
