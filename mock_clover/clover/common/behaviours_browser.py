"""Behaviours of Clover's browser SDK, as `/sdk.js` has it: fields, events, tokens, wallets."""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

SDK_EVENTS_HOLD_ALL_FIELDS = Behaviour(
    "SDK_EVENTS_HOLD_ALL_FIELDS",
    "Each change, blur and focus of a card field tells of every field that is mounted.",
    observed("WOO and two other public shops read all four members of each; AROUND 11.5"),
)
SDK_ERROR_AFTER_TOUCH = Behaviour(
    "SDK_ERROR_AFTER_TOUCH",
    "A field's error is told from when it was left, or a token asked for; change is each input.",
    inferred("iframe page: its sample has errors of touched fields only"),
)
SDK_FIELD_CHECKS = Behaviour(
    "SDK_FIELD_CHECKS",
    "A field checks length and check digit, expiry by the browser's clock, CVV by brand, and codes "
    "of the United States and Canada.",
    inferred("iframe page has two messages, AROUND 4.2 found no other and no rule"),
)
SDK_STYLES_BY_SELECTOR = Behaviour(
    "SDK_STYLES_BY_SELECTOR",
    "Styles are keyed by selectors of the frame: card-number input, .invalid, .focus, img.brand.",
    observed("AROUND 4.1, 11.5: styles of public shops"),
)
SDK_NEWEST_FIELD_COUNTS = Behaviour(
    "SDK_NEWEST_FIELD_COUNTS",
    "A container holds one field, and of a type the one that was mounted last counts.",
    inferred("nothing was found of a field that is mounted twice"),
)
SDK_COMBINED_CARD = Behaviour(
    "SDK_COMBINED_CARD",
    "CARD is number, expiry, CVV and postal code in one frame, with one error for all.",
    inferred("WeeConnectPay names the type and does not use it"),
)
SDK_FOOTER = Behaviour(
    "SDK_FOOTER",
    "The first field that is mounted brings a footer, which options or the page may hide.",
    documented("iframe page; the names of the options are WeeConnectPay's"),
)
SDK_TOKEN_ERRORS = Behaviour(
    "SDK_TOKEN_ERRORS",
    "createToken gives errors by field and does not reject for them.",
    documented("iframe page; WOO reads them so"),
)
SDK_TOKEN_REFUSALS = Behaviour(
    "SDK_TOKEN_REFUSALS",
    "A card that the token host refuses is its field's error; a refused caller, or no answer, "
    "rejects.",
    inferred("WOO catches what rejects; which refusals do was not found"),
)
SDK_TOKEN_SENT_PLAIN = Behaviour(
    "SDK_TOKEN_SENT_PLAIN",
    "The number's frame posts the card to /v1/tokens, its number plain.",
    inferred("AROUND 4.6: the SDK's own call was not seen"),
)
SDK_GOOGLE_PAY = Behaviour(
    "SDK_GOOGLE_PAY",
    "Google Pay's token comes to the element, with e-mail, network, last digits and postal code.",
    observed("WeeConnectPay reads these; the event is the iframe page's"),
)
SDK_APPLE_PAY = Behaviour(
    "SDK_APPLE_PAY",
    "Apple Pay's token comes to the window as tokenRecieved; a session ends after 30 seconds.",
    documented("iframe page, its Apple Pay part; that the token is an object is sanqin888's"),
)
SDK_APPLE_PAY_AUTHORIZE = Behaviour(
    "SDK_APPLE_PAY_AUTHORIZE",
    "paymentAuthorize comes to the window before the token and has none.",
    inferred("sanqin888 listens to it; no detail was seen"),
)
SDK_WALLET_STATUS = Behaviour(
    "SDK_WALLET_STATUS",
    "updateApplePaymentStatus ends the sheet with success or failed.",
    observed("sanqin888 calls it; the iframe page leaves it unnamed"),
)
