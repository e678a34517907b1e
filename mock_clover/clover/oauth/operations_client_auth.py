"""What an app shows to get tokens of OAuth v2: its id, its secret, or the verifier of its code."""

from mock_clover.clover.oauth.problems import OAUTH_CODE_REFUSED
from mock_clover.clover.oauth.records_jwt import challenge_of
from mock_clover.clover.oauth.records_v2 import CodeV2, TokenV2Request
from mock_clover.core.problem import Problem
from mock_clover.sandbox.sandbox import Sandbox


def require_client(sandbox: Sandbox, client_id: str | None, problem: Problem) -> None:
    """Refuse what does not name the app."""
    if client_id != sandbox.credentials.client_id:
        said = "is missing" if client_id is None else "is not the app of this sandbox"
        raise problem.error(reason=f"the app's id {said}")


def require_secret(sandbox: Sandbox, secret: str | None, problem: Problem) -> None:
    """Refuse what does not show the app's secret."""
    if secret != sandbox.credentials.client_secret:
        raise problem.error(reason=f"client_secret is {'missing' if secret is None else 'wrong'}")


def require_proof(code: CodeV2, asked: TokenV2Request) -> None:
    """Refuse who does not prove that the code is theirs: by the verifier, or else the secret."""
    if code.challenge is None:
        if asked.client_secret is None:
            said = "client_secret is missing: the code was given without a code_challenge"
            raise OAUTH_CODE_REFUSED.error(reason=said)
        return
    if asked.code_verifier is None:
        said = "code_verifier is missing: the code was given for a code_challenge"
        raise OAUTH_CODE_REFUSED.error(reason=said)
    if challenge_of(asked.code_verifier) != code.challenge.rstrip("="):
        raise OAUTH_CODE_REFUSED.error(reason="code_verifier does not fit the code_challenge")
