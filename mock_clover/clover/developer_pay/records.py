"""The Developer Pay API, deprecated since 2021 and still called: its key, its payment.

The request is, beside the token's, the only record that holds a CVV and an encrypted number: it
prints nothing and is never kept.
"""

from typing import Annotated, ClassVar, Literal

from mock_clover.clover.common.cards import CheckResult
from mock_clover.clover.common.verdict import Decline, Verdict
from mock_clover.core.evidence import CURRENCY, END, Cents, Fact, doc, documented, inferred
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record

_DOC = documented("cloverhackathons/DeveloperPayAPI")
_BAD = "DEVELOPER_PAY_INVALID"

AvsResult = Literal[
    "SUCCESS",
    "ZIP_CODE_MATCH",
    "ZIP_CODE_MATCH_ADDRESS_NOT_CHECKED",
    "ADDRESS_MATCH",
    "ADDRESS_MATCH_ZIP_NOT_CHECKED",
    "NEITHER_MATCH",
    "SERVICE_FAILURE",
    "SERVICE_UNAVAILABLE",
    "NOT_CHECKED",
    "ZIP_CODE_NOT_MATCHED_ADDRESS_NOT_CHECKED",
    "ADDRESS_NOT_MATCHED_ZIP_CODE_NOT_CHECKED",
]
CvvResult = Literal["SUCCESS", "FAILURE", "NOT_PROCESSED", "NOT_PRESENT"]

_AVS: dict[CheckResult, AvsResult] = {
    "pass": "ZIP_CODE_MATCH_ADDRESS_NOT_CHECKED",
    "failed": "ZIP_CODE_NOT_MATCHED_ADDRESS_NOT_CHECKED",
    "unavailable": "SERVICE_UNAVAILABLE",
    "unchecked": "NOT_CHECKED",
}
_CVV: dict[CheckResult, CvvResult] = {
    "pass": "SUCCESS",
    "failed": "FAILURE",
    "unavailable": "NOT_PROCESSED",
    "unchecked": "NOT_PROCESSED",
}
"""A payment has a zip code and no street, so no other results come of the issuer's check
(inferred)."""


class PayKey(Record, frozen=True, kw_only=True):
    """Answer of `GET /v2/merchant/{mId}/pay/key`: the server's own public key."""

    fact: ClassVar[Fact] = _DOC

    pem: str
    prefix: str
    modulus: str
    """As a decimal number."""
    exponent: str
    """As a decimal number."""
    id: str


class VaultedCard(Record, frozen=True, kw_only=True):
    """`vaultedCard`: the card of an earlier payment, by the token that it gave."""

    token: Annotated[str, doc("The token of the earlier answer.", _DOC)]
    first6: Annotated[str, doc("First six digits.", _DOC)] | None = None
    last4: Annotated[str, doc("Last four digits.", _DOC)] | None = None
    expirationDate: Annotated[str, doc("MMYY; the token knows its own.", _DOC)] | None = None


class DeveloperPayRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v2/merchant/{mId}/pay`, as JSON or as a form."""

    amount: Annotated[
        Cents, doc("Tax included, tip not.", _DOC, refused_as=_BAD, ge=1, le=AMOUNT_MAX)
    ]
    currency: Annotated[
        str,
        doc("ISO 4217.", inferred("the samples all send usd"), refused_as=_BAD, pattern=CURRENCY),
    ] = "usd"
    orderId: (
        Annotated[str, doc("The order that is paid.", _DOC, refused_as=_BAD, max_length=64)] | None
    ) = None
    taxAmount: (
        Annotated[Cents, doc("In the amount.", _DOC, refused_as=_BAD, ge=0, le=AMOUNT_MAX)] | None
    ) = None
    tipAmount: (
        Annotated[Cents, doc("Beside the amount.", _DOC, refused_as=_BAD, ge=0, le=AMOUNT_MAX)]
        | None
    ) = None
    zip: Annotated[str, doc("Postal code.", _DOC, refused_as=_BAD, max_length=20)] | None = None
    expMonth: Annotated[int, doc("1 to 12.", _DOC, refused_as=_BAD, ge=1, le=12)] | None = None
    expYear: (
        Annotated[int, doc("Two or four digits.", _DOC, refused_as=_BAD, ge=0, le=9999)] | None
    ) = None
    cvv: (
        Annotated[
            str,
            doc("Three or four digits.", _DOC, refused_as=_BAD, pattern=f"^[0-9]{{3,4}}{END}"),
        ]
        | None
    ) = None
    first6: Annotated[str, doc("Must be the number's.", _DOC, refused_as=_BAD)] | None = None
    last4: Annotated[str, doc("Must be the number's.", _DOC, refused_as=_BAD)] | None = None
    cardEncrypted: (
        Annotated[
            str,
            doc(
                "Base64 of the RSA-OAEP-SHA1 encryption of the key's prefix and the PAN; line "
                "breaks are tolerated.",
                _DOC,
                refused_as=_BAD,
            ),
        ]
        | None
    ) = None
    vaultedCard: (
        Annotated[VaultedCard, doc("Instead of a number.", _DOC, refused_as=_BAD)] | None
    ) = None

    def __repr__(self) -> str:
        """Show nothing."""
        return "DeveloperPayRequest(...)"


class DeveloperPayAnswer(Record, frozen=True, kw_only=True):
    """Answer of a payment; its members in the order of the page. A decline is a 200 as well."""

    fact: ClassVar[Fact] = _DOC

    authCode: str | None = None
    failureMessage: str | None = None
    token: str | None = None
    result: Literal["APPROVED", "DECLINED"]
    avsResult: AvsResult
    paymentId: str
    cvvResult: CvvResult


def avs_result(verdict: Verdict, *, has_zip: bool) -> AvsResult:
    """Tell what the check of the postal code gave.

    Source: the test-card page; data given, the checks succeed, unless the card's line says more.
    """
    if isinstance(verdict, Decline) or not has_zip:
        return "NOT_CHECKED"
    return _AVS[verdict.checks.address_zip_check or "pass"]


def cvv_result(verdict: Verdict, *, has_cvv: bool) -> CvvResult:
    """Tell what the check of the CVV gave; of a declined payment nothing is known (inferred)."""
    if not has_cvv:
        return "NOT_PRESENT"
    if isinstance(verdict, Decline):
        return "NOT_PROCESSED"
    return _CVV[verdict.checks.cvc_check or "pass"]
