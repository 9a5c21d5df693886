"""The counter where work is ordered: what there is, what it may cost, and what it builds on."""

from collections.abc import Mapping, Sequence

from bot_platform.domain import job_texts, jobs
from bot_platform.domain.errors import CannotOrder, NoSuchJob
from bot_platform.domain.jobs import Job
from bot_platform.domain.users import User
from bot_platform.flows.context import WorkContext
from bot_platform.flows.order_work import order
from bot_platform.work.engine.kind import JobKind, Order
from bot_platform.work.engine.model import Model, Rates
from bot_platform.work.engine.runner import turns

REMEMBERED = 5  # answered orders that a new one of the same kind builds on
REMEMBERED_BYTES = 8000  # of them: what is remembered is read again by the model, and paid for


class Orders:
    """Takes orders of paid work."""

    def __init__(
        self, context: WorkContext, kinds: Mapping[str, JobKind], model: Model | None, rates: Rates
    ) -> None:
        self.context, self.kinds = context, kinds
        self._model, self._rates = model, rates

    async def order(self, user: User, code: str, request: str, request_key: str) -> Job:
        """Order work of a kind; raises CannotOrder for what is not set up or says nothing."""
        kind = self.kinds.get(code)
        if kind is None:
            raise NoSuchJob  # it was sold once, and is no more
        if kind.needs_model and self._model is None:
            raise CannotOrder("work-not-set-up")
        if not request.strip():
            raise CannotOrder("work-says-nothing", command=code)
        before = await self._before(user, code) if kind.remembers else []
        said = tuple(turn for job in before for turn in turns(job))
        quote = kind.price(Order(request, said), self._rates)
        asked = {"text": request, "before": [job.id for job in before]}
        return await order(
            self.context, user, code, asked, request_key, most=quote.most, needs=min(quote.first, quote.most)
        )

    async def order_again(self, user: User, job_id: int) -> Job:
        """Order once more what has ended, once; raises NoSuchJob when it is another's, or forgotten."""
        job = await jobs.find(job_id)
        if job is None or job.user_id != user.id or job.is_open or not job.request:
            raise NoSuchJob
        return await self.order(user, job.kind, job.request["text"], f"{job.subject}:again")

    async def _before(self, user: User, code: str) -> Sequence[Job]:
        """Choose the answered orders that a new one builds on, oldest first, within the budget."""
        chosen: list[Job] = []
        left = REMEMBERED_BYTES
        for job in await job_texts.conversation(user.id, code, REMEMBERED):
            left -= sum(len(turn.text.encode(errors="replace")) for turn in turns(job))
            if left < 0:
                break
            chosen.insert(0, job)
        return chosen
