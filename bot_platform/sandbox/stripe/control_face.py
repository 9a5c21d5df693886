"""What a demo's buttons ask for over HTTP: mischief, acts upon payments, and what has been paid."""

from collections.abc import Awaitable, Callable, Mapping

from quart import Blueprint, request
from quart.typing import ResponseReturnValue

from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.acts import Acts
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.mischief import Mischief
from bot_platform.sandbox.stripe.state import Row

Verb = Callable[..., Awaitable[Row]]

# What each verb takes beside its id.
_NEW: Mapping[str, type] = {"amount": int, "reason": str}
_TAKES: Mapping[str, Mapping[str, type]] = {
    "refund": {**_NEW, "how": str, "metadata": dict},
    "dispute": _NEW,
    "inquiry": _NEW,
    "warn": {"actionable": bool},
    "finish_refund": {"status": str},
    "move_dispute": {"status": str},
    "clear_warning": {},
}


class _Nonsense(Exception):
    """A request that nobody's button makes."""


def add_controls(routes: Blueprint, acts: Acts, mischief: Mischief, account: Account) -> None:
    """Add `/mischief`, `/act` and `/payments` to a blueprint; all of them speak JSON."""

    @routes.get("/mischief")
    async def now() -> ResponseReturnValue:
        return mischief.now

    @routes.post("/mischief")
    async def make_mischief() -> ResponseReturnValue:
        try:
            mischief.change(**await _asked())
        except (ValueError, _Nonsense) as problem:
            return _refused(str(problem))
        return mischief.now

    @routes.post("/act")
    async def act() -> ResponseReturnValue:
        try:
            asked = await _asked()
            verb, takes = _verb(acts, asked.pop("verb", None))
            id_ = asked.pop("id", None)
            if not isinstance(id_, str):
                return _refused("id: a text")
            return await verb(id_, **_read(asked, takes))
        except (ValueError, _Nonsense) as problem:
            return _refused(str(problem))
        except ApiError as error:
            return error.body, error.status

    @routes.get("/payments")
    async def payments() -> ResponseReturnValue:
        acts.catch_up()
        return [
            _payment(account, charge)
            for charge in reversed(account.state["charges"].values())
            if charge["paid"]
        ]


def _verb(acts: Acts, name: object) -> tuple[Verb, Mapping[str, type]]:
    verbs: dict[str, Verb] = {
        "refund": acts.refund,
        "dispute": acts.dispute,
        "inquiry": lambda id_, **how: acts.dispute(id_, inquiry=True, **how),
        "warn": acts.warn,
        "finish_refund": acts.finish_refund,
        "move_dispute": acts.move_dispute,
        "clear_warning": acts.clear_warning,
    }
    if not isinstance(name, str) or name not in verbs:
        raise _Nonsense(f"verb: one of {', '.join(verbs)}")
    return verbs[name], _TAKES[name]


def _read(asked: Row, takes: Mapping[str, type]) -> Row:
    for name, value in asked.items():
        # Exactly this type: to Python true would be a number as well.
        if type(value) is not takes.get(name):
            raise _Nonsense(
                f"{name}: " + (f"a JSON {takes[name].__name__}" if name in takes else "not known here")
            )
    if takes == {"status": str} and "status" not in asked:
        raise _Nonsense("status: missing")
    if not all(isinstance(value, str) for value in asked.get("metadata", {}).values()):
        raise _Nonsense("metadata: texts")
    return asked


async def _asked() -> Row:
    asked = await request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise _Nonsense("a JSON object is wanted")
    return asked


def _refused(why: str) -> ResponseReturnValue:
    return ApiError(why).body, 400


def _payment(account: Account, charge: Row) -> Row:
    intent = charge["payment_intent"]
    sessions = account.state["sessions"].values()
    session = next((row for row in sessions if row["payment_intent"] == intent), None)

    def those(table: str, *fields: str) -> list[Row]:
        rows = [row for row in account.state[table].values() if row["charge"] == charge["id"]]
        return [{field: row[field] for field in ("id", *fields)} for row in rows]

    return {
        "session": session["id"] if session else None,
        "payment_intent": intent,
        "amount": charge["amount"],
        "currency": charge["currency"],
        "metadata": session["metadata"] if session else charge["metadata"],
        "refunds": those("refunds", "amount", "status"),
        "disputes": those("disputes", "amount", "status"),
        "warnings": those("warnings", "actionable"),
    }
