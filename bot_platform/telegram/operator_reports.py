"""The reports for operators in Telegram: the day, a user, a purchase, an event, each one message."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from bot_platform.domain.attention import Finding
from bot_platform.domain.backlog import Backlog
from bot_platform.domain.inbox import Event
from bot_platform.domain.overview import Today
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.timeline import About, Moment
from bot_platform.domain.users import User
from bot_platform.infra import clock
from bot_platform.telegram.texts import Say

MAX_MESSAGE_UNITS = 4000  # of UTF-16; Telegram accepts 4096
MAX_PAYLOAD_CHARS = 2500  # of an event
MAX_FINDINGS = 10  # that are named in the report of the day
MAX_ERROR_CHARS = 200  # in a list


def day(say: Say, today: Today, findings: Sequence[Finding]) -> str:
    """Write the report of the day, and what needs a look."""
    taken = [
        say(
            "admin-takings",
            amount=amount,
            currency=currency,
            provider=provider,
            gross=today.day.takings.get((provider, currency), 0),
            returned=today.day.returned.get((provider, currency), 0),
        )
        for (provider, currency), amount in sorted(today.day.net.items())
    ]
    proved = today.books.proved_at
    report = say(
        "admin-today",
        at=int(clock.current().time()),
        takings=", ".join(taken) or say("admin-takings-none"),
        sales=today.day.sales,
        failed=today.failed_purchases,
        sold=today.day.sold,
        spent=today.day.spent,
        given=today.day.given,
        back=today.day.taken_back,
        events=today.waits.failed_events,
        messages=today.waits.messages,
        books="off" if today.books.off else "fine" if proved else "never",
        proved=int(proved.timestamp()) if proved else 0,
        **_jobs(today.waits),
    )
    return fit("\n\n".join([report, *([_look(say, findings)] if findings else [])]))


def _look(say: Say, findings: Sequence[Finding]) -> str:
    """Write what needs a look, each in a line."""
    lines = [
        say(
            "admin-finding",
            kind=one.kind,
            number=str(one.number),
            at=_unix(one.at),
            amount=one.amount,
            currency=one.currency or "usd",
            why=one.why[:MAX_ERROR_CHARS],
        )
        for one in findings[:MAX_FINDINGS]
    ]
    more = len(findings) - len(lines)
    return "\n".join([say("admin-look"), *lines, *([say("admin-look-more", n=more)] if more else [])])


def waits(say: Say, waiting: Backlog, refunds: int, transfers: int) -> str:
    """Write what waits to be done."""
    return say(
        "admin-waits",
        messages=waiting.messages,
        oldest=int(waiting.oldest_message),
        refunds=refunds,
        transfers=transfers,
        **_jobs(waiting),
    )


def user(say: Say, known: User, about: About) -> str:
    """Write the state of a user."""
    account = about.account
    lines = [
        say(
            "admin-person",
            user=str(known.telegram_id),
            blocked="yes" if known.blocked_bot else "no",
            since=_unix(known.created_at),
            balance=account.available,
            held=account.held,
            paid=about.paid,
            unpaid=about.unpaid,
            open=about.open_jobs,
            done=about.jobs.get("done", 0),
            failed=about.failed_jobs,
            unsent=about.unsent,
        )
    ]
    states = {
        "admin-person-frozen": account.frozen,
        "admin-person-banned": account.banned,
        "admin-person-broken": account.broken,
    }
    lines += [say(name) for name, is_so in states.items() if is_so]
    return "\n".join([*lines, "", say("admin-person-grant", user=str(known.telegram_id))])


def life(say: Say, known: User, moments: Sequence[Moment]) -> str:
    """Write the timeline of a user."""
    return _timeline(say, say("admin-life", user=str(known.telegram_id)), moments)


def purchase(say: Say, sale: Purchase, buyer: User, moments: Sequence[Moment]) -> str:
    """Write a purchase with its timeline."""
    head = say(
        "admin-purchase",
        user=str(buyer.telegram_id),
        purchase=str(sale.id),
        credits=sale.credits,
        amount=sale.amount,
        currency=sale.currency,
        state=sale.shown_state,
        reversed=sale.reversed,
    )
    refs = say(
        "admin-purchase-refs",
        provider=sale.provider,
        session=sale.provider_ref or "",
        payment=sale.payment_ref or "",
    )
    return _timeline(say, f"{head}\n{refs.strip()}", moments)


def sales(say: Say, sold: Iterable[Purchase]) -> str:
    """Write a list of purchases with their buyers."""
    lines = [
        say(
            "admin-sale-line",
            n=str(n),
            purchase=str(one.id),
            at=_unix(one.paid_at or one.created_at),
            credits=one.credits,
            amount=one.paid_amount or 0,
            currency=one.currency,
            state=one.state.value,
            user=str(one.user.telegram_id),
        )
        for n, one in enumerate(sold, start=1)
    ]
    return "\n".join([say("admin-sales"), "", *lines]) if lines else say("admin-sales-none")


def failed(say: Say, events: Iterable[Event]) -> str:
    """Write a list of events that failed."""
    lines = [
        say(
            "admin-event-line",
            n=str(n),
            event=one.key.removeprefix("stripe:"),
            type=one.type,
            at=_unix(one.received_at),
            reason=(one.error or "")[:MAX_ERROR_CHARS],
        )
        for n, one in enumerate(events, start=1)
    ]
    return fit("\n".join([say("admin-failed"), "", *lines])) if lines else say("admin-failed-none")


def event(say: Say, one: Event) -> str:
    """Write the state of an event, and what is kept of it."""
    head = say(
        "admin-event",
        event=one.key.removeprefix("stripe:"),
        type=one.type,
        at=_unix(one.received_at),
        state=one.state.value,
        tries=one.attempts,
        reason=one.error or "",
    )
    if not one.payload:
        return fit(f"{head.strip()}\n\n{say('admin-event-not-kept')}")
    payload = json.dumps(_without_empty(one.payload), indent=1, ensure_ascii=False)
    end = "…" if len(payload) > MAX_PAYLOAD_CHARS else ""
    return fit(f"{head.strip()}\n\n{payload[:MAX_PAYLOAD_CHARS]}{end}")


def fit(text: str) -> str:
    """Cut a text to the length of one message."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * MAX_MESSAGE_UNITS:
        return text
    return units[: 2 * MAX_MESSAGE_UNITS - 2].decode("utf-16-le", errors="ignore") + "…"


def _timeline(say: Say, head: str, moments: Sequence[Moment]) -> str:
    """Write moments below a head, oldest first; without room for all the oldest are left out."""
    lines = [say("story", at=_unix(one.at), what=one.what, **one.values) for one in moments]
    hidden = 0
    while True:
        earlier = [say("admin-earlier", n=str(hidden))] if hidden else []
        text = "\n".join([head, "", *earlier, *lines[hidden:]])
        if hidden >= len(lines) or fit(text) == text:
            return fit(text)
        hidden += 1


def _jobs(waiting: Backlog) -> dict[str, Any]:
    return {state: waiting.jobs[state] for state in ("running", "queued", "parked")}


def _unix(moment: datetime) -> int:
    return int(moment.timestamp())


def _without_empty(value: Any) -> Any:
    """Leave out the empty values of a payload."""
    if isinstance(value, dict):
        kept = {name: _without_empty(one) for name, one in value.items()}
        return {name: one for name, one in kept.items() if one not in (None, "", [], {})}
    return [_without_empty(one) for one in value] if isinstance(value, list) else value
