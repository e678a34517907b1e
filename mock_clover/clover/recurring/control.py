"""Control endpoint that lists the messages to customers: `GET /_mock/notices`."""

from typing import Annotated

from mock_clover.clover.recurring.records_notice import Channel, Notice, NoticeKind
from mock_clover.control.endpoint import MOCK_ONLY, control_endpoint
from mock_clover.core.evidence import doc
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.notices import NOTICES_MAX
from mock_clover.sandbox.sandbox import Sandbox


class NoticeQuery(Record, frozen=True, kw_only=True):
    """Query of the list of notices."""

    kind: Annotated[NoticeKind | None, doc("Kind of notice.", MOCK_ONLY)] = None
    channel: Annotated[Channel | None, doc("email or sms.", MOCK_ONLY)] = None
    customer: Annotated[str | None, doc("Customer id.", MOCK_ONLY)] = None
    subscription: Annotated[str | None, doc("Subscription id.", MOCK_ONLY)] = None
    limit: Annotated[
        int, doc("Maximum number; the newest are returned.", MOCK_ONLY, ge=1, le=NOTICES_MAX)
    ] = 100


class NoticeList(Record, frozen=True, kw_only=True):
    """Notices, oldest first."""

    data: tuple[Notice, ...]


def list_notices(sandbox: Sandbox, call: Call[None, NoticeQuery]) -> NoticeList:
    """Return the e-mails and SMS that Clover would send to customers; the mock sends none."""
    query = call.query
    filters = {
        name: value
        for name in ("kind", "channel", "customer", "subscription")
        if (value := getattr(query, name)) is not None
    }
    notices = [
        notice
        for notice in sandbox.notices
        if all(getattr(notice, name) == value for name, value in filters.items())
    ]
    return NoticeList(data=tuple(notices[-query.limit :]))


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint(
        "list_notices", "GET", "/_mock/notices", list_notices, NoticeList, query=NoticeQuery
    ),
)
