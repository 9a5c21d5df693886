"""Leases: a role that one process at a time has, such as polling Telegram."""

from tortoise import fields
from tortoise.expressions import Q
from tortoise.models import Model

from bot_platform.infra.moments import ahead, come
from bot_platform.infra.sql import DbClock, insert_if_new

MAX_LEASE_MS = 60_000  # every lease is shorter


class Lease(Model):
    """One role and the number of the process that has it."""

    name = fields.CharField(max_length=64, primary_key=True)
    holder: int = fields.BigIntField(default=0)
    lease_until = fields.BigIntField(default=0)  # milliseconds on the database's clock

    class Meta:
        table = "lease"


async def acquire(name: str, holder: int, lease_ms: int) -> bool:
    """Take or extend the lease for `lease_ms` milliseconds; False while another holder has it."""
    await insert_if_new(Lease(name=name))
    free = Lease.filter(Q(holder=holder) | come("lease_until", MAX_LEASE_MS), name=name)
    return bool(await free.update(holder=holder, lease_until=DbClock(lease_ms)))


async def find_holder(name: str) -> int | None:
    """Return the number of the process that has the lease now; None when none has it."""
    lease = await Lease.get_or_none(ahead("lease_until", MAX_LEASE_MS), name=name)
    return lease.holder if lease else None
