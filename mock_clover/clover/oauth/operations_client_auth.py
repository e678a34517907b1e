"""Client authentication of OAuth v2: the app id, the app secret and the code verifier."""

from mock_clover.clover.oauth.problems import OAUTH_CODE_REFUSED
from mock_clover.clover.oauth.records_jwt import challenge_of
from mock_clover.clover.oauth.records_v2 import CodeV2, TokenV2Request
from mock_clover.core.problem import Problem
from mock_clover.sandbox.sandbox import Sandbox


def require_client(sandbox: Sandbox, client_id: str | None, problem: Problem) -> None:
    """Raise the problem if the id is not that of the app."""
    if client_id != sandbox.credentials.client_id:
        reason = "is missing" if client_id is None else "is not the app of this sandbox"
        raise problem.error(reason=f"the app's id {reason}")


def require_secret(sandbox: Sandbox, secret: str | None, problem: Problem) -> None:
    """Raise the problem if the secret is missing or wrong."""
    if secret != sandbox.credentials.client_secret:
        raise problem.error(reason=f"client_secret is {'missing' if secret is None else 'wrong'}")


def require_proof(code: CodeV2, request: TokenV2Request) -> None:
    """Raise OAUTH_CODE_REFUSED without a valid verifier, or secret if there is no challenge."""
    if code.challenge is None:
        if request.client_secret is None:
            reason = "client_secret is missing: the code was issued without a code_challenge"
            raise OAUTH_CODE_REFUSED.error(reason=reason)
        return
    if request.code_verifier is None:
        reason = "code_verifier is missing: the code was issued for a code_challenge"
        raise OAUTH_CODE_REFUSED.error(reason=reason)
    if challenge_of(request.code_verifier) != code.challenge.rstrip("="):
        raise OAUTH_CODE_REFUSED.error(reason="code_verifier does not match the code_challenge")
