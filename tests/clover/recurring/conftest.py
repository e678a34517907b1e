"""Fixtures for the tests of plans and subscriptions."""

import pytest

from tests.in_process import InProcessServer
from tests.subscriptions import SubscriptionShop


@pytest.fixture
def shop(server: InProcessServer) -> SubscriptionShop:
    return SubscriptionShop(server)
