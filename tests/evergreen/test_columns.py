"""No text from outside meets a column that cannot hold it: each column says where its values come from."""

from collections.abc import Iterator
from importlib import import_module

import pytest
from tortoise.fields import CharField, Field, TextField
from tortoise.fields.data import CharEnumFieldInstance
from tortoise.models import Model

from bot_platform.domain.actions import Action
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.refunds import Refund
from bot_platform.domain.users import User
from bot_platform.infra.columns import ErrorText, Key, OutsideId, Words
from bot_platform.infra.database import MODELS, Database
from bot_platform.infra.sql import query
from tests.makers import person

FROM_OUTSIDE = (Key, OutsideId, Words, ErrorText)
# Columns whose values are made or checked here, and what keeps them short.
OURS = {
    "purchase.uid": "new_uid()",
    "purchase.package": "the code of a package: packages.read allows 64 characters",
    "purchase.currency": "the currency of a package: packages.known_currency",
    "purchase.provider": "the name of a class in providers/",
    "purchase.account": "providers/stripe/accounts.account_of, at most 27 characters",
    "purchase.link": "text without a limit",
    "reversal.provider": "the name of a class in providers/",
    "reversal.currency": "three ASCII letters: events._is_currency, checked before it is lower-cased",
    "refund.uid": "new_uid()",
    "job.kind": "the command of a kind: engine/kind.CODE allows 32 characters",
    "event.type": "events._is_event allows 100 characters; updates have one of ours",
    "notice.text": "a name in telegram/locales, or one of a kind of work",
    "schedule.name": "a constant, or `missed:` and the name of a provider",
    "lease.name": "a constant",
    "outage.party": "a constant",
    "action.by": "`telegram:` and a number, or a constant",
    "action.what": "a constant",
    "broadcast.by": "as action.by",
    "broadcast.text": "text without a limit; a draft of more than 3500 characters is refused",
}
LONG = "x" * 5000


def _columns() -> Iterator[tuple[str, Field[object]]]:
    for name in MODELS:
        if not name.startswith("bot_platform."):
            continue
        module = import_module(name)
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, Model) and model.__module__ == module.__name__:
                for column, field in model._meta.fields_map.items():  # noqa: SLF001 -- Tortoise has no public list
                    yield f"{model.Meta.table}.{column}", field  # type: ignore[attr-defined]


TEXTS = {
    name: field
    for name, field in _columns()
    if isinstance(field, CharField | TextField) and not isinstance(field, CharEnumFieldInstance)
}


@pytest.mark.parametrize("name", TEXTS)
def test_every_column_of_texts_says_where_its_values_come_from(name: str) -> None:
    if isinstance(TEXTS[name], FROM_OUTSIDE):
        assert name not in OURS
    else:
        assert name in OURS, f"{name}: a Key, an OutsideId, Words or an ErrorText, or name its source above"


def test_no_source_is_named_for_a_column_that_is_gone() -> None:
    assert OURS.keys() <= TEXTS.keys()


async def test_a_text_that_is_too_long_is_stored_and_found_again(database: Database) -> None:
    user = await person(database)
    await User.filter(id=user.id).update(language=LONG, arrived_by=LONG)
    assert (await User.get(arrived_by=LONG)).language == "x" * 35
    sale = await Purchase.create(
        request_key=LONG,
        user_id=user.id,
        package="buy_100",
        credits=1,
        amount=1,
        currency="usd",
        provider="mock",
        provider_ref="r" * 255,
        payment_ref="p" * 255,
        attempt_at=user.created_at,
    )
    assert (await Purchase.get(request_key=LONG)).id == sale.id
    assert await Purchase.filter(request_key__in=["other", LONG]).count() == 1
    assert await Purchase.filter(request_key=LONG + "y").count() == 0
    refund = await Refund.create(purchase_id=sale.id, request_key=LONG, amount=1, reason=LONG)
    await Refund.filter(request_key=LONG).update(error=LONG)
    await refund.refresh_from_db()
    assert (len(refund.reason), len(refund.error)) == (300, 1000)
    await Action.create(by="console", what="x", subject=LONG)
    await Notice.create(
        key=LONG, subject=LONG, chat_id=1, text="help", error="half a \ud800 pair and \0", request=LONG
    )
    assert (await Notice.get(key=LONG, subject=LONG)).error == "half a ? pair and \ufffd"
    assert [len(row["subject"]) for row in await query("SELECT subject FROM action")] == [64]


def test_a_key_that_fits_stays_as_it_is() -> None:
    key = Key()
    assert key.to_db_value("k" * 100, User) == "k" * 100
    assert key.to_db_value("", User) == ""
    assert len(key.to_db_value("k" * 101, User)) == 64
    assert len(key.to_db_value("a NUL \0", User)) == 64
