"""The module of docs/howto/tls.md, with which Node reaches the mock by Clover's names."""

import re
from pathlib import Path
from typing import Any

import toolbox
from conftest import get_or_skip

from tests.tls_server_process import start

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "tls.md"
SHOP = """
import https from "node:https";
const fetched = await fetch("https://scl.clover.com/livez");
const got = await new Promise((done) => https.get("https://www.eu.clover.com/livez", done));
const own = await fetch(process.env.OWN_URL);
console.log(JSON.stringify([fetched.status, got.statusCode, own.status]));
"""


def require_node() -> str:
    return toolbox.require_tool("node")


def test_node_reaches_the_mock_without_a_hosts_file(tmp_path: Path) -> None:
    node = get_or_skip(require_node)
    (module,) = re.findall(r"^```js\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "clover-hosts.mjs").write_text(module)
    (tmp_path / "shop.mjs").write_text(SHOP)
    served = start(tmp_path)
    try:
        environment = {
            "NODE_EXTRA_CA_CERTS": str(tmp_path / "tls" / "ca.pem"),
            "MOCK_CLOVER_TLS_PORT": str(served.port),
            "OWN_URL": f"{served.server.url}/livez",
        }
        command = [node, "--import", str(tmp_path / "clover-hosts.mjs"), str(tmp_path / "shop.mjs")]
        result: Any = toolbox.run_client(command, environment)
    finally:
        served.server.stop()
    assert result == [200, 200, 200]
