"""Rounds: what must be looked after every so often, by one replica at a time."""

from tortoise import fields
from tortoise.models import Model

from bot_platform.infra.sql import clock, insert_if_new, query

LEASE_MS = 30_000  # a round that takes longer may be made twice; every round may


class Round(Model):
    """One thing to look after; `mark` is how far it has come, as it counts itself."""

    name = fields.CharField(max_length=64, primary_key=True)
    mark = fields.BigIntField(default=0)
    next_at = fields.BigIntField(default=0)  # milliseconds on the database's clock, as lease_until
    lease_until = fields.BigIntField(default=0)

    class Meta:
        """The table's name."""

        table = "round"


async def begin(name: str, *, early: bool) -> int | None:
    """Take the round if it is due (or `early`) and nobody makes it; gives its mark, 0 the first time."""
    await insert_if_new(Round(name=name))
    due = "" if early else f"AND next_at <= {clock()}"
    rows = await query(
        f"UPDATE round SET lease_until = {clock()} + ? "  # noqa: S608 -- names are the code's own
        f"WHERE name = ? AND lease_until < {clock()} {due} RETURNING mark",
        LEASE_MS,
        name,
    )
    return rows[0]["mark"] if rows else None


async def end(name: str, mark: int, every_ms: int) -> None:
    """Note how far it has come, and when the next is due."""
    await query(
        f"UPDATE round SET mark = ?, lease_until = 0, next_at = {clock()} + ? WHERE name = ?",  # noqa: S608 -- as above
        mark,
        every_ms,
        name,
    )


async def hold(name: str, holder: int, lease_ms: int) -> bool:
    """Take what one at a time may have, or keep it, for so long; False while another holder has it."""
    await insert_if_new(Round(name=name))
    rows = await query(
        f"UPDATE round SET mark = ?, lease_until = {clock()} + ? "  # noqa: S608 -- names are the code's own
        f"WHERE name = ? AND (mark = ? OR lease_until <= {clock()}) RETURNING name",
        holder,
        lease_ms,
        name,
        holder,
    )
    return bool(rows)


async def holder(name: str) -> int | None:
    """Tell who has it now; None when nobody has."""
    rows = await query(f"SELECT mark FROM round WHERE name = ? AND lease_until > {clock()}", name)  # noqa: S608 -- as above
    return rows[0]["mark"] if rows else None


async def mark(name: str) -> int:
    """Read how far it has come, 0 at first."""
    known = await Round.get_or_none(name=name)
    return known.mark if known else 0


async def furthest(kind: str) -> int:
    """Read how far the furthest round of a kind (`missed:`) has come, 0 when there was none."""
    return max([known.mark for known in await Round.filter(name__startswith=kind)], default=0)


async def set_mark(name: str, mark: int) -> None:
    """Note how far it has come."""
    await insert_if_new(Round(name=name))
    await Round.filter(name=name).update(mark=mark)


async def give_up(name: str) -> None:
    """Let another try at once: this one did not come to its end."""
    await query("UPDATE round SET lease_until = 0 WHERE name = ?", name)
