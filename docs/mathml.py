"""Formulas as MathML, which browsers draw themselves: nothing is loaded for them, online or offline."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import latex2mathml


def _drawn(node: nodes.Node, *, block: bool) -> str:
    return str(latex2mathml.tex2mathml(node.astext(), as_block=block))


def inline(translator: Any, node: nodes.Node) -> None:
    """A formula within a line."""
    translator.body.append(_drawn(node, block=False))
    raise nodes.SkipNode


def block(translator: Any, node: nodes.Node) -> None:
    """A formula of its own."""
    translator.body.append(f'<div class="formula">{_drawn(node, block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, Any]:
    """Add the renderer ``mathml``."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
