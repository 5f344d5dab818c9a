"""The small HTML tables that a notebook shows for a record. Standard library only.

The invariant: every text is escaped here, and nothing else in the library makes HTML, so what came from a ring
never becomes markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def html_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a title; numbers stand to the right.

    Args:
        title: One line above the table.
        columns: Headings; none for a table without a head.
        rows: As many items each as there are columns.
    """
    head = "".join(f"<th>{_text(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(map(_item, row))}</tr>" for row in rows)
    opening = f"<thead><tr>{head}</tr></thead>" if columns else ""
    return f"<table><caption>{_text(title)}</caption>{opening}<tbody>{body}</tbody></table>"


def html_record(title: str, record: Mapping[str, object]) -> str:
    """A table with a row for each key of a flat record."""
    return html_table(title, ("field", "value"), record.items())


def _item(value: object) -> str:
    side = ' style="text-align:right"' if isinstance(value, int | float) else ""
    return f"<td{side}>{_text(value)}</td>"


def _text(value: object) -> str:
    from html import escape  # only notebooks need it

    return escape(str(value))
