"""Behaviours of 3-D Secure, with their evidence."""

from mock_clover.core.evidence import Behaviour, documented, inferred

FLOW_BY_CARD = Behaviour(
    "FLOW_BY_CARD",
    "A test card and its amount select the 3-D Secure flow; any other amount is frictionless.",
    inferred("the 3DS SDK page has cards and amounts, but not their flows"),
)
PENDING_CHARGE_IS_RETRIEVABLE = Behaviour(
    "PENDING_CHARGE_IS_RETRIEVABLE",
    "A charge that waits for the cardholder is returned as pending, without an outcome.",
    inferred("`threeds` is documented, but no source shows the status"),
)
FLOW_STATUS_DECIDES = Behaviour(
    "FLOW_STATUS_DECIDES",
    "If the page of the issuer has no result, flow_status sets the 3-D Secure result.",
    inferred("no source lists the values"),
)
THREEDS_LIFETIME = Behaviour(
    "THREEDS_LIFETIME",
    "A charge waits ten minutes for the cardholder and then fails.",
    inferred("no source was found"),
    setting="threeds_life_ms",
)
SDK_EVENT_TARGET = Behaviour(
    "SDK_EVENT_TARGET",
    "The 3DS SDK fires executePatch on the document; it bubbles to the window.",
    inferred("the event is documented, but not its target"),
)
SDK_STATUS = Behaviour(
    "SDK_STATUS",
    "The event has _3DSStatus and 3DSStatus: SUCCESS, ATTEMPTED, UNAVAILABLE or FAILED.",
    inferred("both names are documented, but no values; these are from authentication_status"),
)
SDK_METHOD_WAITS = Behaviour(
    "SDK_METHOD_WAITS",
    "If a method page does not respond for ten seconds, the status is UNAVAILABLE and the charge "
    "continues.",
    inferred("the time limit of EMVCo; no source gives that of the SDK"),
)
SDK_CANCEL_FAILS_AUTHENTICATION = Behaviour(
    "SDK_CANCEL_FAILS_AUTHENTICATION",
    "If the challenge window is closed, the authentication fails.",
    inferred("the rule of EMVCo; no source describes the window of the SDK"),
)
EXTERNAL_AUTHENTICATION = Behaviour(
    "EXTERNAL_AUTHENTICATION",
    "A 3-D Secure result of another provider gets an unknown status and no liability shift.",
    documented("DOCS:use-3ds"),
)
