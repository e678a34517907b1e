"""Endpoints for the PAKMS key and the public keys that Clover's CDN serves."""

from mock_clover.clover.oauth.records import ApiKeyResponse, KeysResponse
from mock_clover.core.evidence import documented, observed
from mock_clover.engine.endpoint import NO_AUTH, Auth, Call, Endpoint
from mock_clover.sandbox.sandbox import Sandbox


def get_api_key(sandbox: Sandbox, _call: Call[None, None]) -> ApiKeyResponse:
    """Return the merchant's key for tokenizing cards; it never changes."""
    credentials = sandbox.credentials
    return ApiKeyResponse(
        active=sandbox.settings.api_key_active,
        apiAccessKey=credentials.api_key,
        createdTime=sandbox.created_ms,
        developerAppUuid=credentials.client_id,
        merchantUuid=credentials.merchant_id,
        modifiedTime=sandbox.created_ms,
    )


def get_keys(sandbox: Sandbox, _call: Call[None, None]) -> KeysResponse:
    """Return the public keys as Clover's CDN does: one for the sandbox, one for production."""
    keys = sandbox.keys
    return KeysResponse(
        TA_PUBLIC_KEY_DEV=keys.public_blob(), TA_PUBLIC_KEY_PROD=keys.production.public_blob()
    )


def _api_key_endpoint(path: str, name: str) -> Endpoint:
    return Endpoint(
        name=name,
        method="GET",
        path=path,
        run=get_api_key,
        auth=Auth(kind="pakms", permissions=("online_payments",)),
        response=ApiKeyResponse,
        about="Get the key for tokenizing cards.",
        evidence=documented("SEED accept-payments flow has both paths"),
    )


ENDPOINTS = (
    _api_key_endpoint("/pakms/apikey", "get_api_key"),
    _api_key_endpoint("/v1/pakms/apikey", "get_api_key_v1"),
    Endpoint(
        name="get_keys",
        method="GET",
        path="/assets/keys.json",
        run=get_keys,
        auth=NO_AUTH,
        response=KeysResponse,
        cross_origin=True,
        about="Get the public keys for encrypting card numbers (as on Clover's CDN).",
        evidence=observed("five public clients fetch and decode it"),
    ),
)
