"""Outages: outside services that fail for minutes, and when the operators were last alerted of one."""

from tortoise import fields
from tortoise.models import Model

from bot_platform.infra.moments import come
from bot_platform.infra.sql import DbClock, insert_if_new


class Outage(Model):
    """One outside service; `since` is the unix time in seconds at which its outage began."""

    party = fields.CharField(max_length=64, primary_key=True)  # such as `stripe`
    since: int | None = fields.BigIntField(null=True)  # null while it works
    quiet_until = fields.BigIntField(default=0)  # milliseconds on the database's clock: no new alert before

    class Meta:
        table = "outage"


async def find_start(party: str) -> int | None:
    """Return when the outage that was reported began; None while the service works."""
    outage = await Outage.get_or_none(party=party)
    return outage.since if outage else None


async def begin(party: str, since: int, quiet_ms: int) -> bool:
    """Note an outage, and allow no alert about another one for `quiet_ms` milliseconds.

    False when the outage is known, or when an earlier alert still forbids this one.
    """
    await insert_if_new(Outage(party=party))
    new = Outage.filter(come("quiet_until", quiet_ms), party=party, since=None)
    return bool(await new.update(since=since, quiet_until=DbClock(quiet_ms)))


async def end(party: str) -> int | None:
    """Note that the service works again, and return when its outage began; None when none was known."""
    since = await find_start(party)
    if since is None or not await Outage.filter(party=party, since=since).update(since=None):
        return None  # another replica was first
    return since
