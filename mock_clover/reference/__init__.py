"""What is generated from the declarations: OpenAPI, examples and the fidelity page."""
