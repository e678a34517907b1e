"""Client authentication of OAuth v2: the client id, the client secret and the code verifier."""

from typing import Any

from mock_clover.clover.oauth.problems import OAUTH_CODE_REJECTED
from mock_clover.clover.oauth.records_jwt import pkce_challenge
from mock_clover.clover.oauth.records_v2 import CodeV2, TokenV2Request
from mock_clover.core.problem import Problem
from mock_clover.engine.endpoint import Call, sandbox_and_server
from mock_clover.sandbox.sandbox import Sandbox


def require_client(
    sandbox: Sandbox, call: Call[Any, Any], client_id: str | None, problem: Problem
) -> None:
    """Raise the problem if the client id is not that of the app."""
    if client_id is None:
        raise problem.error(reason="the client id is missing")
    if client_id != sandbox.credentials.client_id:
        owner = sandbox_and_server(sandbox, call.headers)
        raise problem.error(reason=f"the client id is not the app id of {owner}")


def require_secret(sandbox: Sandbox, secret: str | None, problem: Problem) -> None:
    """Raise the problem if the secret is missing or wrong."""
    if secret != sandbox.credentials.client_secret:
        raise problem.error(reason=f"client_secret is {'missing' if secret is None else 'wrong'}")


def verify_code_credentials(code: CodeV2, request: TokenV2Request) -> None:
    """Raise OAUTH_CODE_REJECTED unless the request has the verifier, or the secret, of the code."""
    if code.challenge is None:
        if request.client_secret is None:
            reason = "client_secret is missing: the code was issued without a code_challenge"
            raise OAUTH_CODE_REJECTED.error(reason=reason)
        return
    if request.code_verifier is None:
        reason = "code_verifier is missing: the code was issued for a code_challenge"
        raise OAUTH_CODE_REJECTED.error(reason=reason)
    if pkce_challenge(request.code_verifier) != code.challenge.rstrip("="):
        raise OAUTH_CODE_REJECTED.error(reason="code_verifier does not match the code_challenge")
