"""Behaviours of Clover's browser SDK (`/sdk.js`): fields, events, tokens and wallets."""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

SDK_EVENTS_CONTAIN_ALL_FIELDS = Behaviour(
    "SDK_EVENTS_CONTAIN_ALL_FIELDS",
    "Each change, blur and focus event of a card field contains the state of all mounted fields.",
    observed("WOO and two other public shops read all four members of each state; AROUND 11.5"),
)
SDK_ERROR_AFTER_TOUCH = Behaviour(
    "SDK_ERROR_AFTER_TOUCH",
    "A field reports its error after blur or createToken; each input fires change.",
    inferred("the sample on the iframe page has errors only of touched fields"),
)
SDK_FIELD_CHECKS = Behaviour(
    "SDK_FIELD_CHECKS",
    "A field validates length and check digit, expiry by the browser's clock, CVV by brand, and "
    "postal codes of the United States and Canada.",
    inferred("the iframe page has two messages; AROUND 4.2 found no others, and no rule"),
)
SDK_STYLES_BY_SELECTOR = Behaviour(
    "SDK_STYLES_BY_SELECTOR",
    "Styles are keyed by selectors in the frame: card-number input, .invalid, .focus, img.brand.",
    observed("AROUND 4.1, 11.5: the styles of public shops"),
)
SDK_LAST_MOUNTED_FIELD_WINS = Behaviour(
    "SDK_LAST_MOUNTED_FIELD_WINS",
    "A container has one field; of several fields of one type, the last mounted one is used.",
    inferred("no source describes a field that is mounted twice"),
)
SDK_COMBINED_CARD = Behaviour(
    "SDK_COMBINED_CARD",
    "CARD has number, expiry, CVV and postal code in one frame, with one error for all.",
    inferred("WeeConnectPay names the type but does not use it"),
)
SDK_ACH_FORM = Behaviour(
    "SDK_ACH_FORM",
    "ACH_ELEMENTS is a form for a bank account in one frame, with one error and one token; its "
    "fields are those of an ACH token request.",
    inferred("the iframe page documents the type and its styles, but neither fields nor result"),
)
SDK_FOOTER = Behaviour(
    "SDK_FOOTER",
    "The first mounted field adds a footer, which options or the page can hide.",
    documented("iframe page; the names of the options are from WeeConnectPay"),
)
SDK_CORP = Behaviour(
    "SDK_CORP",
    "The SDK has no Cross-Origin-Resource-Policy, so pages with COEP require-corp block it.",
    inferred("the headers of Clover's checkout host were not observed"),
    setting="corp",
)
SDK_TOKEN_ERRORS = Behaviour(
    "SDK_TOKEN_ERRORS",
    "createToken resolves with errors by field and does not reject.",
    documented("iframe page; WOO reads them this way"),
)
SDK_TOKEN_REJECTIONS = Behaviour(
    "SDK_TOKEN_REJECTIONS",
    "If the token host rejects a card, the card field has the error; if it rejects the client or "
    "does not respond, createToken rejects.",
    inferred("WOO catches rejections; no source says which errors reject"),
)
SDK_TOKEN_SENT_PLAIN = Behaviour(
    "SDK_TOKEN_SENT_PLAIN",
    "The frame of the card number posts the card to /v1/tokens with an unencrypted PAN.",
    inferred("AROUND 4.6: the request of the SDK was not observed"),
)
SDK_GOOGLE_PAY = Behaviour(
    "SDK_GOOGLE_PAY",
    "The token event of Google Pay fires on the element and has the e-mail, network, last digits "
    "and postal code.",
    observed("WeeConnectPay reads these fields; the iframe page documents the event"),
)
SDK_APPLE_PAY = Behaviour(
    "SDK_APPLE_PAY",
    "The token event of Apple Pay, tokenRecieved, fires on the window; a session ends after 30 "
    "seconds.",
    documented("iframe page, Apple Pay; sanqin888 shows that the token is an object"),
)
SDK_APPLE_PAY_AUTHORIZE = Behaviour(
    "SDK_APPLE_PAY_AUTHORIZE",
    "paymentAuthorize fires on the window before the token event and has no token.",
    inferred("sanqin888 listens for it; its detail was not observed"),
)
SDK_WALLET_STATUS = Behaviour(
    "SDK_WALLET_STATUS",
    "updateApplePaymentStatus closes the payment sheet with success or failed.",
    observed("sanqin888 calls it; it is not on the iframe page"),
)
