"""What a provider may report of a paid purchase, and the state that must follow, as a table."""

from bot_platform.domain.checkout import Stage
from bot_platform.domain.purchases import PurchaseState
from tests.reliability.stateful.one_sale import Said

PARTLY = PurchaseState.PARTLY_REVERSED
# What was said, and what is available then, of 100.00; with the state, and whether the buyer is frozen.
LIVES: dict[str, tuple[list[Said], tuple[int, PurchaseState, bool]]] = {
    "a partial refund": ([("re_1", Stage.REFUNDED, 200, 0)], (6_000, PARTLY, False)),
    "two refunds": (
        [("re_1", Stage.REFUNDED, 200, 0), ("re_2", Stage.REFUNDED, 100, 0)],
        (4_000, PARTLY, False),
    ),
    "a full refund": ([("re_1", Stage.REFUNDED, 500, 0)], (0, PurchaseState.REVERSED, False)),
    "a pending refund": ([("re_1", Stage.REFUND_PENDING, 200, 0)], (6_000, PARTLY, False)),
    "a refund that failed": (
        [("re_1", Stage.REFUND_PENDING, 200, 0), ("re_1", Stage.REFUND_UNDONE, 200, 1)],
        (10_000, PurchaseState.PAID, False),
    ),
    "one of two refunds cancelled": (
        [
            ("re_1", Stage.REFUND_PENDING, 200, 0),
            ("re_2", Stage.REFUNDED, 300, 1),
            ("re_1", Stage.REFUND_UNDONE, 200, 2),
        ],
        (4_000, PARTLY, False),
    ),
    "only a charge's total": ([("ch", Stage.REFUNDED_IN_ALL, 300, 0)], (4_000, PARTLY, False)),
    "a growing total": (
        [("ch", Stage.REFUNDED_IN_ALL, 200, 0), ("ch", Stage.REFUNDED_IN_ALL, 300, 0)],
        (4_000, PARTLY, False),
    ),
    "a total and its refunds": (
        [
            ("ch", Stage.REFUNDED_IN_ALL, 300, 1),
            ("re_1", Stage.REFUNDED, 200, 0),
            ("re_2", Stage.REFUNDED, 100, 1),
        ],
        (4_000, PARTLY, False),
    ),
    "a refund undone after a total": (
        [("ch", Stage.REFUNDED_IN_ALL, 300, 1), ("re_1", Stage.REFUND_UNDONE, 200, 2)],
        (8_000, PARTLY, False),
    ),
    "a refund undone before a total": (
        [("re_1", Stage.REFUND_UNDONE, 200, 0), ("ch", Stage.REFUNDED_IN_ALL, 100, 1)],
        (8_000, PARTLY, False),
    ),
    "an inquiry": ([("dp", Stage.INQUIRY, 500, 0)], (10_000, PurchaseState.PAID, True)),
    "an inquiry closed": (
        [("dp", Stage.INQUIRY, 500, 0), ("dp", Stage.INQUIRY_CLOSED, 500, 0)],
        (10_000, PurchaseState.PAID, False),
    ),
    "an inquiry that becomes a dispute": (
        [("dp", Stage.INQUIRY, 500, 0), ("dp", Stage.DISPUTED, 500, 0)],
        (0, PurchaseState.REVERSED, False),
    ),
    "a dispute won": (
        [("dp", Stage.DISPUTED, 500, 0), ("dp", Stage.WON, 500, 1)],
        (10_000, PurchaseState.PAID, False),
    ),
    "a dispute lost": (
        [("dp", Stage.DISPUTED, 500, 0), ("dp", Stage.LOST, 500, 1)],
        (0, PurchaseState.REVERSED, False),
    ),
    "a loss appealed": (
        [("dp", Stage.LOST, 500, 0), ("dp", Stage.APPEALED, 500, 1)],
        (0, PurchaseState.REVERSED, False),
    ),
    "lost and won in one second": (
        [("dp", Stage.LOST, 500, 7), ("dp", Stage.WON, 500, 7)],
        (10_000, PurchaseState.PAID, False),
    ),
    "lost, and won an hour later": (
        [("dp", Stage.LOST, 500, 0), ("dp", Stage.WON, 500, 3600)],
        (10_000, PurchaseState.PAID, False),
    ),
    "a refund and a dispute of more than was paid": (
        [("re_1", Stage.REFUNDED, 200, 0), ("dp", Stage.DISPUTED, 500, 1)],
        (0, PurchaseState.REVERSED, False),
    ),
    "a warning of fraud": ([("issfr", Stage.WARNED, 0, 0)], (10_000, PurchaseState.PAID, True)),
    "a warning that is over": (
        [("issfr", Stage.WARNED, 0, 0), ("issfr", Stage.WARNING_OVER, 0, 1)],
        (10_000, PurchaseState.PAID, False),
    ),
}
