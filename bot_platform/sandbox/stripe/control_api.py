"""The control API behind the demo's buttons: fault switches, actions on payments, the list of payments."""

from collections.abc import Awaitable, Callable, Mapping

from quart import Blueprint, request
from quart.typing import ResponseReturnValue

from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.actions import Actions
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.fault_switches import FaultSwitches
from bot_platform.sandbox.stripe.state import Row

Action = Callable[..., Awaitable[Row]]

# The parameters of each action besides `verb` and `id`.
_AMOUNT_AND_REASON: Mapping[str, type] = {"amount": int, "reason": str}
_PARAMETERS: Mapping[str, Mapping[str, type]] = {
    "refund": {**_AMOUNT_AND_REASON, "how": str, "metadata": dict},
    "dispute": _AMOUNT_AND_REASON,
    "inquiry": _AMOUNT_AND_REASON,
    "warn": {"actionable": bool},
    "finish_refund": {"status": str},
    "move_dispute": {"status": str},
    "clear_warning": {},
    "foreign_sale": {},
}


class _InvalidRequest(Exception):
    """The body is not one that a button sends."""


def add_controls(routes: Blueprint, actions: Actions, switches: FaultSwitches, account: Account) -> None:
    """Add `/mischief`, `/act` and `/payments` to a blueprint. Requests and answers are JSON."""

    @routes.get("/mischief")
    async def show_switches() -> ResponseReturnValue:
        return switches.values

    @routes.post("/mischief")
    async def change_switches() -> ResponseReturnValue:
        try:
            switches.change(**await _json_body())
        except (ValueError, _InvalidRequest) as error:
            return _bad_request(str(error))
        return switches.values

    @routes.post("/act")
    async def run_action() -> ResponseReturnValue:
        try:
            body = await _json_body()
            action, parameters = _action(actions, body.pop("verb", None))
            id_ = body.pop("id", None)
            if not isinstance(id_, str):
                return _bad_request("id: must be a string")
            return await action(id_, **_check(body, parameters))
        except (ValueError, _InvalidRequest) as error:
            return _bad_request(str(error))
        except ApiError as error:
            return error.body, error.status

    @routes.get("/payments")
    async def payments() -> ResponseReturnValue:
        actions.run_due_actions()
        return [
            _payment(account, charge)
            for charge in reversed(account.state["charges"].values())
            if charge["paid"]
        ]


def _action(actions: Actions, name: object) -> tuple[Action, Mapping[str, type]]:
    actions_by_name: dict[str, Action] = {
        "refund": lambda id_, how="succeeded", **options: actions.refund(id_, scenario=how, **options),
        "dispute": actions.dispute,
        "inquiry": lambda id_, **options: actions.dispute(id_, inquiry=True, **options),
        "warn": actions.warn,
        "finish_refund": actions.finish_refund,
        "move_dispute": actions.move_dispute,
        "clear_warning": actions.clear_warning,
        "foreign_sale": actions.foreign_sale,
    }
    if not isinstance(name, str) or name not in actions_by_name:
        raise _InvalidRequest(f"verb: one of {', '.join(actions_by_name)}")
    return actions_by_name[name], _PARAMETERS[name]


def _check(body: Row, parameters: Mapping[str, type]) -> Row:
    for name, value in body.items():
        # The exact type: in Python True is an int too.
        if type(value) is not parameters.get(name):
            raise _InvalidRequest(
                f"{name}: "
                + (f"a JSON {parameters[name].__name__}" if name in parameters else "unknown parameter")
            )
    if parameters == {"status": str} and "status" not in body:
        raise _InvalidRequest("status: missing")
    if not all(isinstance(value, str) for value in body.get("metadata", {}).values()):
        raise _InvalidRequest("metadata: values must be strings")
    return body


async def _json_body() -> Row:
    body = await request.get_json(silent=True)
    if not isinstance(body, dict):
        raise _InvalidRequest("the body must be a JSON object")
    return body


def _bad_request(message: str) -> ResponseReturnValue:
    return ApiError(message).body, 400


def _payment(account: Account, charge: Row) -> Row:
    intent = charge["payment_intent"]
    sessions = account.state["sessions"].values()
    session = next((row for row in sessions if row["payment_intent"] == intent), None)

    def rows_of(table: str, *fields: str) -> list[Row]:
        rows = [row for row in account.state[table].values() if row["charge"] == charge["id"]]
        return [{field: row[field] for field in ("id", *fields)} for row in rows]

    return {
        "session": session["id"] if session else None,
        "payment_intent": intent,
        "amount": charge["amount"],
        "currency": charge["currency"],
        "metadata": session["metadata"] if session else charge["metadata"],
        "refunds": rows_of("refunds", "amount", "status"),
        "disputes": rows_of("disputes", "amount", "status"),
        "warnings": rows_of("warnings", "actionable"),
    }
