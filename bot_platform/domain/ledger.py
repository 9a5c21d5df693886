"""The ledger: accounts, their append-only entries, and holds; amounts in hundredths of a credit."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model

from bot_platform.domain.errors import AccountFrozen, Banned, BooksBroken, NotEnough
from bot_platform.infra import commit_events
from bot_platform.infra.clock import now
from bot_platform.infra.columns import Key, Words
from bot_platform.infra.sql import insert_if_new


class EntryKind(StrEnum):
    """Why credit moved."""

    PURCHASE = "purchase"
    WELCOME = "welcome"
    CHARGE = "charge"
    REVERSAL = "reversal"  # a refund or a dispute took credit back, or gave it back
    GRANT = "grant"  # by an operator, who may also take credit


class HoldState(StrEnum):
    """A hold ends once: captured or released."""

    HELD = "held"
    CAPTURED = "captured"
    RELEASED = "released"


class Account(Model):
    """The credit of one user: of the `balance`, `held` is reserved for running work and refunds."""

    id = fields.BigIntField(primary_key=True)
    user: fields.OneToOneRelation[Any] = fields.OneToOneField("models.User", on_delete=fields.RESTRICT)
    user_id: int
    balance = fields.BigIntField(default=0)
    held = fields.BigIntField(default=0)
    seq = fields.BigIntField(default=0)  # the number of the last entry
    frozen = fields.BooleanField(default=False)  # a bank's inquiry is open: nothing new is spent
    banned = fields.BooleanField(default=False, db_default=False)  # by an operator: nothing new begins
    # The audit found its books off: nothing is spent.
    broken = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "account"
        indexes = (("broken",),)

    @property
    def available(self) -> int:
        """How much can be spent now; negative is a debt."""
        available: int = self.balance - self.held
        return available


class Entry(Model):
    """One movement of credit; the database refuses to change or delete it."""

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", on_delete=fields.RESTRICT, related_name="entries"
    )
    account_id: int
    seq = fields.BigIntField()
    kind = fields.CharEnumField(EntryKind, max_length=16)
    amount = fields.BigIntField()
    balance_after = fields.BigIntField()
    cause = Key(unique=True)
    purchase: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "models.Purchase", on_delete=fields.RESTRICT, null=True, related_name="entries"
    )
    purchase_id: int | None
    job_id: int | None = fields.BigIntField(null=True)  # the job that was charged
    note = Words(max_length=300, default="")
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "entry"
        unique_together = (("account", "seq"),)
        indexes = (("purchase_id",), ("job_id",), ("created_at",))


class Hold(Model):
    """Credit reserved for one step of a job or for one refund, named by its cause."""

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", on_delete=fields.RESTRICT, related_name="holds"
    )
    account_id: int
    job_id: int | None = fields.BigIntField(null=True)  # null for the hold of a refund
    cause = Key(unique=True)
    amount = fields.BigIntField()
    captured = fields.BigIntField(default=0)
    state = fields.CharEnumField(HoldState, max_length=16, default=HoldState.HELD)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "hold"
        indexes = (("account_id", "state"), ("job_id",))


async def open_account(user_id: int) -> None:
    """Create the user's account; a repeat changes nothing."""
    await insert_if_new(Account(user_id=user_id))


async def find_account(user_id: int) -> Account:
    """Read the user's account to show it; use `lock` to change it."""
    return await Account.get(user_id=user_id)


async def lock(user_id: int) -> Account:
    """Lock the user's account until the transaction ends, and read it.

    The write that changes nothing takes PostgreSQL's row lock or SQLite's write lock (docs/money.md).
    """
    await Account.filter(user_id=user_id).update(seq=F("seq"))
    return await Account.get(user_id=user_id)


async def find_entry(cause: str) -> Entry | None:
    """Find the entry with this cause."""
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
    """Post an entry to a locked account, positive gives credit; False when the cause was posted before."""
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
    """Hold credit of a locked account for a job; a repeat returns the first hold.

    Raises NotEnough, AccountFrozen, Banned, or BooksBroken.
    """
    if known := await find_hold(cause):
        return known
    if account.banned:
        raise Banned
    if account.frozen:
        raise AccountFrozen
    return await reserve(account, amount, cause, job_id=job_id)


async def reserve(account: Account, amount: int, cause: str, *, job_id: int | None = None) -> Hold:
    """Hold credit of a locked account for a refund, which a freeze or a ban allows.

    Raises NotEnough or BooksBroken.
    """
    if amount <= 0:
        raise ValueError(f"a hold must be positive, not {amount}")
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
    """Compare the account with its last entry and its open holds, so that no wrong balance is spent."""
    last = await Entry.filter(account_id=account.id).order_by("-seq").first()
    held = sum(row.amount for row in await Hold.filter(account_id=account.id, state=HoldState.HELD))
    entries = (last.balance_after, last.seq) if last else (0, 0)
    return (account.balance, account.seq, account.held) == (*entries, held)


async def find_hold(cause: str) -> Hold | None:
    """Find the hold with this cause."""
    return await Hold.get_or_none(cause=cause)


async def times_reversed(purchase_id: int) -> int:
    """Count the reversal entries of a purchase."""
    return await Entry.filter(purchase_id=purchase_id, kind=EntryKind.REVERSAL).count()


async def capture(account: Account, held: Hold, amount: int, note: str = "") -> bool:
    """Charge `amount` of a hold of a locked account and release the rest; False when it had ended."""
    if not 0 <= amount <= held.amount:
        raise ValueError(f"a capture takes 0 to {held.amount}, not {amount}")
    if not await _end(account, held, HoldState.CAPTURED, amount):
        return False
    if amount:
        cause = f"{held.cause}:charge"
        await post(account, EntryKind.CHARGE, -amount, cause, job_id=held.job_id, note=note)
    return True


async def release(account: Account, held: Hold) -> bool:
    """Release a hold of a locked account without a charge; False when it had ended."""
    return await _end(account, held, HoldState.RELEASED, 0)


async def _end(account: Account, held: Hold, state: HoldState, captured: int) -> bool:
    await held.refresh_from_db()  # under the lock: the caller may have read it before the lock
    if held.state is not HoldState.HELD:
        return False
    held.state, held.captured = state, captured
    await held.save(update_fields=["state", "captured"])
    account.held -= held.amount
    await account.save(update_fields=["held"])
    return True
