"""Bank accounts (ACH): requests and responses.

The request contains an account number, a routing number and an identity number of the customer
(such as a social security number). None of them is stored or logged, only the last four digits and
a fingerprint.
"""

from typing import Annotated, ClassVar, Literal

from mock_clover.core.evidence import EMAIL, END_OF_STRING, Evidence, doc, documented, inferred
from mock_clover.core.record import Record, SecretRecord

_MD = documented("MD:create-an-ach-token")
_REQUIRED = documented("MD:create-an-ach-token marks it as required")
_TEXT = {"min_length": 1, "max_length": 255}


class Agreement(SecretRecord, frozen=True, kw_only=True):
    """`agreement` of a bank account: the customer's consent."""

    agreement_id: Annotated[str, doc("Id of the merchant's template.", _REQUIRED, **_TEXT)]
    type: (
        Annotated[
            Literal[
                "E_CHECK_GENERIC",
                "E_CHECK_ICA_BUSINESS_WARRANTY",
                "E_CHECK_ICA_PERSONAL_WARRANTY",
                "E_CHECK_ICA_BUSINESS_SETTLEMENT",
                "E_CHECK_ICA_PERSONAL_SETTLEMENT",
            ],
            doc("Type of the agreement.", documented("DOCS:internet-check-acceptance")),
        ]
        | None
    ) = None
    locale: Annotated[str, doc("For example en_US.", _MD)] | None = None
    template_data: Annotated[str, doc("Values of the template.", _MD)] | None = None


class AchRequest(SecretRecord, frozen=True, kw_only=True):
    """`ach` of a token request. Contains a bank account number: never log or store it."""

    bank_account_number: Annotated[
        str,
        doc("10 to 12 digits.", _REQUIRED, pattern=f"^[0-9]{{10,12}}{END_OF_STRING}"),
    ]
    bank_routing_number: Annotated[
        str,
        doc(
            "Nine digits; the check digit is not validated: Clover's example has a wrong one.",
            _REQUIRED,
            pattern=f"^[0-9]{{9}}{END_OF_STRING}",
        ),
    ]
    check_type: Annotated[
        Literal["personal_check", "corporate_check"],
        doc("Owner of the account: a person or a company.", _REQUIRED),
    ]
    account_type: Annotated[Literal["checking", "savings"], doc("Type of the account.", _REQUIRED)]
    customer_id_type: Annotated[
        Literal["driver_license", "ssn", "tax_id", "military_id"],
        doc("Type of customer_id.", _REQUIRED),
    ]
    customer_id_state: Annotated[
        str, doc("State that issued the identity document.", _REQUIRED, **_TEXT)
    ]
    customer_id: Annotated[str, doc("Number of the identity document.", _REQUIRED, **_TEXT)]
    first_name: Annotated[str, doc("For a personal check.", _MD, **_TEXT)] | None = None
    last_name: Annotated[str, doc("For a personal check.", _MD, **_TEXT)] | None = None
    business_name: Annotated[str, doc("For a corporate check.", _MD, **_TEXT)] | None = None
    email: Annotated[str, doc("Customer's e-mail.", _REQUIRED, pattern=EMAIL)]
    phone: Annotated[str, doc("Customer's phone.", _REQUIRED, **_TEXT)]
    address_line1: Annotated[str, doc("Street address.", _REQUIRED, **_TEXT)]
    address_line2: Annotated[str, doc("Second line.", _MD)] | None = None
    address_city: Annotated[str, doc("City.", _REQUIRED, **_TEXT)]
    address_state: Annotated[str, doc("State.", _REQUIRED, **_TEXT)]
    address_zip: Annotated[str, doc("Postal code.", _REQUIRED, **_TEXT)]
    address_country: Annotated[str, doc("Country.", _MD)] | None = None
    encrypted: (
        Annotated[
            bool,
            doc(
                "Accepted; only unencrypted numbers work, because no source shows the format.",
                inferred("MD:create-an-ach-token names the field"),
            ),
        ]
        | None
    ) = None
    session_id: Annotated[str, doc("Accepted and ignored.", _MD, has_no_effect=True)] | None = None
    agreement: Annotated[Agreement, doc("The customer's consent.", _REQUIRED)]


class AchResponse(Record, frozen=True, kw_only=True):
    """`ach` of a token response."""

    evidence: ClassVar[Evidence] = _MD

    account_last4: str
    routing_last4: str
