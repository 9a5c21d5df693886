"""A request to the API becomes an answer: faults, key, parameters, idempotency, endpoint, in this order."""

import copy
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot_platform.sandbox.movable_clock import delay
from bot_platform.sandbox.stripe import (
    form,
    idempotency,
    identifiers,
    listing,
    paying_api,
    reversing_api,
    selling_api,
    webhooks_api,
)
from bot_platform.sandbox.stripe.account import API_VERSION, Account, Origin
from bot_platform.sandbox.stripe.endpoint import Call, Endpoint
from bot_platform.sandbox.stripe.errors import ApiError, unknown_url
from bot_platform.sandbox.stripe.faults import Fault, Faults
from bot_platform.sandbox.stripe.idempotency import Answer
from bot_platform.sandbox.stripe.keys import Keyring
from bot_platform.sandbox.stripe.mischief import Mischief
from bot_platform.sandbox.stripe.parameters import Hash
from bot_platform.sandbox.stripe.state import Row

ENDPOINTS: tuple[Endpoint, ...] = (
    *selling_api.ENDPOINTS,
    *paying_api.ENDPOINTS,
    *reversing_api.ENDPOINTS,
    *webhooks_api.ENDPOINTS,
)
_REMEMBERED = 10_000


@dataclass(frozen=True)
class ApiRequest:
    """What somebody asked: parameters nested, every value still text (lists are dicts keyed by position)."""

    method: str
    path: str
    params: dict[str, Any]
    idempotency_key: str | None
    stripe_version: str | None
    authorization: str | None


class HangUp(Exception):
    """The connection is to be closed without an answer."""


class Api:
    """All endpoints of one account behind its keys."""

    def __init__(
        self,
        account: Account,
        *,
        keys: Keyring,
        faults: Faults,
        mischief: Mischief,
        catch_up: Callable[[], None],
    ) -> None:
        self._account = account
        self._keyring = keys
        self._faults = faults
        self._mischief = mischief
        self._catch_up = catch_up
        self._keys = idempotency.Keys(account)
        self.requests: deque[ApiRequest] = deque(maxlen=_REMEMBERED)

    async def answer(self, method: str, path: str, sent: str, headers: Mapping[str, str]) -> Answer:
        """Serve one request; `sent` are its form-encoded parameters, header names are lower case.

        Raises HangUp, nothing else.
        """
        request_id = identifiers.new("req")
        if self._mischief.down:
            return _spoilt(Fault(path, method, status=503), request_id)
        answer = await self._answer(request_id, method, path, sent, headers)
        return await _held_back(answer, self._mischief.slow)

    async def _answer(
        self, request_id: str, method: str, path: str, sent: str, headers: Mapping[str, str]
    ) -> Answer:
        fault = self._faults.take(method, path)
        try:
            request = ApiRequest(
                method,
                path,
                form.decode(sent),
                headers.get("idempotency-key") if method == "POST" else None,
                headers.get("stripe-version"),
                headers.get("authorization"),
            )
            self.requests.append(request)
            if fault.spoils and not fault.executes:
                return _spoilt(fault, request_id)
            return await self._serve(request, request_id, fault)
        except ApiError as error:
            return Answer(error.status, error.body, request_id)

    async def _serve(self, request: ApiRequest, request_id: str, fault: Fault) -> Answer:
        self._keyring.check(request.authorization, request.method, request.path)
        endpoint, id_ = _endpoint(request)
        # Read before the key is looked at: a request that was never executed is never replayed.
        params = _accepts(endpoint, request).read(request.params)
        about = idempotency.about(request.method, request.path, request.params)
        with self._keys.working(request.idempotency_key):
            if request.idempotency_key is not None:
                kept = self._keys.replay(request.idempotency_key, about, request_id)
                if kept is not None:
                    return kept
            if not fault.executes:
                await delay(fault.delay)
            call = Call(self._account, id_, params, Origin(request_id, request.idempotency_key))
            answer = self._execute(endpoint, call, request_id)
            if fault.executes and fault.status is not None:
                answer = _spoilt(fault, request_id)
            if request.idempotency_key is not None:
                self._keys.keep(request.idempotency_key, about, answer)
            if fault.executes:
                answer = await _held_back(answer, fault.delay)
        if fault.hangs_up:
            raise HangUp
        return answer

    def _execute(self, endpoint: Endpoint, call: Call, request_id: str) -> Answer:
        self._catch_up()
        try:
            found = endpoint.run(call)
            body: Row = listing.expanded(self._account, found, call.params.get("expand", []))
        except ApiError as error:
            return Answer(error.status, error.body, request_id)
        return Answer(200, body, request_id)


def _endpoint(request: ApiRequest) -> tuple[Endpoint, str]:
    for endpoint in ENDPOINTS:
        id_ = endpoint.match(request.method, request.path)
        if id_ is not None:
            return endpoint, id_
    raise unknown_url(request.method, request.path)


def _accepts(endpoint: Endpoint, request: ApiRequest) -> Hash:
    if request.stripe_version == API_VERSION:
        return endpoint.accepts
    return endpoint.accepts.also(**endpoint.older)


async def _held_back(answer: Answer, seconds: float) -> Answer:
    if seconds:
        # What is true now is what will be answered, whatever happens to the objects meanwhile.
        answer = copy.deepcopy(answer)
        await delay(seconds)
    return answer


def _spoilt(fault: Fault, request_id: str) -> Answer:
    if fault.hangs_up or fault.status is None:
        raise HangUp
    if fault.body is not None:
        return Answer(
            fault.status, fault.body if isinstance(fault.body, str) else dict(fault.body), request_id
        )
    error = ApiError("An unknown error occurred.", status=fault.status, type_="api_error")
    return Answer(fault.status, error.body, request_id)
