"""The operator's pages that change nothing: days, purchases, users, jobs, events, actions, the audit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quart import Blueprint, redirect, render_template, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from bot_platform.domain import (
    account_flags,
    actions,
    attention,
    book_checks,
    inbox,
    jobs,
    ledger,
    listings,
    overview,
    purchases,
    statement,
    users,
)
from bot_platform.domain.ids import is_id
from bot_platform.domain.inbox import Event
from bot_platform.domain.ledger import Account
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.users import User
from bot_platform.flows.context import PaymentContext
from bot_platform.web.operator import charts, request_args
from bot_platform.web.operator.sign_in import PATH

CHART_DAYS = (7, 30, 90)
MAX_ROWS = 20  # of a list beside the page's subject


def report_pages(pages: Blueprint, payments: PaymentContext) -> None:
    """Add the pages that change nothing."""
    reports = _Reports(payments)
    pages.get("")(reports.home_page)
    pages.get("/")(reports.slash_page)
    pages.get("/purchases")(reports.purchases_page)
    pages.get("/purchases/<int:number>")(reports.purchase_page)
    pages.get("/people")(reports.users_page)
    pages.get("/people/<int:telegram_id>")(reports.user_page)
    pages.get("/users/<int:number>")(reports.user_number_page)
    pages.get("/accounts/<int:number>")(reports.old_user_page)
    pages.get("/books/<int:number>")(reports.books_page)
    pages.get("/jobs")(reports.jobs_page)
    pages.get("/inbox")(reports.inbox_page)
    pages.get("/inbox/<int:number>")(reports.event_page)
    pages.get("/acts")(reports.actions_page)
    pages.get("/audit")(reports.audit_page)
    pages.get("/search")(reports.search_page)
    pages.get("/<path:_>")(reports.unknown_page)


@dataclass(frozen=True, slots=True)
class _Reports:
    payments: PaymentContext

    async def home_page(self) -> ResponseReturnValue:
        span = request_args.choice("days", CHART_DAYS, usual=30)
        async with self.payments.database.reader() as ask:
            days = await overview.by_day(ask, span)
        return await render_template(
            "operator/home.html",
            today=await overview.today(),
            findings=await attention.findings(),
            days=days,
            takings=charts.takings(days),
            credits_moved=charts.credits_moved(days),
            span=span,
            spans=CHART_DAYS,
        )

    async def slash_page(self) -> ResponseReturnValue:
        return redirect(PATH, 303)

    async def purchases_page(self) -> ResponseReturnValue:
        state = request_args.state(purchases.PurchaseState)
        page = await listings.sales(request_args.place(), state)
        return await render_template(
            "operator/purchases.html", page=page, state=state, states=list(purchases.PurchaseState)
        )

    async def purchase_page(self, number: int) -> ResponseReturnValue:
        return await render_template("operator/purchase.html", **await about_purchase(number))

    async def users_page(self) -> ResponseReturnValue:
        return await render_template("operator/people.html", page=await listings.people(request_args.place()))

    async def user_page(self, telegram_id: int) -> ResponseReturnValue:
        user, account = await find_user(telegram_id)
        return await render_template(
            "operator/person.html",
            user=user,
            account=account,
            page=await listings.entries(account.id, request_args.place()),
            bought=await purchases.recent(user.id, MAX_ROWS),
            jobs=await jobs.open_of(user.id),
            notices=await statement.notices_of(user.telegram_id),
            acts=await actions.of([user.subject], MAX_ROWS),
        )

    async def old_user_page(self, number: int) -> ResponseReturnValue:
        """Redirect from the address that this page had before."""
        return redirect(f"{PATH}/users/{number}", 301)

    async def books_page(self, number: int) -> ResponseReturnValue:
        """Redirect from an account's number, which the audit names, to the page of its user."""
        owner = await account_flags.find_owner(number) if is_id(number) else None
        if owner is None:
            raise NotFound
        return redirect(f"{PATH}/users/{owner}", 303)

    async def user_number_page(self, number: int) -> ResponseReturnValue:
        if not (is_id(number) and await users.exists(number)):
            raise NotFound
        return redirect(f"{PATH}/people/{(await users.get(number)).telegram_id}", 303)

    async def jobs_page(self) -> ResponseReturnValue:
        state = request_args.state(jobs.JobState)
        page = await listings.work(request_args.place(), state)
        return await render_template("operator/jobs.html", page=page, state=state, states=list(jobs.JobState))

    async def inbox_page(self) -> ResponseReturnValue:
        state = request_args.state(inbox.EventState)
        page = await listings.events(request_args.place(), state)
        return await render_template(
            "operator/inbox.html", page=page, state=state, states=list(inbox.EventState)
        )

    async def event_page(self, number: int) -> ResponseReturnValue:
        row = await find_event(number)
        payload = json.dumps(row.payload, indent=2, ensure_ascii=False) if row.payload else ""
        acts = await actions.of([f"event:{row.id}"], MAX_ROWS)
        return await render_template("operator/event.html", event=row, payload=payload, acts=acts)

    async def actions_page(self) -> ResponseReturnValue:
        return await render_template("operator/acts.html", page=await listings.acts(request_args.place()))

    async def audit_page(self) -> ResponseReturnValue:
        books = await book_checks.last()
        # No account is marked while the books balance, so the query is needed only if they do not.
        marked = await listings.accounts(await account_flags.broken_accounts()) if books.off else []
        return await render_template("operator/audit.html", books=books, marked=marked, found=None)

    async def search_page(self) -> ResponseReturnValue:
        words = request_args.line(request.args, "q", listings.MAX_SEARCH_CHARS)
        found = await listings.search(words, list(self.payments.providers))
        if len(found) == 1:
            return redirect(_page_of(found), 303)
        return await render_template("operator/search.html", words=words, found=found)

    async def unknown_page(self, _: str) -> ResponseReturnValue:
        raise NotFound


async def about_purchase(number: int) -> Mapping[str, Any]:
    """Read everything about a purchase; raises NotFound (404)."""
    row = await find_purchase(number)
    return {
        "purchase": row,
        "entries": await listings.entries_of(row.id),
        "refunds": await listings.refunds_of(row.id),
        "reversals": await statement.reversals_of([row.id]),
        "acts": await actions.of([row.subject], MAX_ROWS),
    }


async def find_purchase(number: int) -> Purchase:
    """Read a purchase with its buyer; raises NotFound (404)."""
    row = await purchases.look_up(number)
    if row is None:
        raise NotFound
    await row.fetch_related("user")
    return row


async def find_event(number: int) -> Event:
    """Read an event of a provider; raises NotFound (404)."""
    row = await inbox.look_up(str(number))
    if row is None:
        raise NotFound
    return row


async def find_user(telegram_id: int) -> tuple[User, Account]:
    """Read a user and their account; raises NotFound (404)."""
    user = await users.find(telegram_id) if is_id(telegram_id) else None
    if user is None:
        raise NotFound
    return user, await ledger.find_account(user.id)


def _page_of(found: listings.Found) -> str:
    if found.purchases:
        return f"{PATH}/purchases/{found.purchases[0].id}"
    if found.people:
        return f"{PATH}/people/{found.people[0].telegram_id}"
    return f"{PATH}/inbox/{found.events[0].id}"
