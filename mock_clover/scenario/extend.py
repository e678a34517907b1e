"""Merge a scenario with the one that it extends.

Both are trees, as decoded from YAML or JSON: a record does not show which fields were set.
"""

from typing import Any

Tree = dict[str, Any]


def merge(child: Tree, parent: Tree) -> Tree:
    """Return the tree of a scenario that extends another; both must be valid scenarios.

    The child's cards and rules come before the parent's, and a card replaces the parent's card of
    the same number. Settings are merged field by field. All other fields are those of the child,
    or of the parent if the child does not have them.
    """
    own = {name: value for name, value in child.items() if name != "extends"}
    merged = {**parent, "about": "", **own}
    numbers = {str(card["number"]) for card in own.get("cards", ())}
    merged["cards"] = [
        *own.get("cards", ()),
        *(card for card in parent.get("cards", ()) if str(card["number"]) not in numbers),
    ]
    merged["rules"] = [*own.get("rules", ()), *parent.get("rules", ())]
    settings = _merge_settings(own.get("settings", {}), parent.get("settings", {}))
    return merged | ({"settings": settings} if settings else {})


def _merge_settings(child: Tree, parent: Tree) -> Tree:
    """Merge the fields of mappings; lists are replaced."""
    merged = {**parent, **child}
    for name, value in child.items():
        if isinstance(value, dict) and isinstance(parent.get(name), dict):
            merged[name] = _merge_settings(value, parent[name])
    return merged
