"""Create sandboxes, with the merchants and the fixtures of their scenarios.

Creating fixtures takes long, so it has many steps. No request finds a sandbox before it is
registered (`sandboxes.py`).
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import asdict

from mock_clover.core.steps import Steps
from mock_clover.sandbox.clock import Clock
from mock_clover.sandbox.credentials import derive_credentials, fingerprint_key
from mock_clover.sandbox.hooks import Hooks
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.merchants import scenario_credentials, with_overrides
from mock_clover.sandbox.names import check_name
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records import Scenario, ScenarioError, Settings
from mock_clover.scenario.records_fixtures import Fixtures
from mock_clover.scenario.validation import faults_of

_FIXTURE_TTL_MS = 600_000
"""Fixtures are recreated after ten minutes, because their ages are relative to the current time."""

LoadedFixtures = dict[int, Sandbox]
"""Sandboxes with loaded fixtures, by `id(fixtures)`."""


class SandboxFactory:
    """Creates the sandboxes of one server."""

    def __init__(
        self,
        scenario: Scenario,
        keys: KeyRing,
        *,
        seed: str,
        hooks: Hooks,
        setting_overrides: dict[str, Any],
        make_clock: Callable[[], Clock],
    ) -> None:
        self._keys = keys
        self._seed = seed
        self._hooks = hooks
        self._setting_overrides = setting_overrides
        self._fingerprint_key = fingerprint_key(seed)
        self._make_clock = make_clock
        self.set_scenario(scenario)

    def set_scenario(self, scenario: Scenario) -> None:
        """Set the server's own scenario. Raises ScenarioError."""
        self.rules = self.compile_rules(scenario)
        self.settings = self.settings_of(scenario)
        data = (scenario.data, *(merchant.data for merchant in scenario.merchants))
        self._own_fixtures = tuple(each for each in data if each is not None and each.count)
        self._own_loaded: LoadedFixtures = {}

    def create(
        self,
        name: str,
        scenario: Scenario | None = None,
        setting_overrides: dict[str, Any] | None = None,
        seed: str | None = None,
    ) -> Steps[Sandbox]:
        """Return a new sandbox with its merchants and fixtures. Raises ScenarioError."""
        rules, settings, loaded = self.rules, self.settings, self._own_loaded
        if scenario is not None:
            rules, settings = self.compile_rules(scenario), self.settings_of(scenario)
            loaded = {}
        overrides, clock = setting_overrides or {}, self._make_clock()
        created = self._new(name, rules, settings, overrides, clock, seed)
        yield from self.add_merchants(created, seed, loaded)
        return created

    def load(self, sandbox: Sandbox, scenario: Scenario) -> Steps[tuple[Rules, LoadedFixtures]]:
        """Load the fixtures of a scenario for a sandbox, and leave the sandbox unchanged.

        Raises ScenarioError.
        """
        rules, settings = self.compile_rules(scenario), self.settings_of(scenario)
        loaded: LoadedFixtures = {}
        if scenario.data is not None or scenario.merchants:
            overrides, clock = sandbox.setting_overrides, sandbox.clock.fork()
            scratch = self._new(sandbox.name, rules, settings, overrides, clock)
            yield from self.add_merchants(scratch, None, loaded)
        return rules, loaded

    def has_own_fixtures(self) -> bool:
        """Return whether the fixtures of the server's own scenario are loaded and recent."""
        now_ms = self._make_clock().now_ms() if self._own_fixtures else 0
        return all(_recent(each, self._own_loaded, now_ms) for each in self._own_fixtures)

    def load_own_fixtures(self) -> Steps[None]:
        """Load the fixtures of the server's own scenario, unless they are recent."""
        yield from self.create("-")

    def compile_rules(self, scenario: Scenario) -> Rules:
        """Return the compiled rules of a scenario for sandboxes of this server.

        Raises ScenarioError for a fault that the server cannot apply.
        """
        for path, fault in faults_of(scenario):
            if obstacle := self._hooks.unsupported_fault_reason(fault.kind):
                raise ScenarioError(f"{path}: {obstacle}")
        return Rules(scenario, self._fingerprint_key)

    def settings_of(self, scenario: Scenario) -> Settings:
        """Return the settings of a scenario; those of the command line take precedence."""
        return with_overrides(scenario.settings, self._setting_overrides)

    def add_merchants(
        self, sandbox: Sandbox, seed: str | None, loaded: LoadedFixtures
    ) -> Steps[None]:
        """Create the merchants of a sandbox's scenario and load their fixtures.

        `loaded` is the cache of fixtures; if it has all of them, there is one step.
        """
        scenario = sandbox.rules.scenario
        yield from self._load_fixtures(sandbox, scenario.data, "", loaded)
        if not scenario.merchants:
            return
        first, *others = scenario.merchants
        sandbox.set_credentials(scenario_credentials(scenario, self._seed, sandbox.name))
        sandbox.merchants = ()
        if first.settings is not None:
            sandbox.setting_overrides = (
                asdict(with_overrides(first.settings, self._setting_overrides))
                | sandbox.setting_overrides
            )
            sandbox.settings = with_overrides(sandbox.settings, sandbox.setting_overrides)
        yield from self._load_fixtures(sandbox, first.data, first.name, loaded)
        for declared in others:
            name = f"{sandbox.name}.{declared.name}"
            settings = self.settings_of(scenario)
            setting_overrides = (
                sandbox.setting_overrides
                if declared.settings is None
                else asdict(with_overrides(declared.settings, self._setting_overrides))
            )
            own_seed = None if seed is None else f"{seed}\0{declared.name}"
            merchant = self._new(
                name, sandbox.rules, settings, setting_overrides, sandbox.clock, own_seed
            )
            merchant.set_credentials(
                scenario_credentials(scenario, self._seed, sandbox.name, declared.name)
            )
            yield from self._load_fixtures(merchant, declared.data, declared.name, loaded)
            sandbox.merchants += (merchant,)

    def _load_fixtures(
        self,
        sandbox: Sandbox,
        fixtures: Fixtures | None,
        merchant: str,
        loaded: LoadedFixtures,
    ) -> Steps[None]:
        """Add the fixtures of a scenario or merchant to a sandbox; they are cached and shared.

        Their ids derive from the names of scenario and merchant, so loading is idempotent.
        """
        if fixtures is None or not fixtures.count:
            return
        rows = _recent(fixtures, loaded, sandbox.clock.now_ms())
        if rows is None:
            rows = self._new(
                "-",
                sandbox.rules,
                sandbox.settings,
                {},
                sandbox.clock.fork(),
                f"{self._seed}\0{sandbox.rules.scenario.name}\0{merchant}",
            )
            rows.outbox = None  # fixtures send no webhooks
            yield from self._hooks.load_fixtures(rows, fixtures)
            loaded[id(fixtures)] = rows
        sandbox.merge(rows)

    def _new(
        self,
        name: str,
        rules: Rules,
        settings: Settings,
        setting_overrides: dict[str, Any],
        clock: Clock,
        seed: str | None = None,
    ) -> Sandbox:
        """Create an empty, unregistered sandbox. Raises ScenarioError for a reserved name."""
        check_name(name)
        created = Sandbox(
            name,
            derive_credentials(self._seed, name),
            rules,
            with_overrides(settings, setting_overrides),
            self._keys,
            seed=f"{self._seed}\0{name}" if seed is None else seed,
            fingerprint_key=self._fingerprint_key,
            hooks=self._hooks,
            clock=clock,
        )
        created.setting_overrides = setting_overrides
        return created


def _recent(fixtures: Fixtures, loaded: LoadedFixtures, now_ms: int) -> Sandbox | None:
    """Return the sandbox with loaded fixtures, if there is one and it is recent."""
    rows = loaded.get(id(fixtures))
    return None if rows is None or now_ms - rows.created_ms > _FIXTURE_TTL_MS else rows
