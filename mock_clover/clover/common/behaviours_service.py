"""Behaviours of the whole service: hosts, rate limits, lists and idempotency keys."""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

ONE_HOST = Behaviour(
    "ONE_HOST",
    "One address serves the paths of all of Clover's hosts.",
    inferred("a feature of this mock; Clover's pages contradict each other about hosts"),
)
UNKNOWN_PATH = Behaviour(
    "UNKNOWN_PATH",
    "An unknown path gets the 404 of the ecommerce API, also on the other hosts and for methods "
    "other than POST on the platform host.",
    inferred("recorded: 404 on scl, 405 for a POST on the platform host; the rest is not known"),
)
WRONG_METHOD = Behaviour(
    "WRONG_METHOD",
    "A path that has other methods gets the 405 of the platform API, on all hosts.",
    inferred("recorded on the platform host only"),
)
OPERATION_NOT_SERVED = Behaviour(
    "OPERATION_NOT_SERVED",
    "An operation that Clover has and this mock does not serve gets the error of an unknown path "
    "of its host.",
    inferred("a limit of this mock; Clover would serve the request"),
)
SDK_ONLY_OPERATIONS_ARE_SUPPORTED = Behaviour(
    "SDK_ONLY_OPERATIONS_ARE_SUPPORTED",
    "Operations that only Clover's SDKs define are supported: GET token, GET and DELETE customer.",
    inferred("NODE and OAS-TOK have the operations, REF does not"),
    setting="strict",
)
STRICT_REFUSAL = Behaviour(
    "STRICT_REFUSAL",
    "With `strict`, a request without what the documentation requires, or with what it does not "
    "have, is rejected; `refuse_inferred` does not replace this error.",
    inferred("the pages name what is required; no such refusal was recorded"),
    setting="strict",
)
RATE_LIMITS = Behaviour(
    "RATE_LIMITS",
    "16 requests per second and 5 concurrent ones per token, 50 and 10 per app; off by default.",
    documented("MD:api-usage-rate-limits"),
    setting="rate_limits",
)
RATE_LIMIT_WINDOWS = Behaviour(
    "RATE_LIMIT_WINDOWS",
    "The window is the second before each request; a request that comes too early adds a second "
    "to the waiting time.",
    inferred("that the waiting time grows is documented, but not by how much"),
)
CURSOR_INCLUDES_ITS_OBJECT = Behaviour(
    "CURSOR_INCLUDES_ITS_OBJECT",
    "A page begins with the object that its cursor names.",
    documented("MD:pagination"),
)
NEWEST_FIRST = Behaviour(
    "NEWEST_FIRST",
    "Lists are sorted newest first.",
    documented("AE; the sample of MD:pagination is not sorted"),
)
HAS_MORE_ONLY_IF_TRUE = Behaviour(
    "HAS_MORE_ONLY_IF_TRUE",
    "A list has `has_more` only if there are more rows.",
    inferred("MD:pagination has the field, the 2024 sample of REF getcharges does not"),
)
DATES_ARE_UTC = Behaviour(
    "DATES_ARE_UTC",
    "A date in a list filter is parsed as UTC.",
    inferred("no documentation names the time zone"),
)
RETRY_IS_IDEMPOTENT = Behaviour(
    "RETRY_IS_IDEMPOTENT",
    "A retry with the same idempotency key does not create a second charge.",
    documented("MD:ecommerce-accepting-payments"),
)
IDEMPOTENCY_REPLAY = Behaviour(
    "IDEMPOTENCY_REPLAY",
    "A retry gets the cached first response, byte for byte; declines are cached too.",
    inferred("no source shows the response to a retry or the lifetime of a key"),
)
IDEMPOTENCY_SCOPE = Behaviour(
    "IDEMPOTENCY_SCOPE",
    "A key belongs to one credential. A request to another path with the same key is rejected.",
    inferred("no source was found"),
)
REJECTED_REQUEST_DOES_NOT_CONSUME_KEY = Behaviour(
    "REJECTED_REQUEST_DOES_NOT_CONSUME_KEY",
    "A rejected request does not consume its key, because it changes nothing.",
    inferred("no source was found"),
)
KEY_NEED_NOT_BE_UUID = Behaviour(
    "KEY_NEED_NOT_BE_UUID",
    "An idempotency key need not be a UUID.",
    observed("public clients send other keys, and Clover accepts them"),
)
