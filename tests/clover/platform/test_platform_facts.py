"""What public sources of 2026 say about orders and the platform API: request, reply, evidence."""

import json
import re
from typing import Any, NamedTuple

import pytest

from tests.clover.platform.test_platform import create, v3
from tests.in_process import InProcessServer, Response

ID = re.compile(r'"[0-9A-HJKMNP-TV-Z]{13}"')


class Fact(NamedTuple):
    """A fact, a request that shows it, and the whole reply without ids, times and addresses."""

    fact: str
    source: str
    method: str
    path: str
    body: Any
    evidence: str
    reply: str
    status: int = 200

    @property
    def request(self) -> str:
        """The method and the path, without ids and without the path of the merchant."""
        return f"{self.method} {re.sub('<[a-z]+>', '{id}', self.path)}"


FACTS: tuple[Fact, ...] = (
    Fact(
        "an atomic order takes discounts, modifications and a service charge",
        "DOCS:create-an-atomic-order; a public shop's test",
        "POST",
        "/atomic_order/orders",
        {
            "orderCart": {
                "lineItems": [{"name": "A", "price": 900, "modifications": [{"amount": 100}]}],
                "discounts": [{"name": "NEWCUSTOMER", "percentage": 10}],
                "serviceCharge": {"percentageDecimal": 100_000},
            }
        },
        "inferred",
        '{"id":"ID","currency":"USD","employee":{"id":"ID"},"total":990,'
        '"paymentState":"OPEN","taxRemoved":false,"isVat":false,"state":"open",'
        '"manualTransaction":false,"groupLineItems":true,"testMode":false,'
        '"lineItems":{"elements":[{"id":"ID","orderRef":{"id":"ID"},"name":"A","price":900,'
        '"printed":false,"exchanged":false,"refunded":false,"isRevenue":true,'
        '"discounts":{"elements":[]},"modifications":{"elements":[{"id":"ID",'
        '"lineItemRef":{"id":"ID"},"amount":100}]},"taxRates":{"elements":[]}}]},'
        '"discounts":{"elements":[{"id":"ID","orderRef":{"id":"ID"},"name":"NEWCUSTOMER",'
        '"percentage":10}]},"serviceCharge":{"id":"ID","orderRef":{"id":"ID"},'
        '"name":"Service Charge","percentageDecimal":100000}}',
    ),
    Fact(
        "the totals of a cart without an order",
        "REF orderCheckoutAtomicOrder",
        "POST",
        "/atomic_order/checkouts",
        {"orderCart": {"lineItems": [{"item": {"id": "<item>"}}]}},
        "documented",
        '{"orderCart":{"currency":"USD","lineItems":{"elements":[{"id":"ID",'
        '"orderRef":{"id":"ID"},"item":{"id":"ID"},"name":"Cup","price":900,"printed":false,'
        '"exchanged":false,"refunded":false,"isRevenue":true,"discounts":{"elements":[]},'
        '"modifications":{"elements":[]},"taxRates":{"elements":[]}}]},'
        '"discounts":{"elements":[]}},"total":900,"totalTaxAmount":0}',
    ),
    Fact(
        "unitQty 1 is one unit",
        "a shop that went live in June 2026",
        "POST",
        "/orders/<order>/line_items",
        {"name": "Soup", "price": 1200, "unitQty": 1, "note": "hot", "alternateName": "Suppe"},
        "inferred",
        '{"id":"ID","orderRef":{"id":"ID"},"name":"Soup","alternateName":"Suppe",'
        '"price":1200,"unitQty":1,"note":"hot","printed":false,"exchanged":false,'
        '"refunded":false,"isRevenue":true}',
    ),
    Fact(
        "a cash payment closes the order",
        "REF orderCreatePaymentForOrder",
        "POST",
        "/orders/<order>/payments",
        {"tender": {"id": "<cash>"}, "amount": 500, "externalPaymentId": "E1"},
        "inferred",
        '{"id":"ID","order":{"id":"ID"},"tender":{"id":"ID"},"amount":500,"tipAmount":0,'
        '"taxAmount":0,"cashbackAmount":0,"externalPaymentId":"E1","employee":{"id":"ID"},'
        '"offline":false,"result":"SUCCESS"}',
    ),
    Fact(
        "a print event",
        "a public shop, live in June 2026",
        "POST",
        "/print_event",
        {"orderRef": {"id": "<order>"}},
        "observed",
        '{"id":"ID","orderRef":{"id":"ID"},"state":"CREATED"}',
    ),
    Fact(
        "lines in bulk",
        "REF orderBulkCreateLineItems",
        "POST",
        "/orders/<order>/bulk_line_items",
        {"items": [{"name": "A", "price": 1}]},
        "documented",
        '[{"id":"ID","orderRef":{"id":"ID"},"name":"A","price":1,"printed":false,'
        '"exchanged":false,"refunded":false,"isRevenue":true}]',
    ),
    Fact(
        "a line for a paid, locked order",
        "a public shop, live in 2026",
        "POST",
        "/orders/<paid>/line_items",
        {"name": "B", "price": 100},
        "observed",
        '{"id":"ID","orderRef":{"id":"ID"},"name":"B","price":100,"printed":false,'
        '"exchanged":false,"refunded":false,"isRevenue":true}',
    ),
    Fact(
        "a discount for a paid, locked order",
        "a public shop, live in 2026",
        "POST",
        "/orders/<paid>/discounts",
        {"name": "D", "percentage": 10},
        "observed",
        '{"id":"ID","orderRef":{"id":"ID"},"name":"D","percentage":10}',
    ),
    Fact(
        "a line is changed",
        "REF orderUpdateOrderLineItem",
        "POST",
        "/orders/<paid>/line_items/<line>",
        {"note": "to go"},
        "inferred",
        '{"id":"ID","orderRef":{"id":"ID"},"price":500,"note":"to go","printed":false,'
        '"exchanged":false,"refunded":false,"isRevenue":true}',
    ),
    Fact(
        "a line is deleted",
        "REF orderDeleteOrderLineItem",
        "DELETE",
        "/orders/<paid>/line_items/<line>",
        None,
        "inferred",
        "{}",
    ),
    Fact(
        "payments are expanded to two levels",
        "a public job in production; DOCS:expanding-fields",
        "GET",
        "/payments?expand=order,order.lineItems,tender,cardTransaction",
        None,
        "observed",
        '{"elements":[{"id":"ID","order":{"id":"ID","currency":"USD","employee":{"id":"ID"},'
        '"total":500,"paymentState":"PAID","taxRemoved":false,"isVat":false,"state":"locked",'
        '"manualTransaction":false,"groupLineItems":true,"testMode":false,'
        '"lineItems":{"elements":[{"id":"ID","orderRef":{"id":"ID"},"price":500,'
        '"printed":false,"exchanged":false,"refunded":false,"isRevenue":true}]}},'
        '"tender":{"id":"ID","editable":false,"labelKey":"com.clover.tender.credit_card",'
        '"label":"Credit Card","opensCashDrawer":false,"enabled":true,"visible":true,'
        '"supportsCashDiscount":false},"amount":500,"tipAmount":0,"taxAmount":0,'
        '"cashbackAmount":0,"employee":{"id":"ID"},"offline":false,"result":"SUCCESS",'
        '"cardTransaction":{"cardType":"VISA","entryType":"KEYED","first6":"424242",'
        '"last4":"4242","type":"AUTH","authCode":"OK0801","referenceId":"514700500005",'
        '"state":"CLOSED","currency":"USD","captured":true}}]}',
    ),
    Fact(
        "four expansions are served",
        "three public clients",
        "GET",
        "/orders?expand=customer,customers,order,tender&filter=state=open&filter=total=500",
        None,
        "documented",
        '{"elements":[{"id":"ID","currency":"USD","customers":{"elements":[]},"total":500,'
        '"paymentState":"OPEN","taxRemoved":false,"isVat":false,"state":"open",'
        '"manualTransaction":false,"groupLineItems":true,"testMode":false}]}',
    ),
    Fact(
        "a customer with a card token",
        "a sandbox walk-through",
        "POST",
        "/customers?expand=cards",
        {
            "firstName": "A",
            "cards": [
                {
                    "first6": "424242",
                    "last4": "4242",
                    "token": "<token>",
                    "tokenType": "CTOKEN",
                }
            ],
        },
        "inferred",
        '{"id":"ID","firstName":"A","marketingAllowed":false,"cards":{"elements":[{"id":"ID",'
        '"first6":"424242","last4":"4242","expirationDate":"1230",'
        '"additionalInfo":{"isPurchaseCard":"false","default":"true"},"cardType":"VISA",'
        '"token":"clv_TOKEN","tokenType":"CTOKEN","customer":{"id":"ID"}}]}}',
    ),
    Fact(
        "the default service charge is one object",
        "clover_sandbox_simulator, 2026-02",
        "GET",
        "/default_service_charge",
        None,
        "observed",
        '{"id":"ID","name":"Service Charge","enabled":false,"percentage":10,'
        '"percentageDecimal":100000}',
    ),
    Fact(
        "modifier groups are a list",
        "clover_sandbox_simulator, 2026-02",
        "GET",
        "/modifier_groups",
        None,
        "inferred",
        '{"elements":[]}',
    ),
    Fact(
        "the taxes of an item",
        "clover_sandbox_simulator, 2026-02",
        "GET",
        "/items/<item>/tax_rates",
        None,
        "observed",
        '{"elements":[]}',
    ),
    Fact(
        "a POST to a path that the platform host does not route",
        "a public project, live in 2026",
        "POST",
        "/made_up",
        {},
        "observed",
        "405 POST not allowed.",
        405,
    ),
    Fact(
        "a write that is not served",
        "REF categoryCreateCategory",
        "POST",
        "/categories",
        {"name": "Food"},
        "inferred",
        "405 POST not allowed.",
        405,
    ),
    Fact(
        "unitQty 1000 is one unit, too",
        "REF orderCreateLineItem",
        "POST",
        "/orders/<order>/line_items",
        {"name": "Soup", "price": 1200, "unitQty": 1000},
        "observed",
        '{"id":"ID","orderRef":{"id":"ID"},"name":"Soup","price":1200,'
        '"unitQty":1000,"printed":false,"exchanged":false,"refunded":false,'
        '"isRevenue":true}',
    ),
    Fact(
        "customers of an order as an object with elements",
        "clover_sandbox_simulator, 2026-02",
        "POST",
        "/orders?expand=customers",
        {"state": "open", "customers": {"elements": [{"id": "<customer>"}]}},
        "observed",
        '{"id":"ID","currency":"USD","customers":{"elements":[{"id":"ID",'
        '"orderRef":{"id":"ID"},"firstName":"Jo","marketingAllowed":false}]},'
        '"taxRemoved":false,"isVat":false,"state":"open",'
        '"manualTransaction":false,"groupLineItems":true,"testMode":false}',
    ),
    Fact(
        "a refund of a payment",
        "REF payCreateRefund",
        "POST",
        "/refunds",
        {"payment": {"id": "<payment>"}, "amount": 10},
        "documented",
        '{"id":"ID","orderRef":{"id":"ID"},"payment":{"id":"ID"},"amount":10,'
        '"taxAmount":0,"employee":{"id":"ID"},"voided":false}',
    ),
    Fact(
        "a phone number of a customer",
        "clover-mcp-server, sandbox 2026-06",
        "POST",
        "/customers/<customer>/phone_numbers",
        {"phoneNumber": "4155550100"},
        "documented",
        '{"id":"ID","phoneNumber":"4155550100"}',
    ),
    Fact(
        "an e-mail address of a customer",
        "clover-mcp-server, sandbox 2026-06",
        "POST",
        "/customers/<customer>/email_addresses",
        {"emailAddress": "jo@example.com"},
        "documented",
        '{"id":"ID","emailAddress":"jo@example.com","primaryEmail":true}',
    ),
    Fact(
        "an address of a customer",
        "REF customersCreateCustomer",
        "POST",
        "/customers/<customer>/addresses",
        {"address1": "1 Main St", "city": "Utica"},
        "documented",
        '{"address1":"1 Main St","city":"Utica","id":"ID"}',
    ),
    Fact(
        "an item is changed",
        "REF inventoryUpdateItem",
        "POST",
        "/items/<item>",
        {"price": 950},
        "documented",
        '{"id":"ID","hidden":false,"available":true,"autoManage":false,'
        '"name":"Cup","price":950,"priceType":"FIXED","defaultTaxRates":true,'
        '"isRevenue":true,"deleted":false}',
    ),
    Fact(
        "an item is deleted",
        "REF inventoryDeleteItem",
        "DELETE",
        "/items/<item>",
        None,
        "documented",
        "{}",
    ),
    Fact(
        "the stock of an item",
        "REF inventoryUpdateItemStock",
        "POST",
        "/item_stocks/<item>",
        {"quantity": 3},
        "documented",
        '{"item":{"id":"ID"},"stockCount":3,"quantity":3.0}',
    ),
    Fact(
        "the items of a tax",
        "clover_sandbox_simulator, 2026-02",
        "GET",
        "/tax_rates/<tax>/items",
        None,
        "observed",
        '{"elements":[]}',
    ),
    Fact(
        "a tender is added",
        "REF merchantCreateTender",
        "POST",
        "/tenders",
        {"label": "Voucher", "labelKey": "com.shop.voucher"},
        "documented",
        '{"id":"ID","editable":true,"labelKey":"com.shop.voucher",'
        '"label":"Voucher","opensCashDrawer":false,"enabled":true,'
        '"visible":true,"supportsCashDiscount":false}',
    ),
)


def arranged(server: InProcessServer, fact: Fact) -> Response:
    """Send the request of a fact to a server with an item, an open order and a paid one."""
    item = create(server, "/items", {"name": "Cup", "price": 900})["id"]
    open_order = create(server, "/orders", {"state": "open", "total": 500})["id"]
    paid = server.order(500)["id"]
    line = v3(server, f"/orders/{paid}/line_items").json["elements"][0]["id"]
    server.send("POST", f"/v1/orders/{paid}/pay", {"source": server.token()})
    cash = v3(server, "/tenders?filter=label=Cash").json["elements"][0]["id"]
    ids = {"item": item, "order": open_order, "paid": paid, "line": line, "cash": cash}
    ids["token"] = server.token()
    ids["customer"] = create(server, "/customers", {"firstName": "Jo"})["id"]
    ids["tax"] = create(server, "/tax_rates", {"name": "Tax", "rate": 100_000})["id"]
    ids["payment"] = v3(server, "/payments").json["elements"][0]["id"]

    def fill(text: str) -> str:
        return re.sub(r"<(\w+)>", lambda found: ids[found[1]], text)

    body = None if fact.body is None else json.loads(fill(json.dumps(fact.body)))
    return v3(server, fill(fact.path), fact.method, body)


def shown(got: Response) -> str:
    """Return a body without what differs from run to run."""
    text = ID.sub('"ID"', got.body.decode())
    text = re.sub(r'"(\w*Time|customerSince)":\d+,?', "", text)
    text = re.sub(r'"href":"[^"]*",?', "", text)
    return re.sub(r"clv_\w+", "clv_TOKEN", text).replace(",}", "}")


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.fact)
def test_facts_about_the_platform_api(server: InProcessServer, fact: Fact) -> None:
    got = arranged(server, fact)
    assert (got.status, got.evidence, shown(got)) == (fact.status, fact.evidence, fact.reply)
