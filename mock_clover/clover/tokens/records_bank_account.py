"""Bank accounts (ACH): what a client asks for and what it is told.

The request holds an account number, a routing number and a customer's own (a social security number
among them). None of it is kept or printed: last four digits and a fingerprint are.
"""

from typing import Annotated, ClassVar, Literal

from mock_clover.core.evidence import EMAIL, END, Fact, doc, documented, inferred
from mock_clover.core.record import Record

_MD = documented("MD:create-an-ach-token")
_REQUIRED = documented("MD:create-an-ach-token marks it as required")
_TEXT = {"min_length": 1, "max_length": 255}


class Agreement(Record, frozen=True, kw_only=True):
    """`agreement` of a bank account: what the customer agreed to."""

    agreement_id: Annotated[str, doc("Of the merchant's template.", _REQUIRED, **_TEXT)]
    type: Annotated[Literal["E_CHECK_GENERIC"], doc("The one kind that is shown.", _MD)] | None = (
        None
    )
    locale: Annotated[str, doc("As en_US.", _MD)] | None = None
    template_data: Annotated[str, doc("Values of the template.", _MD)] | None = None

    def __repr__(self) -> str:
        """Show nothing."""
        return "Agreement(...)"


class AchRequest(Record, frozen=True, kw_only=True):
    """`ach` of a token request. Holds a bank account: never print, never keep."""

    bank_account_number: Annotated[
        str,
        doc("10 to 12 digits.", _REQUIRED, pattern=f"^[0-9]{{10,12}}{END}"),
    ]
    bank_routing_number: Annotated[
        str,
        doc(
            "Nine digits; the last is not checked: that of the page's own example is wrong.",
            _REQUIRED,
            pattern=f"^[0-9]{{9}}{END}",
        ),
    ]
    check_type: Annotated[
        Literal["personal_check", "corporate_check"], doc("Whose account.", _REQUIRED)
    ]
    account_type: Annotated[Literal["checking", "savings"], doc("Its kind.", _REQUIRED)]
    customer_id_type: Annotated[
        Literal["driver_license", "ssn", "tax_id", "military_id"],
        doc("What customer_id is.", _REQUIRED),
    ]
    customer_id_state: Annotated[str, doc("State that gave it.", _REQUIRED, **_TEXT)]
    customer_id: Annotated[str, doc("Number of the customer's paper.", _REQUIRED, **_TEXT)]
    first_name: Annotated[str, doc("Needed for a personal check.", _MD, **_TEXT)] | None = None
    last_name: Annotated[str, doc("Needed for a personal check.", _MD, **_TEXT)] | None = None
    business_name: Annotated[str, doc("Needed for a corporate check.", _MD, **_TEXT)] | None = None
    email: Annotated[str, doc("Of the customer.", _REQUIRED, pattern=EMAIL)]
    phone: Annotated[str, doc("Of the customer.", _REQUIRED, **_TEXT)]
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
                "Taken; how encrypted numbers look was not found, so only plain ones are read.",
                inferred("MD:create-an-ach-token names the member"),
            ),
        ]
        | None
    ) = None
    session_id: Annotated[str, doc("Taken and not interpreted.", _MD)] | None = None
    agreement: Annotated[Agreement, doc("What the customer agreed to.", _REQUIRED)]

    def __repr__(self) -> str:
        """Show nothing."""
        return "AchRequest(...)"


class AchView(Record, frozen=True, kw_only=True):
    """`ach` of a token answer."""

    fact: ClassVar[Fact] = _MD

    account_last4: str
    routing_last4: str
