"""Handles one API request: faults, API key, parameters, idempotency, endpoint, in this order."""

import copy
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot_platform.sandbox.movable_clock import delay
from bot_platform.sandbox.stripe import (
    checkout_api,
    form,
    idempotency,
    listing,
    object_ids,
    payments_api,
    reversals_api,
    webhooks_api,
)
from bot_platform.sandbox.stripe.account import API_VERSION, Account, Origin
from bot_platform.sandbox.stripe.api_keys import ApiKeys
from bot_platform.sandbox.stripe.endpoint import Call, Endpoint
from bot_platform.sandbox.stripe.errors import ApiError, unknown_url
from bot_platform.sandbox.stripe.fault_switches import FaultSwitches
from bot_platform.sandbox.stripe.faults import Fault, Faults
from bot_platform.sandbox.stripe.idempotency import Answer
from bot_platform.sandbox.stripe.parameter_types import Hash
from bot_platform.sandbox.stripe.state import Row

ENDPOINTS: tuple[Endpoint, ...] = (
    *checkout_api.ENDPOINTS,
    *payments_api.ENDPOINTS,
    *reversals_api.ENDPOINTS,
    *webhooks_api.ENDPOINTS,
)
_MAX_REMEMBERED_REQUESTS = 10_000


@dataclass(frozen=True)
class ApiRequest:
    """A received request. `params` is nested; values are strings, lists are dicts keyed by position."""

    method: str
    path: str
    params: dict[str, Any]
    idempotency_key: str | None
    stripe_version: str | None
    authorization: str | None


class ConnectionDropped(Exception):
    """Close the connection without an answer."""


class Api:
    """All API endpoints of one account."""

    def __init__(
        self,
        account: Account,
        *,
        api_keys: ApiKeys,
        faults: Faults,
        switches: FaultSwitches,
        run_due_actions: Callable[[], None],
    ) -> None:
        self._account = account
        self._api_keys = api_keys
        self._faults = faults
        self._switches = switches
        self._run_due_actions = run_due_actions
        self._idempotency_keys = idempotency.IdempotencyKeys(account)
        self.requests: deque[ApiRequest] = deque(maxlen=_MAX_REMEMBERED_REQUESTS)

    async def answer(self, method: str, path: str, form_text: str, headers: Mapping[str, str]) -> Answer:
        """Serve one request; `form_text` has its form-encoded parameters, header names are in lower case.

        Raises only ConnectionDropped.
        """
        request_id = object_ids.new("req")
        if self._switches.down:
            return _faulty_answer(Fault(path, method, status=503), request_id)
        answer = await self._answer(request_id, method, path, form_text, headers)
        return await _delayed(answer, self._switches.slow)

    async def _answer(
        self, request_id: str, method: str, path: str, form_text: str, headers: Mapping[str, str]
    ) -> Answer:
        fault = self._faults.take(method, path)
        try:
            request = ApiRequest(
                method,
                path,
                form.decode(form_text),
                headers.get("idempotency-key") if method == "POST" else None,
                headers.get("stripe-version"),
                headers.get("authorization"),
            )
            self.requests.append(request)
            if fault.replaces_answer and not fault.executes_request:
                return _faulty_answer(fault, request_id)
            return await self._serve(request, request_id, fault)
        except ApiError as error:
            return Answer(error.status, error.body, request_id)

    async def _serve(self, request: ApiRequest, request_id: str, fault: Fault) -> Answer:
        self._api_keys.check(request.authorization, request.method, request.path)
        self._switches.refuse(request.method, request.path, request.idempotency_key)
        endpoint, id_ = _endpoint(request)
        # Before the idempotency key: Stripe does not replay a request that failed validation.
        params = _schema(endpoint, request).read(request.params)
        request_fingerprint = idempotency.fingerprint(request.method, request.path, request.params)
        with self._idempotency_keys.lock(request.idempotency_key):
            if request.idempotency_key is not None:
                stored = self._idempotency_keys.find(request.idempotency_key, request_fingerprint, request_id)
                if stored is not None:
                    return stored
            if not fault.executes_request:
                await delay(fault.delay)
            call = Call(self._account, id_, params, Origin(request_id, request.idempotency_key))
            answer = self._execute(endpoint, call, request_id)
            if fault.executes_request and fault.status is not None:
                answer = _faulty_answer(fault, request_id)
            if request.idempotency_key is not None:
                self._idempotency_keys.store(request.idempotency_key, request_fingerprint, answer)
            if fault.executes_request:
                answer = await _delayed(answer, fault.delay)
        if fault.drops_connection:
            raise ConnectionDropped
        return answer

    def _execute(self, endpoint: Endpoint, call: Call, request_id: str) -> Answer:
        self._run_due_actions()
        try:
            found = endpoint.run(call)
            body: Row = listing.expand(self._account, found, call.params.get("expand", []))
        except ApiError as error:
            return Answer(error.status, error.body, request_id)
        return Answer(200, body, request_id)


def _endpoint(request: ApiRequest) -> tuple[Endpoint, str]:
    for endpoint in ENDPOINTS:
        id_ = endpoint.match(request.method, request.path)
        if id_ is not None:
            return endpoint, id_
    raise unknown_url(request.method, request.path)


def _schema(endpoint: Endpoint, request: ApiRequest) -> Hash:
    if request.stripe_version == API_VERSION:
        return endpoint.schema
    return endpoint.schema.extended(**endpoint.legacy)


async def _delayed(answer: Answer, seconds: float) -> Answer:
    if seconds:
        # Copy first: the objects may change during the delay, and the answer must not.
        answer = copy.deepcopy(answer)
        await delay(seconds)
    return answer


def _faulty_answer(fault: Fault, request_id: str) -> Answer:
    if fault.drops_connection or fault.status is None:
        raise ConnectionDropped
    if fault.body is not None:
        return Answer(
            fault.status, fault.body if isinstance(fault.body, str) else dict(fault.body), request_id
        )
    error = ApiError("An unknown error occurred.", status=fault.status, type_="api_error")
    return Answer(fault.status, error.body, request_id)
