"""The value of `--strict`; the option may be used without a value."""

from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    _ParamType = click.ParamType[dict[str, bool]]
else:
    _ParamType = click.ParamType  # not generic before click 8.4

NOT_STRICT = {"strict": False, "refuse_inferred": False}
_DOCS = {"strict": True}
_EVIDENCE = {"refuse_inferred": True}
_SETTINGS: dict[str, dict[str, bool]] = {
    "docs": _DOCS,
    "evidence": _EVIDENCE,
    "all": _DOCS | _EVIDENCE,
    **dict.fromkeys(("1", "true", "yes", "on"), _DOCS),
    **dict.fromkeys(("0", "false", "no", "off"), NOT_STRICT),
}
"""Settings by value of the option. Booleans are accepted for the environment variable."""


class Strictness(_ParamType):
    """Click parameter type that converts a value to the settings that it changes."""

    name = "strictness"

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - the base class's signature
        param: click.Parameter,  # noqa: ARG002 - the same
        incomplete: str,
    ) -> list[CompletionItem]:
        """Complete the values that the help names."""
        names = ("docs", "evidence", "all")
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, bool]:
        """Return the settings, or fail with the list of valid values."""
        if isinstance(value, dict):
            return value
        settings = _SETTINGS.get(str(value).casefold())
        if settings is None:
            self.fail(f"{value!r} is not one of docs, evidence, all", param, ctx)
        return settings
