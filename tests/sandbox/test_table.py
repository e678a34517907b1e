"""A table and its forks have the rows of plain dicts, and all ways to read them agree."""

import random

from mock_clover.sandbox.table import Table


def rows_of(table: Table[str]) -> list[tuple[str, str]]:
    """Return the rows, and check that all ways to read them agree."""
    rows = list(table.items())
    assert list(table) == [row for _, row in rows]
    for may_change in (False, True):
        assert sorted(table.items_newest_first(may_change=may_change)) == sorted(rows)
    assert list(table.items_newest_first()) == list(table.items_newest_first(may_change=True))
    assert list(table.newest_first(may_change=True)) == [
        row for _, row in table.items_newest_first()
    ]
    assert len(table) == len(rows) == len(table.by_key()) <= table.size_max
    return rows


def test_tables_and_forks_have_the_rows_of_dicts() -> None:
    chances = random.Random(1)
    pairs: list[tuple[Table[str], dict[str, str]]] = [(Table(), {})]
    for number in range(300):
        table, rows = chances.choice(pairs)
        key = str(chances.randrange(40))
        if chances.random() < 0.1 and len(pairs) < 8:
            pairs.append((table.fork(), dict(rows)))
        elif key in rows and chances.random() < 0.4:
            table.delete(key)
            del rows[key]
        elif key not in rows or chances.random() < 0.5:
            table.put(key, str(number))
            rows[key] = str(number)
        assert dict(rows_of(table)) == rows
    assert len(pairs) == 8
    assert [table.get(key) for table, rows in pairs for key in rows] == [
        row for _, rows in pairs for row in rows.values()
    ]


def test_rows_may_change_while_they_are_read() -> None:
    table: Table[str] = Table()
    for key in "abcd":
        table.put(key, key)
    reading = table.items_newest_first(may_change=True)
    assert next(reading) == ("d", "d")
    table.put("e", "e")
    table.put("b", "new")
    table.delete("c")
    assert list(reading) == [("b", "new"), ("a", "a")]
