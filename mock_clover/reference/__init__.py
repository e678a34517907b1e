"""Reference documents generated from the code: OpenAPI, examples and the evidence page."""
