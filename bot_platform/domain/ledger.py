"""The books: accounts, their append-only entries, and holds; amounts in hundredths of a credit."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model

from bot_platform.domain.errors import AccountFrozen, Banned, BooksBroken, NotEnough
from bot_platform.infra import commit_events
from bot_platform.infra.clock import now
from bot_platform.infra.sql import insert_if_new


class EntryKind(StrEnum):
    """Why an entry stands in the books."""

    PURCHASE = "purchase"
    WELCOME = "welcome"
    CHARGE = "charge"
    REVERSAL = "reversal"  # a refund or a dispute took credit back, or gave it back
    GRANT = "grant"  # an operator's own doing


class HoldState(StrEnum):
    """A hold ends once: captured or released."""

    HELD = "held"
    CAPTURED = "captured"
    RELEASED = "released"


class Account(Model):
    """One person's credit: `balance` is theirs, `held` of it is promised to running work."""

    id = fields.BigIntField(primary_key=True)
    user: fields.OneToOneRelation[Any] = fields.OneToOneField("models.User", on_delete=fields.RESTRICT)
    user_id: int
    balance = fields.BigIntField(default=0)
    held = fields.BigIntField(default=0)
    seq = fields.BigIntField(default=0)  # the number of the last entry
    frozen = fields.BooleanField(default=False)  # a bank's question is open: nothing new may be spent
    banned = fields.BooleanField(default=False, db_default=False)  # by an operator: nothing new is begun
    broken = fields.BooleanField(
        default=False, db_default=False
    )  # the audit found its books off: nothing may be spent

    class Meta:
        """The table's name."""

        table = "account"

    @property
    def available(self) -> int:
        """What may be spent now; negative is a debt."""
        available: int = self.balance - self.held
        return available


class Entry(Model):
    """One movement of credit; the database refuses to change or remove it."""

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", on_delete=fields.RESTRICT, related_name="entries"
    )
    account_id: int
    seq = fields.BigIntField()
    kind = fields.CharEnumField(EntryKind, max_length=16)
    amount = fields.BigIntField()
    balance_after = fields.BigIntField()
    cause = fields.CharField(max_length=100, unique=True)
    purchase: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "models.Purchase", on_delete=fields.RESTRICT, null=True, related_name="entries"
    )
    purchase_id: int | None
    job_id: int | None = fields.BigIntField(null=True)  # the work that was charged
    note = fields.CharField(max_length=300, default="")
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        """An account's entries are numbered 1, 2, 3."""

        table = "entry"
        unique_together = (("account", "seq"),)
        indexes = (("purchase_id",), ("job_id",), ("created_at",))


class Hold(Model):
    """Credit promised to one piece of work, named by its cause."""

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", on_delete=fields.RESTRICT, related_name="holds"
    )
    account_id: int
    job_id: int | None = fields.BigIntField(null=True)  # the work, if it is some
    cause = fields.CharField(max_length=100, unique=True)
    amount = fields.BigIntField()
    captured = fields.BigIntField(default=0)
    state = fields.CharEnumField(HoldState, max_length=16, default=HoldState.HELD)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        """An account's open holds are few, and looked for often."""

        table = "hold"
        indexes = (("account_id", "state"), ("job_id",))


async def open_account(user_id: int) -> None:
    """Make the person's account; a repeat changes nothing."""
    await insert_if_new(Account(user_id=user_id))


async def find_account(user_id: int) -> Account:
    """Read the person's account as it is now, for showing; to change it, `lock` it."""
    return await Account.get(user_id=user_id)


async def lock(user_id: int) -> Account:
    """Lock the person's account until the transaction ends, and read it.

    The write that changes nothing is PostgreSQL's row lock and SQLite's write lock (money.md 3).
    """
    await Account.filter(user_id=user_id).update(seq=F("seq"))
    return await Account.get(user_id=user_id)


async def find_entry(cause: str) -> Entry | None:
    """Find the entry of this cause."""
    return await Entry.get_or_none(cause=cause)


async def post(
    account: Account,
    kind: EntryKind,
    amount: int,
    cause: str,
    *,
    purchase_id: int | None = None,
    job_id: int | None = None,
    note: str = "",
) -> bool:
    """Move credit on a locked account, positive gives; False when the cause was posted before."""
    if await find_entry(cause):
        return False
    account.balance += amount
    account.seq += 1
    await account.save(update_fields=["balance", "seq"])
    await Entry.create(
        created_at=now(),
        account_id=account.id,
        seq=account.seq,
        kind=kind,
        amount=amount,
        balance_after=account.balance,
        cause=cause,
        purchase_id=purchase_id,
        job_id=job_id,
        note=note,
    )
    commit_events.record("credits", amount, kind=kind)
    return True


async def hold(account: Account, amount: int, cause: str, *, job_id: int | None = None) -> Hold:
    """Promise credit of a locked account to a piece of work; a repeat returns the first hold.

    Raises NotEnough when the available credit does not reach, AccountFrozen, Banned, or BooksBroken.
    """
    if known := await find_hold(cause):
        return known
    if account.banned:
        raise Banned
    if account.frozen:
        raise AccountFrozen
    return await reserve(account, amount, cause, job_id=job_id)


async def reserve(account: Account, amount: int, cause: str, *, job_id: int | None = None) -> Hold:
    """Hold credit of a locked account that is not to be spent but to be given up: a freeze allows it.

    Raises NotEnough or BooksBroken.
    """
    if amount <= 0:
        raise ValueError(f"a hold is for more than nothing, not {amount}")
    if account.broken or not await _agrees_with_its_entries(account):
        raise BooksBroken
    if account.available < amount:
        raise NotEnough(needed=amount, available=account.available)
    account.held += amount
    await account.save(update_fields=["held"])
    return await Hold.create(
        account_id=account.id, amount=amount, cause=cause, job_id=job_id, created_at=now()
    )


async def _agrees_with_its_entries(account: Account) -> bool:
    """Compare with the last entry and the open holds: so wrong books are not spent between two audits."""
    last = await Entry.filter(account_id=account.id).order_by("-seq").first()
    held = sum(row.amount for row in await Hold.filter(account_id=account.id, state=HoldState.HELD))
    entries = (last.balance_after, last.seq) if last else (0, 0)
    return (account.balance, account.seq, account.held) == (*entries, held)


async def find_hold(cause: str) -> Hold | None:
    """Find the hold of this cause."""
    return await Hold.get_or_none(cause=cause)


async def times_reversed(purchase_id: int) -> int:
    """Count how often a purchase's credits were taken back or given back."""
    return await Entry.filter(purchase_id=purchase_id, kind=EntryKind.REVERSAL).count()


async def freeze(account: Account, *, frozen: bool) -> None:
    """Forbid or allow new spending from a locked account."""
    account.frozen = frozen
    await account.save(update_fields=["frozen"])


async def ban(account: Account, *, banned: bool) -> None:
    """Forbid a locked account's person to begin anything, or allow it again."""
    account.banned = banned
    await account.save(update_fields=["banned"])


async def broken_accounts() -> Sequence[int]:
    """List the accounts from which nothing may be spent, by id."""
    return [account.id for account in await Account.filter(broken=True).order_by("id")]


async def owner_of(account_id: int) -> int:
    """Tell whose account this is, by our number of them."""
    return (await Account.get(id=account_id)).user_id


async def mark_broken(account_ids: Sequence[int], *, broken: bool) -> None:
    """Forbid spending from accounts whose books are off, or allow it again."""
    await Account.filter(id__in=list(account_ids)).update(broken=broken)


async def capture(account: Account, held: Hold, amount: int, note: str = "") -> bool:
    """Charge `amount` of a hold of a locked account and free the rest; False when it had ended before."""
    if not 0 <= amount <= held.amount:
        raise ValueError(f"a capture takes 0 to {held.amount}, not {amount}")
    if not await _end(account, held, HoldState.CAPTURED, amount):
        return False
    if amount:
        cause = f"{held.cause}:charge"
        await post(account, EntryKind.CHARGE, -amount, cause, job_id=held.job_id, note=note)
    return True


async def release(account: Account, held: Hold) -> bool:
    """Free a hold of a locked account without a charge; False when it had ended before."""
    return await _end(account, held, HoldState.RELEASED, 0)


async def _end(account: Account, held: Hold, state: HoldState, captured: int) -> bool:
    await held.refresh_from_db()  # under the lock: the caller may have read it before
    if held.state is not HoldState.HELD:
        return False
    held.state, held.captured = state, captured
    await held.save(update_fields=["state", "captured"])
    account.held -= held.amount
    await account.save(update_fields=["held"])
    return True
