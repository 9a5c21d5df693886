"""Bugs to plant, one at a time, and for each the tests that must notice it."""

from dataclasses import dataclass
from pathlib import Path

RELIABILITY = "tests/reliability"
LEDGER = "tests/domain/test_ledger.py"
WORK = "tests/domain/test_audit_of_jobs.py"
REFUND = "tests/flows/test_refund.py"
RULE = "tests/domain/test_reversals.py"
EVENTS = "tests/providers/stripe/test_events.py"
ORDERS = f"{RELIABILITY}/test_permutations.py"
MACHINE = f"{RELIABILITY}/test_state_machine.py"
STEPS = f"{MACHINE}::test_after_every_step_the_books_are_as_the_law_says[SQLite]"
COURSE = f"{MACHINE}::test_a_known_course_keeps_the_books_as_the_law_says"
STORIES = f"{RELIABILITY}/test_crash_points.py"
CRASHES = f"{STORIES}::test_a_story_cut_at_any_point_and_begun_again_is_as_if_nothing_was"


@dataclass(frozen=True, slots=True)
class Planted:
    """A bug: in this file of `bot_platform` the new text stands for the old one."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]

    def plant(self, folder: Path) -> None:
        """Change a copy of the project; raises ValueError where the source has moved on."""
        file = folder / "bot_platform" / self.path
        source = file.read_text()
        if source.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.path} has this text {source.count(self.old)} times")
        file.write_text(source.replace(self.old, self.new))


PLANTED = (
    Planted(
        "credits are taken back rounded down",
        "domain/purchases.py",
        "-(-purchase.credits * min(charged, money_lost) // charged)",
        "purchase.credits * min(charged, money_lost) // charged",
        (f"{RULE}::test_credits_are_taken_in_proportion_rounded_up_and_at_most_all",),
    ),
    Planted(
        "more is captured than was held",
        "domain/ledger.py",
        "if not 0 <= amount <= held.amount:",
        "if amount < 0:",
        (LEDGER,),
    ),
    Planted(
        "an account is read and not locked",
        "domain/ledger.py",
        '    await Account.filter(user_id=user_id).update(seq=F("seq"))\n',
        "",
        (f"{LEDGER}::test_credits_for_k_of_n_holds_admit_exactly_k",),
    ),
    Planted(
        "a cause is posted again",
        "domain/ledger.py",
        "    if await find_entry(cause):\n        return False\n",
        "",
        (f"{LEDGER}::test_a_cause_is_posted_once_and_says_so", STEPS),
    ),
    Planted(
        "a debt is forgiven",
        "domain/ledger.py",
        "    account.balance += amount\n",
        "    account.balance = max(0, account.balance + amount)\n",
        (STEPS,),
    ),
    Planted(
        "a checkout is credited before its money came",
        "providers/stripe/events.py",
        'case (("completed" | "async_payment_succeeded"), "paid"):',
        'case (("completed" | "async_payment_succeeded"), "paid" | "unpaid"):',
        (EVENTS,),
    ),
    Planted(
        "what came last counts, not what was said last",
        "domain/reversals.py",
        "    if _order(news) > _order(known):",
        "    if True:",
        (ORDERS,),
    ),
    Planted(
        "of one second the first that came counts",
        "domain/reversals.py",
        "    if _order(news) > _order(known):",
        "    if news.as_of > known.as_of:",
        (ORDERS,),
    ),
    Planted(
        "a reversal never meets the payment it waited for",
        "flows/settle.py",
        "    await reverse.join(purchase, operators, again=was_kept_aside)\n",
        "",
        (ORDERS,),
    ),
    Planted(
        "the hold of a refund stays",
        "flows/reverse.py",
        "        await ledger.release(account, held)\n",
        "        pass\n",
        (f"{REFUND}::test_a_refund_returns_all_the_money_and_takes_all_the_credits[SQLite]",),
    ),
    Planted(
        "a question of a bank freezes nobody",
        "flows/freeze.py",
        "    frozen = await reversals.freezes(account.user_id)\n",
        "    frozen = False\n",
        (STEPS,),
    ),
    Planted(
        "a refund and a dispute take more than was paid",
        "domain/purchases.py",
        "min(charged, money_lost)",
        "money_lost",
        (ORDERS,),
    ),
    Planted(
        "an event is stored before its effect",
        "flows/provider_events.py",
        "        return await payments.database.transact(_receive, payments, event, prepared)\n",
        """
        nothing = Prepared(NotForUs("nothing", keep=True))
        outcome = await payments.database.transact(_receive, payments, event, nothing)
        return outcome if outcome.repeat else await payments.database.transact(_apply, payments, prepared)
""",
        (CRASHES,),
    ),
    Planted(
        "a worker who lost the work still counts",
        "domain/job_leases.py",
        "Job.filter(id=job.id, fence=job.fence, ",
        "Job.filter(id=job.id, fence__gte=job.fence, ",
        (f"{COURSE}[SQLite-too late to finish]",),
    ),
    Planted(
        "nobody wakes what waits",
        "flows/wake.py",
        "    while waiting and await admit(account, waiting[0]) is None:\n",
        "    while not waiting and await admit(account, waiting[0]) is None:\n",
        (f"{COURSE}[SQLite-a grant]",),
    ),
    Planted(
        "a grant wakes nobody",
        "flows/grant.py",
        "    await wake(account)\n",
        "",
        (f"{COURSE}[SQLite-a grant]",),
    ),
    Planted(
        "credits that are given back wake nobody",
        "flows/reverse.py",
        "    await wake(account)  #",
        "    #",
        (f"{COURSE}[SQLite-a dispute that is won]",),
    ),
    Planted(
        "work that ends wakes nobody",
        "flows/run_job.py",
        "    await _notify_if_low(context, account, before, job.place)\n    await wake(account)\n\n",
        "    await _notify_if_low(context, account, before, job.place)\n\n",
        (f"{COURSE}[SQLite-an end below the hold]",),
    ),
    Planted(
        "an order decides without a lock on the account",
        "flows/order_work.py",
        """    account = await ledger.lock(user.id)
    if known""",
        """    account = await ledger.find_account(user.id)
    if known""",
        (f"{WORK}::test_an_order_concurrent_with_its_credits_never_stays_parked",),
    ),
    Planted(
        "work costs what was used beyond its hold",
        "flows/run_job.py",
        "charged = min(cost, held.amount)",
        "charged = cost",
        (f"{COURSE}[SQLite-an end beyond the hold]",),
    ),
    Planted(
        "a person has as much running as all together may",
        "domain/job_leases.py",
        'f"< {for_one}", for_one, kinds)',
        'f"< {in_all}", in_all, kinds)',
        (f"{COURSE}[SQLite-a share of workers]",),
    ),
)
