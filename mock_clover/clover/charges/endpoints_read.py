"""Get and list charges, with `expand`.

`expand` is inferred: the ids of customer and order are replaced with objects, as in the API that
Clover's SDK was forked from. MD:get-a-charge lists the parameter, but the newest text of
DOCS:expanding-fields says "Ecommerce API: Does not support the expand query parameter."; `strict`
rejects it.
"""

from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from mock_clover.clover.charges.behaviours import FAILED_CHARGE_IS_RETRIEVABLE
from mock_clover.clover.charges.behaviours_capture import SPLIT_TOTALS_ARE_CUMULATIVE
from mock_clover.clover.charges.behaviours_purchase import EXPAND_NESTS_OBJECTS
from mock_clover.clover.charges.records import Charge
from mock_clover.clover.charges.responses import ChargeResponse, ListResponse, retrieved_response
from mock_clover.clover.common.expand import not_expanded
from mock_clover.clover.common.problems import CHARGE_NOT_FOUND, INVALID_REQUEST
from mock_clover.clover.customers.records import customer_response
from mock_clover.clover.orders.endpoints import find_order
from mock_clover.clover.orders.responses import order_response
from mock_clover.core.evidence import doc, documented, inferred
from mock_clover.core.record import Record
from mock_clover.core.steps import Work
from mock_clover.engine.endpoint import Call, Endpoint, bearer
from mock_clover.engine.pagination import ListQuery, basis_of_query, paginate
from mock_clover.sandbox.sandbox import Sandbox

EXPAND_FIELDS_MAX = 3
"""Maximum number of fields that one request can expand (documented)."""
_EXPANDABLE = ("customer", "order")
_DOC = documented("REF getcharges")
_Expand = (
    Annotated[
        str,
        doc(
            "Comma-separated field names, at most three; customer and order become objects.",
            inferred("MD:get-a-charge lists it; DOCS:expanding-fields, newest text, denies it"),
            max_length=200,
        ),
    ]
    | None
)


class ChargeQuery(Record, frozen=True, kw_only=True):
    """Query of `GET /v1/charges/{id}`."""

    expand: _Expand = None


class ChargesQuery(ListQuery, frozen=True, kw_only=True):
    """Query of `GET /v1/charges`."""

    expand: _Expand = None
    is_threeds: (
        Annotated[bool, doc("Whether 3-D Secure was requested (the meaning is inferred).", _DOC)]
        | None
    ) = None
    threeds_validation_result: (
        Annotated[str, doc("For example AUTHENTICATION_SUCCESSFUL.", _DOC, max_length=100)] | None
    ) = None


def get_charge(sandbox: Sandbox, call: Call[None, ChargeQuery]) -> ChargeResponse:
    """Return one charge."""
    charge = sandbox.charges.require(call.ids[0], CHARGE_NOT_FOUND, "charge")
    if charge.decline is not None:
        call.basis = (FAILED_CHARGE_IS_RETRIEVABLE,)
    if charge.is_split or charge.amount_released:
        call.basis += (SPLIT_TOTALS_ARE_CUMULATIVE,)
    if call.query.expand is None:
        return retrieved_response(charge)
    call.basis += (EXPAND_NESTS_OBJECTS,)
    return _expand(sandbox, retrieved_response(charge), _parse_expand(call))


def list_charges(
    sandbox: Sandbox, call: Call[None, ChargesQuery]
) -> ListResponse | Work[ListResponse]:
    """Return charges, newest first."""
    query = call.query
    names = _parse_expand(call)
    basis = (EXPAND_NESTS_OBJECTS,) if names else ()
    call.basis = basis_of_query(query) + basis
    return paginate(
        "/v1/charges",
        lambda may_change: sandbox.charges.items_newest_first(may_change=may_change),
        query,
        matches=lambda row: _matches(row, query),
        created_ms=lambda row: row.created_ms,
        to_record=lambda row: _expand(sandbox, retrieved_response(row), names),
    )


def _matches(charge: Charge, query: ChargesQuery) -> bool:
    threeds = charge.threeds
    return (
        (query.customer is None or charge.customer == query.customer)
        and (query.is_threeds is None or (threeds is not None) == query.is_threeds)
        and (
            query.threeds_validation_result is None
            or (
                threeds is not None and threeds.validation_result == query.threeds_validation_result
            )
        )
    )


def _parse_expand(call: Call[None, Any]) -> frozenset[str]:
    """Return the fields that a request expands; note those that no charge has as an id."""
    if call.query.expand is None:
        return frozenset()
    names = [name.strip() for name in call.query.expand.split(",")]
    if len(names) > EXPAND_FIELDS_MAX:
        raise INVALID_REQUEST.error(
            param="expand", rule=f"expand has {len(names)} fields; at most {EXPAND_FIELDS_MAX}"
        )
    call.why += not_expanded(filter(None, names), _EXPANDABLE)
    return frozenset(names)


def _expand(sandbox: Sandbox, response: ChargeResponse, names: frozenset[str]) -> ChargeResponse:
    """Return a response with the ids of the named fields replaced with objects."""
    objects: dict[str, Any] = {}
    if "customer" in names and isinstance(response.customer, str):
        customer = sandbox.customers.get(response.customer)
        if customer is not None:
            objects["customer"] = msgspec.to_builtins(customer_response(customer))
    if "order" in names and isinstance(response.order, str):
        order = find_order(sandbox, response.order)
        if order is not None:
            objects["order"] = msgspec.to_builtins(order_response(order))
    return replace(response, **objects) if objects else response


ENDPOINTS = (
    Endpoint(
        name="list_charges",
        method="GET",
        path="/v1/charges",
        run=list_charges,
        query=ChargesQuery,
        auth=bearer("read_payments"),
        response=ListResponse,
        about="List charges, newest first.",
        evidence=documented("REF getcharges"),
    ),
    Endpoint(
        name="get_charge",
        method="GET",
        path="/v1/charges/{charge_id}",
        run=get_charge,
        query=ChargeQuery,
        auth=bearer("read_payments"),
        response=ChargeResponse,
        errors=(CHARGE_NOT_FOUND,),
        about="Get one charge.",
        evidence=documented("REF getcharge"),
    ),
)
