"""Random reports of a provider about one payment: refunds, disputes and warnings, in a possible order."""

from random import Random

from bot_platform.domain.checkout import Stage
from tests.reliability.stateful.final_states import CHARGED, EXPIRED, FAILED, PAID, PENDING, Happens
from tests.reliability.stateful.one_sale import Said

DISPUTES: tuple[tuple[Stage, ...], ...] = (
    (Stage.DISPUTED,),
    (Stage.DISPUTED, Stage.WON),
    (Stage.DISPUTED, Stage.LOST),
    (Stage.DISPUTED, Stage.LOST, Stage.WON),
    (Stage.DISPUTED, Stage.LOST, Stage.APPEALED, Stage.WON),
    (Stage.INQUIRY, Stage.INQUIRY_CLOSED),
    (Stage.INQUIRY, Stage.DISPUTED, Stage.WON),
    (Stage.INQUIRY, Stage.DISPUTED, Stage.LOST, Stage.WON),
)
REFUNDS: tuple[tuple[Stage, ...], ...] = (
    (Stage.REFUNDED,),
    (Stage.REFUND_PENDING, Stage.REFUNDED),
    (Stage.REFUND_PENDING, Stage.REFUND_UNDONE),
    (Stage.REFUND_PENDING, Stage.REFUNDED, Stage.REFUND_UNDONE),
)
WARNINGS: tuple[tuple[Stage, ...], ...] = ((Stage.WARNED,), (Stage.WARNED, Stage.WARNING_OVER))


def life(random: Random, longest: int = 14) -> list[Happens]:
    """Make at most `longest` reports, one of them the payment; several may share a second."""
    threads = [[("dp", stage, 100 * random.randint(1, 5)) for stage in random.choice(DISPUTES)]]
    threads += [
        [(f"re_{n}", stage, 50 * n) for stage in random.choice(REFUNDS)]
        for n in range(1, random.randint(1, 5))
    ]
    if random.random() < 0.4:
        threads.append([("issfr", stage, 0) for stage in random.choice(WARNINGS)])
    happens: list[Happens] = [PAID, *random.sample((PENDING, EXPIRED, FAILED), random.randint(0, 2))]
    with_totals, at, refunded = random.random() < 0.5, 0, dict[str, int]()
    while threads and len(happens) < longest:
        thread = random.choice(threads)
        name, stage, amount = thread.pop(0)
        threads = [one for one in threads if one]
        at += random.choice((0, 0, 1, 5))
        one: Said = (name, stage, amount, at)
        if not (stage is Stage.REFUNDED and with_totals and random.random() < 0.3):  # some are never told
            happens.append(one)
        if not name.startswith("re_"):
            continue
        refunded[name] = 0 if stage is Stage.REFUND_UNDONE else amount
        total = min(CHARGED, sum(refunded.values()))
        if with_totals and stage is not Stage.REFUND_UNDONE:
            happens.append(("ch", Stage.REFUNDED_IN_ALL, total, at))
        if stage is Stage.REFUND_UNDONE and random.random() < 0.3:
            happens.append((name, stage, amount, at + 7))  # and read again as it stands
    return happens[:longest]
