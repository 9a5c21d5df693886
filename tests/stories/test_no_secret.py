"""A service whose every outside party fails, and repeats what it was sent, shows and stores no secret."""

import io
import json
from typing import Any

import pytest

from bot_platform.doctor.diagnose import diagnose
from bot_platform.flows import updates
from bot_platform.flows.updates import IncomingUpdate
from bot_platform.infra.database import MODELS, Database
from bot_platform.infra.sql import tables
from bot_platform.telegram.session import HttpSession
from tests.makers import RunningService, running_service, session_event
from tests.providers.test_no_secret_in_faults import GIVEN, WAYS, failing, leaked
from tests.providers.test_no_secret_in_faults import logged as logged  # noqa: PLC0414 -- a fixture
from tests.telegram.test_update_keys import message, press

BUYER, ADMIN = 77, 900
PAGES = ("/healthz", "/livez", "/readyz", "/metrics", "/payment-success", "/operator/", "/nowhere")
WORST = ("JSON 400", "JSON 500", "a redirect to no address")


async def rows_of(database: Database) -> str:
    """Write all rows of the database as a backup holds them."""
    async with database.reader() as ask:
        return "\n".join([json.dumps(await ask(f'SELECT * FROM "{t}"'), default=str) for t in tables(MODELS)])  # noqa: S608 -- names of ours


async def use(h: RunningService, database: Database) -> None:
    """Ask, buy, question the support, and pay on a page that was not opened here."""
    said = ["/start", "/ask why?", "/paysupport where is it?"]
    came = [(BUYER, message(n, BUYER, text)) for n, text in enumerate(said, 1)]
    came += [(BUYER, press(9, BUYER, "buy_100")), (ADMIN, message(10, ADMIN, "/admin"))]
    stored = [IncomingUpdate(update["update_id"], sender, sender, update) for sender, update in came]
    await updates.store(database, h.settings.bot_id, stored)
    await h.post(session_event(id="cs_of_nobody", client_reference_id="1"))


@pytest.mark.parametrize("way", WORST)
async def test_no_secret_leaves_the_service_or_is_stored(
    database: Database, database_url: str, way: str, logged: io.StringIO
) -> None:
    async with failing(WAYS[way]) as url:
        ours: dict[str, Any] = GIVEN | {
            "stripe_api_base": url,
            "ai_base_url": f"{url}/v1",
            "telegram_api_base": url,
        }
        session = HttpSession(url, None)
        async with running_service(
            database_url, session=session, admin_telegram_ids="900", welcome_credits="5", **ours
        ) as h:
            await use(h, database)
            await h.clock.pass_time(60)
            shown = []
            for page in PAGES:
                async with h.http.get(f"{h.url}{page}") as answer:
                    shown.append(await answer.text())
            rows = await rows_of(database)
            checked = await diagnose(h.settings, fix=True, spend=True)
    assert leaked("\n".join(shown)) == []
    assert leaked(rows) == []
    assert leaked(str(checked)) == []
    assert leaked(logged.getvalue()) == []
    assert "loop.fault" in logged.getvalue()
