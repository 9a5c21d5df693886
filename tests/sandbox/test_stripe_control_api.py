"""The buttons of a demo: mischief, acts and the list of payments over HTTP."""

from typing import Any

import pytest

from tests.sandbox.stripe_world import World, world

NONE = {"twice": False, "shuffled": False, "lost": False, "down": False, "late": 0.0, "slow": 0.0}


async def _get(w: World, path: str) -> Any:
    async with w.http.get(w.url + path) as answer:
        assert answer.status == 200
        return await answer.json()


async def _post(w: World, path: str, asked: Any) -> tuple[int, Any]:
    async with w.http.post(w.url + path, json=asked) as answer:
        return answer.status, await answer.json()


async def _act(w: World, verb: str, id_: str, **more: Any) -> Any:
    status, row = await _post(w, "/act", {"verb": verb, "id": id_, **more})
    assert status == 200, row
    return row


async def _paid(w: World, **params: Any) -> str:
    session = await w.open(**params)
    await w.local.pay(session.id)
    return str(session.id)


async def test_mischief_is_read_and_changed_by_parts() -> None:
    async with world() as w:
        assert await _get(w, "/mischief") == NONE
        assert await _post(w, "/mischief", {"twice": True, "late": 2}) == (
            200,
            {**NONE, "twice": True, "late": 2.0},
        )
        assert w.local.fault_switches.twice
        assert await _post(w, "/mischief", {"twice": False}) == (200, {**NONE, "late": 2.0})
        assert await _post(w, "/mischief", {}) == (200, {**NONE, "late": 2.0})


@pytest.mark.parametrize(
    "nonsense",
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
async def test_nonsense_as_mischief_changes_nothing(nonsense: Any) -> None:
    async with world() as w:
        status, answer = await _post(w, "/mischief", nonsense)
        assert (status, bool(answer["error"]["message"])) == (400, True)
        assert await _get(w, "/mischief") == NONE


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"NaN", b'{"late": NaN}', b'{"late": Infinity}'])
async def test_what_is_no_json_is_refused(body: bytes) -> None:
    async with world() as w:
        for path in ("/mischief", "/act"):
            headers = {"Content-Type": "application/json"}
            async with w.http.post(w.url + path, data=body, headers=headers) as answer:
                assert answer.status == 400
        assert await _get(w, "/mischief") == NONE


async def test_a_form_of_a_foreign_page_moves_nothing() -> None:
    async with world() as w:
        for path in ("/mischief", "/act"):
            async with w.http.post(w.url + path, data='{"lost": true}') as answer:
                assert answer.status == 400
        assert not w.local.fault_switches.lost


async def test_every_button_does_what_its_verb_does() -> None:
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
    ("asked", "status"),
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
async def test_a_button_that_nobody_has_is_refused(asked: Any, status: int) -> None:
    async with world() as w:
        paid = await _paid(w)
        if isinstance(asked, dict) and asked.get("id") == "PAID":
            asked = {**asked, "id": paid}
        before = len(w.local.events)
        answered, body = await _post(w, "/act", asked)
        assert answered == status
        assert body["error"]["message"]
        assert len(w.local.events) == before


async def test_payments_are_listed_newest_first_with_what_became_of_them() -> None:
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


async def test_the_buttons_work_while_the_api_is_down() -> None:
    async with world() as w:
        paid = await _paid(w)
        await _post(w, "/mischief", {"down": True})
        assert (await _act(w, "refund", paid))["amount"] == 500
        (payment,) = await _get(w, "/payments")
        assert payment["refunds"][0]["status"] == "succeeded"
