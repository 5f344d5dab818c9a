"""Makes a manual page of section 7 from a page of the documentation.

Markdown is read by markdown-it; what the pages use becomes the man macros: headings, paragraphs, lists, blocks of
code and tables, whose rows become terms with what the other columns say of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from vyrectl._version import __version__
from vyrectl.devtools.roff import example, filled, paragraph, prose, section, subsection


def topic_page(name: str, text: str, date: str) -> str:
    """The manual page of a topic.

    Args:
        name: Its name; the page is called ``vyrectl-NAME``.
        text: The page as Markdown, without marks.
        date: Day of the manual.
    """
    title, *nodes = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text)).children
    summary = _text(title).partition(": ")[2].rstrip("?")
    lines = [
        r".\" Made by `python -m vyrectl.devtools generate`",
        f'.TH "VYRECTL\\-{name.upper()}" 7 "{date}" "vyrectl {__version__}" "Task rings"',
        ".nh",
        ".ad l",
        *section("NAME", [rf"vyrectl\-{name} \- {_lower(prose(summary))}"]),
        *_body(nodes),
    ]
    return "\n".join(lines) + "\n"


def _body(nodes: Sequence[SyntaxTreeNode]) -> Iterator[str]:
    """Sections in their order; what stands before the first is the description."""
    heads = [index for index, node in enumerate(nodes) if node.type == "heading"]
    first = heads[0] if heads else len(nodes)
    yield from section("DESCRIPTION", _blocks(nodes[:first]))
    for begin, end in pairwise([*heads, len(nodes)]):
        heading = nodes[begin]
        made = section if heading.tag == "h2" else subsection
        title = _text(heading)
        yield from made(title.upper() if made is section else title, _blocks(nodes[begin + 1 : end]))


def _blocks(nodes: Sequence[SyntaxTreeNode]) -> Iterator[str]:
    for node in nodes:
        if node.type == "paragraph":
            yield from paragraph(_inline(node))
        elif node.type == "fence":
            yield from example(node.content.rstrip("\n").split("\n"))
        elif node.type in ("bullet_list", "ordered_list"):
            for number, item in enumerate(node.children, start=1):
                mark = f"{number}." if node.type == "ordered_list" else r"\(bu"
                yield from (f".IP {mark} 4", *_item(item))
        elif node.type == "table":
            yield from _table(node)


def _item(item: SyntaxTreeNode) -> Iterator[str]:
    first, *rest = item.children
    yield from paragraph(_inline(first))[1:]
    yield from _blocks(rest)


def _table(table: SyntaxTreeNode) -> Iterator[str]:
    """Each row as a term, its first column, and the others below it."""
    head, *bodies = table.children
    names = [_text(cell) for cell in head.children[0].children]
    for row in (row for body in bodies for row in body.children):
        first, *rest = row.children
        texts = [text for cell in rest if (text := _inline(cell))]
        told = texts[0] if len(names) == 2 else "; ".join(texts)
        yield from (".TP", prose(_inline(first)) or r"\&", *(line for line in filled(prose(told))))


def _inline(node: SyntaxTreeNode) -> str:
    """Running text in the form that `prose` reads: literal text in backticks, links by their page's name."""
    return "".join(_piece(child) for inline in node.children for child in inline.children)


def _piece(node: SyntaxTreeNode) -> str:
    if node.type == "code_inline":
        return f"`{node.content}`"
    if node.type in ("softbreak", "hardbreak"):
        return " "
    if node.type == "link":
        target = str(node.attrs["href"])
        inside = "".join(map(_piece, node.children))
        return (
            f"`vyrectl-{target.removesuffix('.md')}`(7)" if target.endswith(".md") else f"{inside} <{target}>"
        )
    if node.type == "image":
        return ""
    return "".join(map(_piece, node.children)) if node.children else node.content


def _text(node: SyntaxTreeNode) -> str:
    """A heading without its marks."""
    return _inline(node).replace("`", "")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
