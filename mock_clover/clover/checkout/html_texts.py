"""The French texts of the hosted checkout page, by their English text, and its amounts."""

from mock_clover.engine.language import ENGLISH, Language

_FRENCH_TEXTS = {
    "Test": "Test",
    "mock-clover, not Clover: no money moves. Do not enter a real card number.": (
        "mock-clover, et non Clover : aucun paiement réel. "
        "N\u2019entrez pas de vrai numéro de carte."
    ),
    "Checkout": "Paiement",
    "Error: Checkout": "Erreur : paiement",
    "Your order": "Votre commande",
    "Item": "Article",
    "Price": "Prix",
    "1 item, in USD": "1 article, en USD",
    "{count} items, in USD": "{count} articles, en USD",
    "Tax": "Taxes",
    "Card surcharge": "Supplément pour la carte",
    "Tip": "Pourboire",
    "Total": "Total",
    "tip": "pourboire",
    "custom": "autre",
    "This page expires in {minutes} (sandbox clock), at {time}.": (
        "Cette page expire dans {minutes} (horloge du bac à sable), à {time}."
    ),
    "{time} UTC on {date}": "{time} UTC le {date}",
    "1 minute": "1 minute",
    "{count} minutes": "{count} minutes",
    "Pay by card": "Payer par carte",
    "Pay": "Payer",
    "Cancel": "Annuler",
    "Add a tip": "Ajouter un pourboire",
    "No tip": "Aucun",
    "Custom": "Autre",
    "Custom tip in USD": "Autre pourboire, en USD",
    "Card number": "Numéro de carte",
    "Expiry date": "Date d\u2019expiration",
    "MM/YY": "MM/AA",
    "Security code (CVV)": "Code de sécurité (CVV)",
    "Name on the card (optional)": "Nom sur la carte (facultatif)",
    "Billing address (optional)": "Adresse de facturation (facultatif)",
    "Street address": "Adresse",
    "City": "Ville",
    "Postal code": "Code postal",
    "Please correct the following fields.": "Veuillez corriger les champs suivants.",
    "Please try again.": "Veuillez réessayer.",
    "For your security, please enter the card number and security code again.": (
        "Par sécurité, veuillez entrer de nouveau le numéro de carte et le code de sécurité."
    ),
    "Return to the shop": "Retour à la boutique",
    "Return to the shop without paying": "Retour à la boutique sans payer",
    "Enter the card number": "Entrez le numéro de carte",
    "Enter the expiry date": "Entrez la date d\u2019expiration",
    "Enter the security code": "Entrez le code de sécurité",
    "Check the card number": "Vérifiez le numéro de carte",
    "This type of card is not accepted": "Ce type de carte n\u2019est pas accepté",
    "This is not one of the test cards": "Ce n\u2019est pas l\u2019une des cartes de test",
    "Enter the expiry date as MM/YY": "Entrez la date d\u2019expiration sous la forme MM/AA",
    "The card has expired": "La carte a expiré",
    "Enter the three digits on the back, or four on an Amex": (
        "Entrez les trois chiffres au verso, ou quatre sur une Amex"
    ),
    "Enter the tip as an amount, for example 5.00": (
        "Entrez le pourboire comme un montant, par exemple 5,00"
    ),
    "Paid": "Payé",
    "Cancelled": "Annulé",
    "Expired": "Expiré",
    "Declined": "Refusé",
    "Not found": "Introuvable",
    "Thank you. Your payment was successful.": "Merci. Votre paiement a réussi.",
    "The checkout was cancelled. You were not charged.": (
        "Le paiement a été annulé. Rien ne vous a été facturé."
    ),
    "This checkout has expired. You were not charged.": (
        "Cette page de paiement a expiré. Rien ne vous a été facturé."
    ),
    "This checkout has already been paid. You were not charged again.": (
        "Ce paiement a déjà été effectué. Rien de plus ne vous a été facturé."
    ),
    "Declined.": "Refusé.",
    "Surcharge included": "Supplément inclus",
    "Tip included": "Pourboire inclus",
    "Card": "Carte",
    "Order": "Commande",
}
FRENCH = Language("fr", _FRENCH_TEXTS)


def format_amount(amount: int, language: Language = ENGLISH) -> str:
    """Return an amount of US dollars: `$1,234.50`, in French `1 234,50 $ US`."""
    units, cents = f"{amount // 100:,}", f"{amount % 100:02d}"
    if language.code == "fr":
        return f"{units},{cents}\u00a0$\u00a0US".replace(",", "\u00a0", units.count(","))
    return f"${units}.{cents}"
