"""The SDK in shop pages: policies, loaders, styles, remounting, two instances, and faults."""

from pathlib import Path
from typing import Any

import pytest
from browser_session import BrowserSession, until
from checkout_page import CODE, PAGE, TYPES, VALID_CARD, CheckoutPage, send
from playwright.sync_api import expect
from shop import Shop

from tests.server_process import ServerProcess

STYLES = {
    "card-number input": {
        "fontSize": "21px",
        "letter-spacing": "2px",
        "color": "#112233 !important",
    },
    "card-date input": {"color": "rgb(4, 5, 6)", "&:focus": {"color": "rgb(7, 8, 9)"}},
    "card-cvv input": {"fontWeight": 700},
    "card-postal-code input": {"textAlign": "right"},
    "input": {"padding": "3px", "::placeholder": {"color": "rgb(9, 9, 9)"}},
    "body": {"backgroundColor": "rgb(250, 250, 250)"},
    ".invalid": {"color": "rgb(200, 0, 0)"},
    ".focus": {"textDecoration": "underline"},
    "card-number img.brand": {"opacity": "0.5"},
    "input::-moz-placeholder": {"color": "red"},
}
SIZES = """
#CARD_NUMBER { padding: 10px }
#CARD_DATE { height: 55px }
#CARD_CVV { box-sizing: border-box; height: 60px; padding: 10px; border: 1px solid }
#CARD_POSTAL_CODE { display: none }
"""
HEIGHTS = {"CARD_NUMBER": 40, "CARD_DATE": 55, "CARD_CVV": 38, "CARD_POSTAL_CODE": 40}
HOSTILE = {
    "input{} body": {"color": "rgb(1, 1, 1)"},
    "body} @import url(//x.test/a.css); body{": {"color": "red"},
    "@font-face": {"fontFamily": "x", "src": "url(/x)"},
    "body": {"background": "URL(/sdk/static/brand-visa.svg)", "color": "red} input{color:red"},
    "form": {"background-image": r"\75rl(/v1/charges)", "--x": "image-set('/x' 1x)"},
}


def test_styles_reach_the_frames_by_clovers_selectors(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page, styles=STYLES)

    def has_css(type_: str, name: str, value: str, inner: str = "input") -> None:
        expect(checkout_page.input(type_, inner)).to_have_css(name, value)

    has_css("CARD_NUMBER", "font-size", "21px")
    has_css("CARD_NUMBER", "letter-spacing", "2px")
    has_css("CARD_NUMBER", "color", "rgb(17, 34, 51)")
    has_css("CARD_NUMBER", "opacity", "0.5", "img.brand")
    has_css("CARD_DATE", "color", "rgb(4, 5, 6)")
    checkout_page.input("CARD_DATE").focus()
    has_css("CARD_DATE", "color", "rgb(7, 8, 9)")
    has_css("CARD_DATE", "text-decoration-line", "underline")
    has_css("CARD_CVV", "font-weight", "700")
    has_css("CARD_POSTAL_CODE", "text-align", "right")
    has_css("CARD_CVV", "background-color", "rgb(250, 250, 250)", "body")
    checkout_page.input("CARD_CVV").press_sequentially("1")
    checkout_page.input("CARD_CVV").blur()
    has_css("CARD_CVV", "color", "rgb(200, 0, 0)")


@pytest.mark.firefox
def test_a_field_fills_its_container_or_has_a_height_of_its_own(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page, css=SIZES)
    checkout_page.page.evaluate(
        "document.querySelector('#CARD_POSTAL_CODE').style.display = 'block'"
    )
    for type_, height in HEIGHTS.items():
        frame = checkout_page.page.locator(f"iframe[data-clover-field={type_}]")
        expect(frame).to_have_js_property("offsetHeight", height)
        expect(checkout_page.input(type_)).to_have_js_property("offsetHeight", height)
    checkout_page.page.evaluate(
        "elements.create('CARD_NAME', {'card-name input': {height: '72px'}})"
        ".mount(document.querySelector('main').appendChild(document.createElement('div')))"
    )
    expect(checkout_page.page.locator("iframe").last).to_have_js_property("offsetHeight", 72)


# The style of a field's container, the page's meta element, the colour scheme in the frame.
SCHEMES = (
    ("", "", "normal"),
    ("color-scheme: dark", "", "dark"),
    ("", "light dark", "light dark"),
    ("color-scheme: light", "light dark", "light"),
)


def test_field_uses_color_scheme_of_page(
    checkout_page: CheckoutPage, session: BrowserSession
) -> None:
    for style, meta, scheme in SCHEMES:
        page = PAGE.replace("<link", f'<meta name="color-scheme" content="{meta}"><link', 1)
        css = f"#CARD_NUMBER {{ {style} }}"
        checkout_page.page = session.open(
            checkout_page.publish(("CARD_NUMBER",), page=page if meta else PAGE, css=css)
        )
        root = checkout_page.input("CARD_NUMBER", ":root")
        expect(checkout_page.input("CARD_NUMBER")).to_be_visible()
        expect(root).to_have_css("color-scheme", scheme)


def test_hostile_styles_break_nothing_and_load_nothing(
    checkout_page: CheckoutPage, session: BrowserSession, shop: Shop
) -> None:
    requested: list[str] = []
    session.context.on("request", lambda request: requested.append(request.url))
    checkout_page.page = session.open(checkout_page.publish(styles=HOSTILE))
    checkout_page.wait_ready()
    expect(checkout_page.input("CARD_CVV")).to_have_css("color", "rgb(0, 0, 0)")
    rules = "() => [...document.adoptedStyleSheets[0]?.cssRules ?? []].map((each) => each.cssText)"
    until(lambda: checkout_page.frame("CARD_CVV").evaluate(rules), ["body { }", "form { }"].__eq__)
    loaded = {url.partition("?")[0].removeprefix(checkout_page.base) for url in requested}
    assert not {each for each in loaded if each.startswith(("/v1", "/x"))}


POLICY = (
    "default-src 'none'; script-src 'self' {0}; frame-src {0}; connect-src 'self'; style-src 'self'"
)


@pytest.mark.firefox
def test_works_with_strict_content_security_policy(
    shared_server: ServerProcess, checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    policy = (
        POLICY.format(shared_server.url) + "; require-trusted-types-for 'script'; img-src data:"
    )
    open_checkout_page(checkout_page, content_security_policy=policy)
    checkout_page.fill()
    assert "token" in checkout_page.tokenize()
    expect(checkout_page.page.locator(".clover-footer")).to_be_visible()


ISOLATED = {
    "cross_origin_embedder_policy": "require-corp",
    "cross_origin_opener_policy": "same-origin",
}


@pytest.mark.firefox
def test_page_that_requires_corp_needs_the_option(
    shared_server: ServerProcess, shop: Shop, session: BrowserSession
) -> None:
    for settings, loaded in (({"corp": "cross-origin"}, True), ({}, False)):
        checkout_page = CheckoutPage(shared_server, shop, {"name": "corp", "settings": settings})
        checkout_page.page = session.open(checkout_page.publish(**ISOLATED))
        assert checkout_page.page.evaluate("[crossOriginIsolated, 'Clover' in window]") == [
            True,
            loaded,
        ]
        if loaded:
            checkout_page.fill()
            assert "token" in checkout_page.tokenize()
            assert session.errors == []
    session.errors.clear()  # of the script that is blocked


INJECTED = PAGE.replace(
    '<script src="%(script)s"></script><script src="/shop.js"></script>',
    '<script type="module">%(how)s</script>',
)
LOADERS = {
    "an injected script": """
        const script = document.createElement('script'); script.src = SRC;
        document.head.append(script); script.onload = go;""",
    "an import": "import(SRC).then(go)",
    "code that was fetched": """
        const tag = document.createElement('script'); tag.type = 'later'; tag.src = SRC;
        document.head.append(tag); fetch(SRC).then((got) => got.text()).then((text) =>
        { (0, eval)(text); go(); });""",
    "the same script twice": """
        const put = (then) => { const script = document.createElement('script'); script.src = SRC;
        document.head.append(script); script.onload = then; };
        put(() => { const before = Clover; put(() => { if (before === Clover) go(); }); });""",
}


def test_script_finds_its_origin_for_every_loader(
    checkout_page: CheckoutPage, open_checkout_page: Any, session: BrowserSession
) -> None:
    for how, code in LOADERS.items():
        source = "const SRC = '%(script)s', go = () => import('/shop.js');"
        open_checkout_page(checkout_page, page=INJECTED.replace("%(how)s", source + code))
        expect(checkout_page.input("CARD_NUMBER")).to_be_visible()
        assert checkout_page.frame("CARD_NUMBER").url.startswith(
            f"{checkout_page.base}/sdk/field?"
        ), how


def test_a_page_from_a_file_and_names_without_encryption(
    checkout_page: CheckoutPage, launch: Any, tmp_path: Path
) -> None:
    """As with compose, where the URL is not a secure context: there is no crypto.subtle then."""
    browser = launch("--host-resolver-rules=MAP shop.test 127.0.0.1,MAP mock-clover 127.0.0.1")
    session = BrowserSession(browser.new_context())
    checkout_page.base = checkout_page.base.replace("127.0.0.1", "mock-clover")
    checkout_page.page = session.open(checkout_page.publish().replace("localhost", "shop.test"))
    assert checkout_page.page.evaluate("isSecureContext") is False
    checkout_page.fill()
    assert "token" in checkout_page.tokenize()
    for path, served_file in checkout_page.shop.files.items():
        file = tmp_path / (path[1:] or "page.html")
        file.write_bytes(served_file.body.replace(b'"/shop', b'"shop'))
    checkout_page.page = session.open((tmp_path / "page.html").as_uri())
    checkout_page.fill()
    assert "token" in checkout_page.tokenize()
    assert session.errors == []
    session.context.close()


@pytest.mark.firefox
def test_two_checkouts_on_one_page_are_isolated(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    twice = "<div id='two'></div>" + "".join(f"<div id='{each}_2'></div>" for each in TYPES)
    code = CODE + CODE.replace("clover", "second").replace(
        "const elements", "const others"
    ).replace("elements.create", "others.create").replace("'#' + type", "'#' + type + '_2'")
    open_checkout_page(
        checkout_page, page=PAGE.replace("%(boxes)s", "%(boxes)s" + twice), code=code
    )
    checkout_page.fill()
    for type_, text in (
        VALID_CARD | {"CARD_NUMBER": "378282246310005", "CARD_CVV": "1234"}
    ).items():
        checkout_page.input(type_, at=1).fill(text)
    assert checkout_page.tokenize()["card"]["brand"] == "VISA"
    assert checkout_page.tokenize("second")["card"]["brand"] == "AMEX"
    expect(checkout_page.page.locator(".clover-footer")).to_have_count(1)


@pytest.mark.firefox
def test_remounting_replaces_the_field(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    """As React's StrictMode and a hot reload do."""
    open_checkout_page(
        checkout_page,
        code=CODE
        + CODE.replace("const elements", "const again").replace("elements.create", "again.create"),
    )
    checkout_page.wait_ready()
    expect(checkout_page.page.locator("iframe")).to_have_count(len(TYPES))
    checkout_page.fill()
    assert "token" in checkout_page.tokenize()
    checkout_page.page.evaluate("fields.CARD_CVV.mount('#CARD_CVV')")  # stays as it is
    expect(checkout_page.input("CARD_CVV")).to_have_value("123")
    checkout_page.page.evaluate("fields.CARD_CVV.destroy(); fields.CARD_CVV.destroy()")
    expect(checkout_page.page.locator("iframe")).to_have_count(len(TYPES) - 1)
    assert "token" in checkout_page.tokenize()
    checkout_page.page.evaluate("fields.CARD_CVV.mount(document.querySelector('main'))")
    expect(checkout_page.input("CARD_CVV")).to_have_value("")
    assert checkout_page.tokenize() == {"errors": {"CARD_CVV": "Card CVV is required."}}
    # If the page's framework moves a frame, it reloads: its field is empty and works.
    checkout_page.input("CARD_CVV").fill("123")
    checkout_page.page.evaluate("document.body.append(document.querySelector('#CARD_DATE'))")
    expect(checkout_page.input("CARD_DATE")).to_have_value("")
    checkout_page.input("CARD_DATE").fill("12/30")
    assert "token" in checkout_page.tokenize()
    # A framework may remove nodes without notice.
    checkout_page.page.evaluate("document.querySelector('#CARD_POSTAL_CODE').remove()")
    assert "address_zip" not in checkout_page.tokenize()["card"]
    checkout_page.page.evaluate("document.querySelector('#CARD_NUMBER').remove()")
    assert "needs a mounted CARD_NUMBER" in checkout_page.tokenize()["rejected"]["message"]


WRONG = {
    "new Clover(KEY).elements().create('CARD_PIN')": "create('CARD_PIN'): unknown element type",
    "new Clover(KEY).elements().create('CARD_CVV').mount('#nowhere')": "nothing matches '#nowhere'",
    "new Clover(KEY).elements().create('CARD_CVV').mount('#1')": "'#1' is not a valid selector",
    "new Clover(KEY).elements().create('CARD_CVV').mount()": "pass a selector or an element",
}


def test_invalid_calls_throw_errors(checkout_page: CheckoutPage, session: BrowserSession) -> None:
    early = PAGE.replace('rel="stylesheet" href="/shop.css"', "")
    early = early.replace(
        "</head>", '<script src="%(script)s"></script><script src="/shop.js"></script></head>'
    )
    checkout_page.page = session.open(
        checkout_page.publish(
            page=early, code="new Clover(KEY).elements().create('CARD_CVV').mount('#CARD_CVV')"
        )
    )
    session.wait_for_errors("still loading, mount after DOMContentLoaded")
    checkout_page.page = session.open(checkout_page.publish())
    for code, message in WRONG.items():
        result = checkout_page.page.evaluate(
            f"() => {{ try {{ {code} }} catch (error) {{ return String(error) }} }}"
        )
        assert result.startswith("Error: Clover (mock): "), code
        assert message in result
    checkout_page.page.evaluate(
        "fields.CARD_CVV.addEventListener('blur', () => { throw Error('of the shop') })"
    )
    checkout_page.page.evaluate(
        "fields.CARD_CVV.addEventListener('blur', () => events.push(['', 'events']))"
    )
    checkout_page.input("CARD_CVV").focus()
    checkout_page.input("CARD_DATE").focus()
    checkout_page.page.wait_for_function("events.some(([, name]) => name === 'events')")
    session.wait_for_errors("uncaught: of the shop")


def test_faults_of_the_network_reach_the_promise(
    checkout_page: CheckoutPage, session: BrowserSession
) -> None:
    checkout_page.page = session.open(checkout_page.publish())
    checkout_page.fill()
    fault = {"endpoint": "create_token", "kind": "delay", "delay_ms": 1, "times": 1}
    assert send(f"{checkout_page.base}/_mock/faults", fault).status == 200
    assert "token" in checkout_page.tokenize()
    assert send(f"{checkout_page.base}/_mock/faults").json["data"] == []  # the delay was used
    for kind in ("drop", "truncate", "garbage"):
        fault = {"endpoint": "create_token", "kind": kind, "when": "after_commit"}
        send(f"{checkout_page.base}/_mock/faults", fault)
        message = checkout_page.tokenize()["rejected"]
        assert message["status"] in (0, 200), kind
        assert "the token endpoint" in message["message"], kind
        send(f"{checkout_page.base}/_mock/faults", method="DELETE")
    assert "token" in checkout_page.tokenize()
    session.errors.clear()  # Chromium's own, of each connection that failed


def test_create_token_rejects_if_field_is_removed(
    checkout_page: CheckoutPage, session: BrowserSession
) -> None:
    checkout_page.page = session.open(checkout_page.publish())
    checkout_page.fill()
    send(f"{checkout_page.base}/_mock/faults", {"endpoint": "create_token", "kind": "hang"})
    with checkout_page.page.expect_request("**/v1/tokens"):
        checkout_page.page.evaluate(
            "window.asked = clover.createToken().catch(({message}) => message), undefined"
        )
    checkout_page.page.evaluate("fields.CARD_NUMBER.destroy()")
    destroyed = "Clover (mock): the field is no longer available: it was destroyed"
    assert checkout_page.page.evaluate("asked") == destroyed
    send(f"{checkout_page.base}/_mock/faults", method="DELETE")
