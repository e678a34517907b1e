"""How strict a server is: the value of `--strict`, which may stand alone."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    _ParamType = click.ParamType[dict[str, bool]]
else:
    _ParamType = click.ParamType  # not generic before click 8.4

LENIENT = {"strict": False, "refuse_inferred": False}
_PAGES = {"strict": True}
_EVIDENCE = {"refuse_inferred": True}
_WORDS: dict[str, dict[str, bool]] = {
    "pages": _PAGES,
    "evidence": _EVIDENCE,
    "all": _PAGES | _EVIDENCE,
    **dict.fromkeys(("1", "true", "yes", "on"), _PAGES),
    **dict.fromkeys(("0", "false", "no", "off"), LENIENT),
}
"""The settings that each word switches; the last two lines are for the environment."""


class Strictness(_ParamType):
    """Turns a word into the settings that it switches."""

    name = "strictness"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, bool]:
        """Return the settings, or fail with the words that there are."""
        if isinstance(value, dict):
            return value
        found = _WORDS.get(str(value).casefold())
        if found is None:
            self.fail(f"{value!r} is not one of pages, evidence, all", param, ctx)
        return found
