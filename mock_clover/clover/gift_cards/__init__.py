"""Gift cards: activation, reload, balance, redemption and cashout."""
