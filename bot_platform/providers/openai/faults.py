"""The faults of an answer, and the words by which endpoints name them."""

from collections.abc import Sequence
from enum import StrEnum


class Fault(StrEnum):
    """What went wrong; each is the name of the text that a person reads."""

    DOWN = "model-down"  # the endpoint: it does not answer, or only with errors of its own
    CUT = "model-cut"  # the endpoint: it broke off
    EMPTY = "model-empty"  # the endpoint: it ended an answer without a text that can be read
    BUSY = "model-busy"  # no fault: try again in a few minutes
    REFUSED = "model-refused"  # the request: its content is not wanted
    TOO_LONG = "model-too-long"  # the request: more than the model can read
    UNCLEAR = "model-unclear"  # a request was refused for a reason that is not known here
    LENGTH = "model-length"  # the limit of the answer was reached
    THOUGHT = "model-thought"  # reasoning took all of that limit
    SETUP = "model-misconfigured"  # the operator: key, address, model
    PURSE = "model-out-of-credit"  # the operator: the endpoint wants to be paid


Words = Sequence[tuple[Fault, Sequence[str]]]

# Parts of codes and types, small letters and digits alone. A code says more than the status; those that do
# not, such as `invalid_request_error`, are not here.
CODES: Words = (
    (
        Fault.PURSE,
        (
            "insufficientquota",
            "insufficientuserquota",
            "insufficientbalance",
            "insufficientcredits",
            "currentquota",
            "billinghardlimit",
            "billingnotactive",
            "paymentrequired",
            "spendinglimit",
            "budgetexceeded",
            "arrearage",
            "accountoverdue",
        ),
    ),
    (Fault.BUSY, ("ratelimit", "overloaded", "serverbusy", "throttling", "toomanyrequests")),
    (
        Fault.TOO_LONG,
        (
            "contextlengthexceeded",
            "exceedcontextsize",
            "contextwindowexceeded",
            "stringabovemaxlength",
            "tokenslimitreached",
            "requesttoolarge",
        ),
    ),
    (
        Fault.REFUSED,
        (
            "contentpolicyviolation",
            "contentfilter",
            "responsibleaipolicy",
            "datainspectionfailed",
            "sensitivecontent",
            "prohibitedcontent",
            "moderation",
        ),
    ),
    (
        Fault.SETUP,
        (
            "modelnotfound",
            "modelnotexist",
            "modelnotopen",
            "modelnotsupported",
            "modeldecommissioned",
            "invalidmodel",
            "unknownmodel",
            "unsupportedmodel",
            "deploymentnotfound",
            "invalidendpointormodel",
            "accessdenied",
            "invalidapikey",
            "apikeyinvalid",
            "accountdeactivated",
            "tokennotfound",
            "unsupportedcountry",
            "unsupportedparameter",
            "unsupportedvalue",
            "unknownparameter",
        ),
    ),
)
# Parts of messages in small letters; of one message the first kind with a part in it wins.
MESSAGES: Words = (
    (
        Fault.PURSE,
        (
            "insufficient_quota",
            "insufficient balance",
            "insufficient_balance",
            "insufficient credits",
            "billing_hard_limit",
            "payment required",
            "exceeded your current quota",
            "exceeded current quota",
            "credit balance is too low",
            "out of credits",
            "no credits",
            "any credits",
            "all available credits",
            "spending limit",
            "requires more credits",
            "余额不足",
            "欠费",
        ),
    ),
    (
        Fault.TOO_LONG,
        (
            "context_length_exceeded",
            "context length",
            "context window",
            "contextwindow",
            "context limit",
            "maximum context",
            "maximum number of tokens",
            "too many tokens",
            "prompt is too long",
            "prompt too long",
            "input is too long",
            "model token limit",
            "input length",
            "input tokens exceed",
            "exceeds max length",
            "`inputs`",  # text-generation-inference, which names its parameters so
            "request too large for model",
            "exceed_context_size",
            "exceeds the available context",
            "max_prompt_tokens",
        ),
    ),
    (
        Fault.REFUSED,
        (
            "content_policy_violation",
            "content_filter",
            "content management policy",
            "moderation",
            "responsibleaipolicy",
            "safety system",
            "data_inspection_failed",
            "inappropriate content",
            "content exists risk",
            "flagged",
            "prohibited_content",
        ),
    ),
    (
        Fault.BUSY,
        (
            "rate_limit",
            "rate limit",
            "rate-limited upstream",
            "tokens per minute",
            "requests per minute",
            "too many requests",
            "overloaded",
            "capacity",
            "server_busy",
            "queue is full",
        ),
    ),
    (
        Fault.SETUP,
        (
            "model_not_found",
            "model not exist",
            "model does not exist",
            "not a valid model",
            "no such model",
            "unknown model",
            "invalid model",
            "model is not supported",
            "decommissioned",
            "not found, try pulling",
            "requires more system memory",
            "模型不存在",
            "invalid_api_key",
            "incorrect api key",
            "api key not valid",
            "must be verified",
            "no endpoints found",
            "roles must alternate",
        ),
    ),
)
# Words of the set-up that are in errors of a broken server too: with a status of 500 they say nothing.
VAGUE = (
    "does not exist",
    "deprecated",
    "retired",
    "authentication",
    "permission",
    "not authorized",
    "unauthorized",
    "not allowed to",
    "region",
)
# What a status says where the words do not; every other one below 500 is the set-up's fault.
STATUSES = {
    400: Fault.UNCLEAR,
    402: Fault.PURSE,
    408: Fault.DOWN,
    409: Fault.BUSY,
    413: Fault.TOO_LONG,
    422: Fault.TOO_LONG,  # where it says nothing at all
    425: Fault.BUSY,
    429: Fault.BUSY,
    498: Fault.BUSY,  # Groq: no capacity left
    503: Fault.BUSY,
}
