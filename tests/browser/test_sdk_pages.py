"""The SDK in pages of shops: policies, loaders, styles, remounting, two at once, and faults."""

from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from shop import Shop
from till import CODE, NEAT, PAGE, TYPES, Till, ask
from visitor import Visitor

from tests.served import Served

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


def test_styles_reach_the_frames_by_clovers_selectors(till: Till, open_till: Any) -> None:
    open_till(till, styles=STYLES)

    def css(type_: str, name: str, inner: str = "input") -> str:
        shown = "(node, name) => getComputedStyle(node).getPropertyValue(name)"
        return str(till.input(type_, inner).evaluate(shown, name))

    assert css("CARD_NUMBER", "font-size") == "21px"
    assert css("CARD_NUMBER", "letter-spacing") == "2px"
    assert css("CARD_NUMBER", "color") == "rgb(17, 34, 51)"
    assert css("CARD_NUMBER", "opacity", "img.brand") == "0.5"
    assert css("CARD_DATE", "color") == "rgb(4, 5, 6)"
    till.input("CARD_DATE").focus()
    assert css("CARD_DATE", "color") == "rgb(7, 8, 9)"
    assert css("CARD_DATE", "text-decoration-line") == "underline"
    assert css("CARD_CVV", "font-weight") == "700"
    assert css("CARD_POSTAL_CODE", "text-align") == "right"
    assert css("CARD_CVV", "background-color", "body") == "rgb(250, 250, 250)"
    till.input("CARD_CVV").press_sequentially("1")
    till.input("CARD_CVV").blur()
    assert css("CARD_CVV", "color") == "rgb(200, 0, 0)"


def test_a_field_fills_its_container_or_has_a_height_of_its_own(till: Till, open_till: Any) -> None:
    open_till(till, css=SIZES)
    till.page.evaluate("document.querySelector('#CARD_POSTAL_CODE').style.display = 'block'")
    for type_, height in HEIGHTS.items():
        frame = till.page.locator(f"iframe[data-clover-field={type_}]")
        expect(frame).to_have_js_property("offsetHeight", height)
        expect(till.input(type_)).to_have_js_property("offsetHeight", height)
    till.page.evaluate(
        "elements.create('CARD_NAME', {'card-name input': {height: '72px'}})"
        ".mount(document.querySelector('main').appendChild(document.createElement('div')))"
    )
    expect(till.page.locator("iframe").last).to_have_js_property("offsetHeight", 72)


# The style of a field's container, what a meta element of the page says, the scheme in the frame.
SCHEMES = (
    ("", "", "normal"),
    ("color-scheme: dark", "", "dark"),
    ("", "light dark", "light dark"),
    ("color-scheme: light", "light dark", "light"),
)


def test_field_uses_color_scheme_of_page(till: Till, visitor: Visitor) -> None:
    for style, meta, scheme in SCHEMES:
        page = PAGE.replace("<link", f'<meta name="color-scheme" content="{meta}"><link', 1)
        css = f"#CARD_NUMBER {{ {style} }}"
        till.page = visitor.open(till.put(("CARD_NUMBER",), page=page if meta else PAGE, css=css))
        root = till.input("CARD_NUMBER", ":root")
        expect(till.input("CARD_NUMBER")).to_be_visible()
        expect(root).to_have_css("color-scheme", scheme)


def test_hostile_styles_break_nothing_and_load_nothing(
    till: Till, visitor: Visitor, shop: Shop
) -> None:
    asked: list[str] = []
    visitor.context.on("request", lambda request: asked.append(request.url))
    till.page = visitor.open(till.put(styles=HOSTILE))
    till.wait_ready()
    color = till.input("CARD_CVV").evaluate("node => getComputedStyle(node).color")
    assert color == "rgb(0, 0, 0)"
    rules = "() => [...document.adoptedStyleSheets[0].cssRules].map(({cssText}) => cssText)"
    assert till.frame("CARD_CVV").evaluate(rules) == ["body { }", "form { }"]
    loaded = {url.partition("?")[0].removeprefix(till.base) for url in asked}
    assert not {each for each in loaded if each.startswith(("/v1", "/x"))}


POLICY = (
    "default-src 'none'; script-src 'self' {0}; frame-src {0}; connect-src 'self'; style-src 'self'"
)


def test_works_with_strict_content_security_policy(
    served: Served, till: Till, open_till: Any
) -> None:
    policy = POLICY.format(served.url) + "; require-trusted-types-for 'script'; img-src data:"
    open_till(till, content_security_policy=policy)
    till.fill()
    assert "token" in till.tokenise()
    expect(till.page.locator(".clover-footer")).to_be_visible()


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
    till: Till, open_till: Any, visitor: Visitor
) -> None:
    for how, code in LOADERS.items():
        source = "const SRC = '%(script)s', go = () => import('/shop.js');"
        open_till(till, page=INJECTED.replace("%(how)s", source + code))
        expect(till.input("CARD_NUMBER")).to_be_visible()
        assert till.frame("CARD_NUMBER").url.startswith(f"{till.base}/sdk/field?"), how


def test_a_page_from_a_file_and_names_without_encryption(
    till: Till, launch: Any, tmp_path: Path
) -> None:
    """As by compose, where no browser trusts the address: there is no crypto.subtle then."""
    browser = launch("--host-resolver-rules=MAP shop.test 127.0.0.1,MAP mock-clover 127.0.0.1")
    visitor = Visitor(browser.new_context())
    till.base = till.base.replace("127.0.0.1", "mock-clover")
    till.page = visitor.open(till.put().replace("localhost", "shop.test"))
    assert till.page.evaluate("isSecureContext") is False
    till.fill()
    assert "token" in till.tokenise()
    for path, served_file in till.shop.files.items():
        file = tmp_path / (path[1:] or "page.html")
        file.write_bytes(served_file.body.replace(b'"/shop', b'"shop'))
    till.page = visitor.open((tmp_path / "page.html").as_uri())
    till.fill()
    assert "token" in till.tokenise()
    assert visitor.complaints == []
    visitor.context.close()


def test_two_checkouts_on_one_page_are_isolated(till: Till, open_till: Any) -> None:
    twice = "<div id='two'></div>" + "".join(f"<div id='{each}_2'></div>" for each in TYPES)
    code = CODE + CODE.replace("clover", "second").replace(
        "const elements", "const others"
    ).replace("elements.create", "others.create").replace("'#' + type", "'#' + type + '_2'")
    open_till(till, page=PAGE.replace("%(boxes)s", "%(boxes)s" + twice), code=code)
    till.fill()
    for type_, text in (NEAT | {"CARD_NUMBER": "378282246310005", "CARD_CVV": "1234"}).items():
        till.input(type_, at=1).fill(text)
    assert till.tokenise()["card"]["brand"] == "VISA"
    assert till.tokenise("second")["card"]["brand"] == "AMEX"
    expect(till.page.locator(".clover-footer")).to_have_count(1)


def test_remounting_replaces_the_field(till: Till, open_till: Any) -> None:
    """As React's StrictMode and a hot reload do."""
    open_till(
        till,
        code=CODE
        + CODE.replace("const elements", "const again").replace("elements.create", "again.create"),
    )
    till.wait_ready()
    expect(till.page.locator("iframe")).to_have_count(len(TYPES))
    till.fill()
    assert "token" in till.tokenise()
    till.page.evaluate("fields.CARD_CVV.mount('#CARD_CVV')")  # stays as it is
    expect(till.input("CARD_CVV")).to_have_value("123")
    till.page.evaluate("fields.CARD_CVV.destroy(); fields.CARD_CVV.destroy()")
    expect(till.page.locator("iframe")).to_have_count(len(TYPES) - 1)
    assert "token" in till.tokenise()
    till.page.evaluate("fields.CARD_CVV.mount(document.querySelector('main'))")
    expect(till.input("CARD_CVV")).to_have_value("")
    assert till.tokenise() == {"errors": {"CARD_CVV": "Card CVV is required."}}
    # Moved by the page's framework, a frame loads anew: its field is empty and works.
    till.input("CARD_CVV").fill("123")
    till.page.evaluate("document.body.append(document.querySelector('#CARD_DATE'))")
    expect(till.input("CARD_DATE")).to_have_value("")
    till.input("CARD_DATE").fill("12/30")
    assert "token" in till.tokenise()
    # A framework may take nodes away and say nothing.
    till.page.evaluate("document.querySelector('#CARD_POSTAL_CODE').remove()")
    assert "address_zip" not in till.tokenise()["card"]
    till.page.evaluate("document.querySelector('#CARD_NUMBER').remove()")
    assert "needs a mounted CARD_NUMBER" in till.tokenise()["rejected"]["message"]


WRONG = {
    "new Clover()": "missing API key",
    "new Clover('  ')": "missing API key",
    "new Clover(KEY).elements().create('CARD_PIN')": "create('CARD_PIN'): unknown element type",
    "new Clover(KEY).elements().create('CARD_CVV').mount('#nowhere')": "nothing matches '#nowhere'",
    "new Clover(KEY).elements().create('CARD_CVV').mount('#1')": "'#1' is not a valid selector",
    "new Clover(KEY).elements().create('CARD_CVV').mount()": "pass a selector or an element",
}


def test_invalid_calls_throw_errors(till: Till, visitor: Visitor) -> None:
    early = PAGE.replace('rel="stylesheet" href="/shop.css"', "")
    early = early.replace(
        "</head>", '<script src="%(script)s"></script><script src="/shop.js"></script></head>'
    )
    till.page = visitor.open(
        till.put(
            page=early, code="new Clover(KEY).elements().create('CARD_CVV').mount('#CARD_CVV')"
        )
    )
    assert "still loading, mount after DOMContentLoaded" in visitor.complaints[0]
    till.page = visitor.open(till.put())
    for code, said in WRONG.items():
        told = till.page.evaluate(
            f"() => {{ try {{ {code} }} catch (error) {{ return String(error) }} }}"
        )
        assert told.startswith("Error: Clover (mock): "), code
        assert said in told
    visitor.complaints.clear()
    till.page.evaluate(
        "fields.CARD_CVV.addEventListener('blur', () => { throw Error('of the shop') })"
    )
    till.page.evaluate("fields.CARD_CVV.addEventListener('blur', () => heard.push(['', 'heard']))")
    till.input("CARD_CVV").focus()
    till.input("CARD_DATE").focus()
    till.page.wait_for_function("heard.some(([, name]) => name === 'heard')")
    assert visitor.complaints == ["uncaught: of the shop"]
    visitor.complaints.clear()


def test_faults_of_the_network_reach_the_promise(till: Till, visitor: Visitor) -> None:
    till.page = visitor.open(till.put())
    till.fill()
    fault = {"endpoint": "create_token", "kind": "delay", "delay_ms": 1, "times": 1}
    assert ask(f"{till.base}/_mock/faults", fault).status == 200
    assert "token" in till.tokenise()
    assert ask(f"{till.base}/_mock/faults").json["data"] == []  # the delay was used
    for kind in ("drop", "truncate", "garbage"):
        fault = {"endpoint": "create_token", "kind": kind, "when": "after_commit"}
        ask(f"{till.base}/_mock/faults", fault)
        said = till.tokenise()["rejected"]
        assert said["status"] in (0, 200), kind
        assert "the token endpoint" in said["message"], kind
        ask(f"{till.base}/_mock/faults", method="DELETE")
    assert "token" in till.tokenise()
    visitor.complaints.clear()  # Chromium's own, of each connection that failed


def test_create_token_rejects_if_field_is_removed(till: Till, visitor: Visitor) -> None:
    till.page = visitor.open(till.put())
    till.fill()
    ask(f"{till.base}/_mock/faults", {"endpoint": "create_token", "kind": "hang"})
    with till.page.expect_request("**/v1/tokens"):
        till.page.evaluate(
            "window.asked = clover.createToken().catch(({message}) => message), undefined"
        )
    till.page.evaluate("fields.CARD_NUMBER.destroy()")
    destroyed = "Clover (mock): the field is no longer available: it was destroyed"
    assert till.page.evaluate("asked") == destroyed
    ask(f"{till.base}/_mock/faults", method="DELETE")
