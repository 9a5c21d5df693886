"""The control API: fault switches, actions and the list of payments over HTTP."""

from typing import Any

import pytest

from tests.sandbox.stripe_world import World, world

ALL_OFF = dict.fromkeys(("twice", "shuffled", "lost", "down", "refuses", "key_reused"), False) | {
    "late": 0.0,
    "slow": 0.0,
}


async def _get(w: World, path: str) -> Any:
    async with w.http.get(w.url + path) as answer:
        assert answer.status == 200
        return await answer.json()


async def _post(w: World, path: str, body: Any) -> tuple[int, Any]:
    async with w.http.post(w.url + path, json=body) as answer:
        return answer.status, await answer.json()


async def _act(w: World, verb: str, id_: str, **options: Any) -> Any:
    status, row = await _post(w, "/act", {"verb": verb, "id": id_, **options})
    assert status == 200, row
    return row


async def _paid(w: World, **params: Any) -> str:
    session = await w.open(**params)
    await w.local.pay(session.id)
    return str(session.id)


async def test_fault_switches_can_be_read_and_changed_one_by_one() -> None:
    async with world() as w:
        assert await _get(w, "/mischief") == ALL_OFF
        assert await _post(w, "/mischief", {"twice": True, "late": 2}) == (
            200,
            {**ALL_OFF, "twice": True, "late": 2.0},
        )
        assert w.local.fault_switches.twice
        assert await _post(w, "/mischief", {"twice": False}) == (200, {**ALL_OFF, "late": 2.0})
        assert await _post(w, "/mischief", {}) == (200, {**ALL_OFF, "late": 2.0})


@pytest.mark.parametrize(
    "invalid",
    [
        {"colour": True},
        {"twice": 1},
        {"twice": "true"},
        {"late": True},
        {"late": -1},
        {"late": "2"},
        {"slow": 1e9},
        {"random": 1},
        {"self": 1},
        {"lost": True, "late": None},
        [],
        "lost",
        None,
    ],
)
async def test_invalid_switches_are_refused_and_change_nothing(invalid: Any) -> None:
    async with world() as w:
        status, answer = await _post(w, "/mischief", invalid)
        assert (status, bool(answer["error"]["message"])) == (400, True)
        assert await _get(w, "/mischief") == ALL_OFF


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"NaN", b'{"late": NaN}', b'{"late": Infinity}'])
async def test_a_body_that_is_not_json_is_refused(body: bytes) -> None:
    async with world() as w:
        for path in ("/mischief", "/act"):
            headers = {"Content-Type": "application/json"}
            async with w.http.post(w.url + path, data=body, headers=headers) as answer:
                assert answer.status == 400
        assert await _get(w, "/mischief") == ALL_OFF


async def test_a_form_post_from_another_page_changes_nothing() -> None:
    async with world() as w:
        for path in ("/mischief", "/act"):
            async with w.http.post(w.url + path, data='{"lost": true}') as answer:
                assert answer.status == 400
        assert not w.local.fault_switches.lost


async def test_every_verb_runs_its_action() -> None:
    async with world() as w:
        refund = await _act(w, "refund", await _paid(w), amount=100, how="pending", metadata={"a": "b"})
        assert (refund["status"], refund["amount"], refund["metadata"]) == ("pending", 100, {"a": "b"})
        assert (await _act(w, "finish_refund", refund["id"], status="failed"))["status"] == "failed"
        dispute = await _act(w, "dispute", await _paid(w), amount=200, reason="duplicate")
        assert (dispute["status"], dispute["amount"]) == ("needs_response", 200)
        assert (await _act(w, "move_dispute", dispute["id"], status="won"))["status"] == "won"
        assert (await _act(w, "inquiry", await _paid(w)))["status"] == "warning_needs_response"
        warning = await _act(w, "warn", await _paid(w), actionable=True)
        assert warning["actionable"]
        assert not (await _act(w, "clear_warning", warning["id"]))["actionable"]
        await w.local.settled()
        assert {event["type"] for event in w.receiver.got} >= {"refund.failed", "charge.dispute.closed"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ([], 400),
        ({"verb": "steal", "id": "PAID"}, 400),
        ({"verb": ["refund"], "id": "PAID"}, 400),
        ({"verb": "refund"}, 400),
        ({"verb": "refund", "id": 7}, 400),
        ({"verb": "refund", "id": "cs_test_nobody"}, 400),
        ({"verb": "refund", "id": "PAID", "amount": "100"}, 400),
        ({"verb": "refund", "id": "PAID", "amount": True}, 400),
        ({"verb": "refund", "id": "PAID", "amount": 0}, 400),
        ({"verb": "refund", "id": "PAID", "amount": 501}, 400),
        ({"verb": "refund", "id": "PAID", "how": "never"}, 400),
        ({"verb": "refund", "id": "PAID", "metadata": {"a": 1}}, 400),
        ({"verb": "refund", "id": "PAID", "inquiry": True}, 400),
        ({"verb": "inquiry", "id": "PAID", "inquiry": False}, 400),
        ({"verb": "finish_refund", "id": "re_nobody"}, 400),
        ({"verb": "finish_refund", "id": "re_nobody", "status": "failed"}, 404),
        ({"verb": "move_dispute", "id": "du_nobody", "status": "won"}, 404),
        ({"verb": "move_dispute", "id": "du_nobody", "status": "forgiven"}, 404),
        ({"verb": "warn", "id": "PAID", "actionable": "yes"}, 400),
        ({"verb": "clear_warning", "id": "issfr_nobody"}, 404),
    ],
)
async def test_an_invalid_action_is_refused_and_changes_nothing(body: Any, status: int) -> None:
    async with world() as w:
        paid = await _paid(w)
        if isinstance(body, dict) and body.get("id") == "PAID":
            body = {**body, "id": paid}
        before = len(w.local.events)
        received_status, answer = await _post(w, "/act", body)
        assert received_status == status
        assert answer["error"]["message"]
        assert len(w.local.events) == before


async def test_payments_are_listed_newest_first_with_their_reversals() -> None:
    async with world() as w:
        assert await _get(w, "/payments") == []
        await w.open()
        first = await _paid(w, metadata={"purchase": "1"})
        second = await _paid(w, currency="eur", amount=700)
        refund = await w.local.refund(first, 100)
        dispute = await w.local.dispute(first, 200)
        warning = await w.local.warn(second)
        newest, oldest = await _get(w, "/payments")
        assert oldest == {
            "session": first,
            "payment_intent": w.local.sessions[first]["payment_intent"],
            "amount": 500,
            "currency": "usd",
            "metadata": {"purchase": "1"},
            "refunds": [{"id": refund["id"], "amount": 100, "status": "succeeded"}],
            "disputes": [{"id": dispute["id"], "amount": 200, "status": "needs_response"}],
            "warnings": [],
        }
        assert (newest["session"], newest["amount"], newest["currency"]) == (second, 700, "eur")
        assert newest["warnings"] == [{"id": warning["id"], "actionable": True}]


async def test_the_control_api_works_while_the_api_is_down() -> None:
    async with world() as w:
        paid = await _paid(w)
        await _post(w, "/mischief", {"down": True})
        assert (await _act(w, "refund", paid))["amount"] == 500
        (payment,) = await _get(w, "/payments")
        assert payment["refunds"][0]["status"] == "succeeded"
