"""The operator's actions: grants, refunds, bans, freezes, and asking or handling something again."""

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
from bot_platform.web.operator.pages import find_event, find_purchase, find_user
from bot_platform.web.operator.sign_in import PATH

MAX_REASON_CHARS = 300
MAX_DIGITS = 19
KEY = re.compile(r"[0-9a-f]{32}")  # made with the confirmation page: a form that is sent twice acts once


def action_pages(pages: Blueprint, payments: PaymentContext) -> None:
    """Add the forms, their confirmation pages, and the actions."""
    actions_ = _Actions(payments, asyncio.Lock())
    pages.route("/people/<int:telegram_id>/grant", methods=["GET", "POST"])(actions_.grant_action)
    pages.route("/people/<int:telegram_id>/ban", methods=["GET", "POST"])(actions_.ban_action)
    pages.post("/people/<int:telegram_id>/lift")(actions_.unfreeze_action)
    pages.route("/purchases/<int:number>/refund", methods=["GET", "POST"])(actions_.refund_action)
    pages.post("/purchases/<int:number>/check")(actions_.check_action)
    pages.post("/inbox/<int:number>/replay")(actions_.replay_action)
    pages.post("/audit")(actions_.audit_action)


@dataclass(frozen=True, slots=True)
class _Actions:
    payments: PaymentContext
    auditing: asyncio.Lock

    async def grant_action(self, telegram_id: int) -> ResponseReturnValue:
        user, account = await find_user(telegram_id)
        form = await request.form
        problem, amount, reason = "", 0, _reason(form)
        if request.method == "POST":
            try:
                amount = hundredths(request_args.line(form, "credits", MAX_REASON_CHARS))
            except ValueError:
                problem = "credits"
            problem = problem or ("" if amount else "credits") or ("" if reason else "reason")
        if request.method == "GET" or problem:
            return await _form("grant", problem, user=user, account=account, form=form)
        if not (key := _confirmed_key(form)):
            return await _confirm_page("grant", user=user, account=account, amount=amount, form=form)
        await grant(self.payments.database, user, amount, reason, key, by=actions.PAGES)
        return _done(f"/people/{telegram_id}", "granted")

    async def ban_action(self, telegram_id: int) -> ResponseReturnValue:
        user, account = await find_user(telegram_id)
        form = await request.form
        reason = _reason(form)
        if request.method == "GET" or not reason:
            problem = "reason" if request.method == "POST" else ""
            return await _form("ban", problem, user=user, account=account, form=form)
        if not _confirmed_key(form):
            return await _confirm_page("ban", user=user, account=account, form=form)
        # The form says which: the account may have been banned or unbanned since it was shown.
        banned = form.get("banned") == "yes"
        await ban.ban(self.payments.database, user, banned=banned, reason=reason, by=actions.PAGES)
        return _done(f"/people/{telegram_id}", "banned" if banned else "let-back")

    async def unfreeze_action(self, telegram_id: int) -> ResponseReturnValue:
        user, _ = await find_user(telegram_id)
        unfrozen = await freeze.unfreeze(self.payments.database, user, by=actions.PAGES)
        return _done(f"/people/{telegram_id}", "lifted" if unfrozen else "not-frozen")

    async def refund_action(self, number: int) -> ResponseReturnValue:
        purchase = await find_purchase(number)
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
        if not (key := _confirmed_key(form)):
            terms = await refund.terms(self.payments, purchase, amount=amount, force=force)
            return await _confirm_page("refund", purchase=purchase, terms=terms, force=force, form=form)
        requested = await refund.request(
            self.payments,
            number,
            amount=amount,
            reason=reason,
            force=force,
            most_debt=_seen_debt(form),
            request_key=key,
            by=actions.PAGES,
        )
        await refund.start_now(self.payments, requested)
        return _done(f"/purchases/{number}", "refund-asked")

    async def check_action(self, number: int) -> ResponseReturnValue:
        purchase = await find_purchase(number)
        try:
            outcome = await reconcile.check_by_operator(self.payments, purchase, by=actions.PAGES)
        except ProviderDown:
            return _done(f"/purchases/{number}", "provider-down")
        if outcome is None:
            return _done(f"/purchases/{number}", "nobody-to-ask")
        return _done(f"/purchases/{number}", "checked" if outcome.changed else "checked-same")

    async def replay_action(self, number: int) -> ResponseReturnValue:
        event = await find_event(number)
        form = await request.form
        as_seen = form.get("seen", "") == str(event.handled_at)
        replayed = as_seen and await provider_events.replay(self.payments, event, by=actions.PAGES)
        return _done(f"/inbox/{number}", "replayed" if replayed else "moved-on")

    async def audit_action(self) -> ResponseReturnValue:
        if self.auditing.locked():
            return _done("/audit", "proving")
        async with self.auditing:
            found = await audit.audit_books(
                self.payments.database, self.payments.operators, lambda _: None, by=actions.PAGES
            )
        return await render_template(
            "operator/audit.html", books=await book_checks.last(), marked=[], found=found
        )


def _amount(form: MultiDict[str, str], purchase: Purchase) -> int | None:
    given = request_args.line(form, "amount", MAX_REASON_CHARS)
    return minor_units(given, purchase.currency) if given else None


def _seen_debt(form: MultiDict[str, str]) -> int:
    """Return the debt that the confirmation page showed, in hundredths."""
    debt = form.get("debt", "")
    return int(debt) if debt.isascii() and debt.isdigit() and len(debt) < MAX_DIGITS else 0


def _reason(form: MultiDict[str, str]) -> str:
    return request_args.line(form, "reason", MAX_REASON_CHARS)


def _confirmed_key(form: MultiDict[str, str]) -> str:
    """Return the key of a confirmed form; empty before the confirmation."""
    key = form.get("key", "")
    return key if KEY.fullmatch(key) else ""


async def _form(name: str, problem: str, **values: object) -> ResponseReturnValue:
    page = await render_template(f"operator/{name}.html", problem=problem, sure=False, **values)
    return page, 422 if problem else 200


async def _confirm_page(name: str, **values: object) -> ResponseReturnValue:
    return await render_template(f"operator/{name}.html", sure=True, key=uuid4().hex, **values)


def _done(path: str, what: str) -> ResponseReturnValue:
    """Redirect to a page that says what was done, so that a reload repeats nothing."""
    return redirect(f"{PATH}{path}?done={what}", 303)
