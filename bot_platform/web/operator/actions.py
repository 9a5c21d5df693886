"""What the operator changes: credits, refunds, bans, freezes, and what is asked or handled once more."""

import asyncio
import re
from dataclasses import dataclass
from uuid import uuid4

from quart import Blueprint, redirect, render_template, request
from quart.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from bot_platform.domain import actions, book_checks
from bot_platform.domain.amounts import hundredths, minor_units
from bot_platform.domain.checkout import ProviderDown
from bot_platform.domain.purchases import Purchase
from bot_platform.flows import audit, ban, freeze, provider_events, reconcile, refund
from bot_platform.flows.context import PaymentContext
from bot_platform.flows.grant import grant
from bot_platform.web.operator import request_args
from bot_platform.web.operator.pages import a_purchase, an_event, somebody
from bot_platform.web.operator.sign_in import PATH

LONGEST_REASON = 300
KEY = re.compile(r"[0-9a-f]{32}")  # drawn with the page that asks whether to go on: pressed twice, done once


def changes(pages: Blueprint, payments: PaymentContext) -> None:
    """Add the forms, the pages that ask whether to go on, and what they lead to."""
    acts = _Acts(payments, asyncio.Lock())
    pages.route("/people/<int:telegram_id>/grant", methods=["GET", "POST"])(acts.grant_act)
    pages.route("/people/<int:telegram_id>/ban", methods=["GET", "POST"])(acts.ban_act)
    pages.post("/people/<int:telegram_id>/lift")(acts.lift_act)
    pages.route("/purchases/<int:number>/refund", methods=["GET", "POST"])(acts.refund_act)
    pages.post("/purchases/<int:number>/check")(acts.check_act)
    pages.post("/inbox/<int:number>/replay")(acts.replay_act)
    pages.post("/audit")(acts.audit_act)


@dataclass(frozen=True, slots=True)
class _Acts:
    payments: PaymentContext
    proving: asyncio.Lock

    async def grant_act(self, telegram_id: int) -> ResponseReturnValue:
        user, account = await somebody(telegram_id)
        form = await request.form
        problem, amount, reason = "", 0, _reason(form)
        if request.method == "POST":
            try:
                amount = hundredths(request_args.line(form, "credits", LONGEST_REASON))
            except ValueError:
                problem = "credits"
            problem = problem or ("" if amount else "credits") or ("" if reason else "reason")
        if request.method == "GET" or problem:
            return await _form("grant", problem, user=user, account=account, form=form)
        if not (key := _sure(form)):
            return await _sure_page("grant", user=user, account=account, amount=amount, form=form)
        await grant(self.payments.database, user, amount, reason, key, by=actions.PAGES)
        return _done(f"/people/{telegram_id}", "granted")

    async def ban_act(self, telegram_id: int) -> ResponseReturnValue:
        user, account = await somebody(telegram_id)
        form = await request.form
        reason = _reason(form)
        if request.method == "GET" or not reason:
            problem = "reason" if request.method == "POST" else ""
            return await _form("ban", problem, user=user, account=account, form=form)
        if not _sure(form):
            return await _sure_page("ban", user=user, account=account, form=form)
        # What was asked for counts, not what would be the opposite by now.
        banned = form.get("banned") == "yes"
        await ban.ban(self.payments.database, user, banned=banned, reason=reason, by=actions.PAGES)
        return _done(f"/people/{telegram_id}", "banned" if banned else "let-back")

    async def lift_act(self, telegram_id: int) -> ResponseReturnValue:
        user, _ = await somebody(telegram_id)
        lifted = await freeze.unfreeze(self.payments.database, user, by=actions.PAGES)
        return _done(f"/people/{telegram_id}", "lifted" if lifted else "not-frozen")

    async def refund_act(self, number: int) -> ResponseReturnValue:
        purchase = await a_purchase(number)
        form = await request.form
        problem, amount, reason, force = "", None, _reason(form), form.get("force") == "yes"
        if request.method == "POST":
            try:
                amount = _amount(form, purchase)
            except ValueError:
                problem = "amount"
            problem = problem or ("" if reason else "reason")
        if request.method == "GET" or problem:
            return await _form("refund", problem, purchase=purchase, form=form)
        if not (key := _sure(form)):
            terms = await refund.terms(self.payments, purchase, amount=amount, force=force)
            return await _sure_page("refund", purchase=purchase, terms=terms, force=force, form=form)
        written = await refund.request(
            self.payments,
            number,
            amount=amount,
            reason=reason,
            force=force,
            request_key=key,
            by=actions.PAGES,
        )
        await refund.start_now(self.payments, written)
        return _done(f"/purchases/{number}", "refund-asked")

    async def check_act(self, number: int) -> ResponseReturnValue:
        purchase = await a_purchase(number)
        try:
            outcome = await reconcile.check_by_operator(self.payments, purchase, by=actions.PAGES)
        except ProviderDown:
            return _done(f"/purchases/{number}", "provider-down")
        if outcome is None:
            return _done(f"/purchases/{number}", "nobody-to-ask")
        return _done(f"/purchases/{number}", "checked" if outcome.changed else "checked-same")

    async def replay_act(self, number: int) -> ResponseReturnValue:
        event = await an_event(number)
        form = await request.form
        as_seen = form.get("seen", "") == str(event.handled_at)
        replayed = as_seen and await provider_events.replay(self.payments, event, by=actions.PAGES)
        return _done(f"/inbox/{number}", "replayed" if replayed else "moved-on")

    async def audit_act(self) -> ResponseReturnValue:
        if self.proving.locked():
            return _done("/audit", "proving")
        async with self.proving:
            found = await audit.audit_books(
                self.payments.database, self.payments.operators, lambda _: None, by=actions.PAGES
            )
        return await render_template(
            "operator/audit.html", books=await book_checks.last(), marked=[], found=found
        )


def _amount(form: MultiDict[str, str], purchase: Purchase) -> int | None:
    given = request_args.line(form, "amount", LONGEST_REASON)
    return minor_units(given, purchase.currency) if given else None


def _reason(form: MultiDict[str, str]) -> str:
    return request_args.line(form, "reason", LONGEST_REASON)


def _sure(form: MultiDict[str, str]) -> str:
    """Give the key of a form that was asked about and confirmed; empty before."""
    key = form.get("key", "")
    return key if KEY.fullmatch(key) else ""


async def _form(name: str, problem: str, **values: object) -> ResponseReturnValue:
    page = await render_template(f"operator/{name}.html", problem=problem, sure=False, **values)
    return page, 422 if problem else 200


async def _sure_page(name: str, **values: object) -> ResponseReturnValue:
    return await render_template(f"operator/{name}.html", sure=True, key=uuid4().hex, **values)


def _done(where: str, what: str) -> ResponseReturnValue:
    """Go on to a page that says what was done; loading it again does nothing again."""
    return redirect(f"{PATH}{where}?done={what}", 303)
