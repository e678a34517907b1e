"""What clients trust to reach this server by HTTPS, for those who share no folder with it."""

from mock_clover.clover.common.problems import CONTROL_NOT_FOUND
from mock_clover.control.endpoint import control
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint, Text
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes


def endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return the endpoints that tell of a server's certificate."""

    def get_authority(_sandbox: Sandbox, _call: Call[None, None]) -> Text:
        """Return the certificate of the local authority, in PEM; its key is told to nobody."""
        if not sandboxes.authority:
            raise CONTROL_NOT_FOUND.error(said="there is no HTTPS: start the server with --tls")
        return Text(sandboxes.authority)

    return (control("get_authority", "GET", "/_mock/ca.pem", get_authority, Record),)
