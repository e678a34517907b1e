"""Serve the certificate of the local CA to clients that cannot read it from disk."""

from mock_clover.clover.common.problems import CONTROL_NOT_FOUND
from mock_clover.control.endpoint import control_endpoint
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint, Text
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes


def endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return the endpoint of the certificate."""

    def get_authority(_sandbox: Sandbox, _call: Call[None, None]) -> Text:
        """Return the local CA certificate in PEM, without its key."""
        if not sandboxes.ca_certificate:
            raise CONTROL_NOT_FOUND.error(detail="HTTPS is off: start the server with --tls")
        return Text(sandboxes.ca_certificate)

    return (control_endpoint("get_authority", "GET", "/_mock/ca.pem", get_authority, Record),)
