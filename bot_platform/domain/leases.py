"""Leases: a role that one process at a time has, such as polling Telegram."""

from tortoise import fields
from tortoise.models import Model

from bot_platform.infra.sql import clock, insert_if_new, query


class Lease(Model):
    """One role and the number of the process that has it."""

    name = fields.CharField(max_length=64, primary_key=True)
    holder = fields.BigIntField(default=0)
    lease_until = fields.BigIntField(default=0)  # milliseconds on the database's clock

    class Meta:
        table = "lease"


async def acquire(name: str, holder: int, lease_ms: int) -> bool:
    """Take or extend the lease for `lease_ms` milliseconds; False while another holder has it."""
    await insert_if_new(Lease(name=name))
    rows = await query(
        f"UPDATE lease SET holder = ?, lease_until = {clock()} + ? "  # noqa: S608 -- names are the code's own
        f"WHERE name = ? AND (holder = ? OR lease_until <= {clock()}) RETURNING name",
        holder,
        lease_ms,
        name,
        holder,
    )
    return bool(rows)


async def find_holder(name: str) -> int | None:
    """Return the number of the process that has the lease now; None when none has it."""
    rows = await query(f"SELECT holder FROM lease WHERE name = ? AND lease_until > {clock()}", name)  # noqa: S608 -- as above
    return rows[0]["holder"] if rows else None
