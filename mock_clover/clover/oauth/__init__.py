"""OAuth v1 and v2: authorization, tokens and the consent page."""
