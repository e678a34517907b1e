"""Records of the Developer Pay API, which is deprecated since 2021 but still in use.

Besides the token request, the request here is the only record with a CVV and an encrypted PAN: its
repr is empty and it is never stored.
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
"""A payment has a zip code and no street, so the issuer's check has no other results
(inferred)."""


class PayKey(Record, frozen=True, kw_only=True):
    """Response of `GET /v2/merchant/{mId}/pay/key`: the server's own public key."""

    fact: ClassVar[Fact] = _DOC

    pem: str
    prefix: str
    modulus: str
    """As a decimal number."""
    exponent: str
    """As a decimal number."""
    id: str


class VaultedCard(Record, frozen=True, kw_only=True):
    """`vaultedCard`: the card of an earlier payment, by its token."""

    token: Annotated[str, doc("The token of the earlier response.", _DOC)]
    first6: Annotated[str, doc("First six digits.", _DOC)] | None = None
    last4: Annotated[str, doc("Last four digits.", _DOC)] | None = None
    expirationDate: Annotated[str, doc("MMYY; ignored, the token has its own.", _DOC)] | None = None


class DeveloperPayRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v2/merchant/{mId}/pay`, as JSON or as a form."""

    amount: Annotated[
        Cents, doc("With tax, without tip.", _DOC, refused_as=_BAD, ge=1, le=AMOUNT_MAX)
    ]
    currency: Annotated[
        str,
        doc("ISO 4217.", inferred("the samples all send usd"), refused_as=_BAD, pattern=CURRENCY),
    ] = "usd"
    orderId: (
        Annotated[str, doc("The order to pay.", _DOC, refused_as=_BAD, max_length=64)] | None
    ) = None
    taxAmount: (
        Annotated[Cents, doc("Included in the amount.", _DOC, refused_as=_BAD, ge=0, le=AMOUNT_MAX)]
        | None
    ) = None
    tipAmount: (
        Annotated[Cents, doc("On top of the amount.", _DOC, refused_as=_BAD, ge=0, le=AMOUNT_MAX)]
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
    first6: Annotated[str, doc("Must match the PAN.", _DOC, refused_as=_BAD)] | None = None
    last4: Annotated[str, doc("Must match the PAN.", _DOC, refused_as=_BAD)] | None = None
    cardEncrypted: (
        Annotated[
            str,
            doc(
                "Base64 of the RSA-OAEP-SHA1 encryption of the key's prefix and the PAN; line "
                "breaks are allowed.",
                _DOC,
                refused_as=_BAD,
            ),
        ]
        | None
    ) = None
    vaultedCard: (
        Annotated[VaultedCard, doc("Instead of an encrypted PAN.", _DOC, refused_as=_BAD)] | None
    ) = None

    def __repr__(self) -> str:
        """Show nothing."""
        return "DeveloperPayRequest(...)"


class DeveloperPayAnswer(Record, frozen=True, kw_only=True):
    """Response of a payment, members in the documented order. A decline is a 200 too."""

    fact: ClassVar[Fact] = _DOC

    authCode: str | None = None
    failureMessage: str | None = None
    token: str | None = None
    result: Literal["APPROVED", "DECLINED"]
    avsResult: AvsResult
    paymentId: str
    cvvResult: CvvResult


def avs_result(verdict: Verdict, *, has_zip: bool) -> AvsResult:
    """Return the result of the postal code check.

    Source: the test-card page. With data the checks succeed unless the card has other results.
    """
    if isinstance(verdict, Decline) or not has_zip:
        return "NOT_CHECKED"
    return _AVS[verdict.checks.address_zip_check or "pass"]


def cvv_result(verdict: Verdict, *, has_cvv: bool) -> CvvResult:
    """Return the result of the CVV check; NOT_PROCESSED for a decline (inferred)."""
    if not has_cvv:
        return "NOT_PRESENT"
    if isinstance(verdict, Decline):
        return "NOT_PROCESSED"
    return _CVV[verdict.checks.cvc_check or "pass"]
