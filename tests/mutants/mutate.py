"""Every fault that one small edit can put into a file, found in its syntax tree."""

from __future__ import annotations

import ast
import copy
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Mutant", "mutants_of"]

_COMPARE: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}  # fmt: skip
_ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_WORDS = {
    "before": "after", "min": "max", "minimum": "maximum", "fmin": "fmax", "floor": "ceil", "any": "all",
    "low": "high", "zh": "en", "cummin": "cummax", "head": "tail", "argmin": "argmax", "sum": "max", "vstack": "hstack",
    "start": "end", "covered": "workers", "old": "new", "today": "later", "quota_min": "quota_max",
    "lng": "lat", "union1d": "setdiff1d", "ffill": "bfill", "first": "last", "required": "forbidden",
}  # fmt: skip
WORDS = _WORDS | {v: k for k, v in _WORDS.items()}
#: Calls that tell or lay out (the width of a column), not decide; what is in them is left alone.
_TELLING = {"say", "_say", "progress", "finding", "namedtuple", "TypeVar", "Column"}
#: Types with arguments, which nothing reads while the program runs.
_TYPES = {
    "Literal",
    "Callable",
    "NDArray",
    "Annotated",
    "dict",
    "list",
    "tuple",
    "Sequence",
    "Mapping",
    "Counter",
}
#: Keyword arguments whose value or absence changes nothing but speed or strictness.
_IDLE = {"strict", "progress", "dtype", "kind", "copy", "index", "crs", "stacklevel", "slots", "frozen"}


@dataclass(frozen=True)
class Mutant:
    """One fault: where it is, and the source with it.

    ``key``: eight characters that stay the same while the lines around it move.
    """

    path: str
    where: str
    kind: str
    old: str
    new: str
    line: int
    key: str
    source: str

    def describe(self) -> str:
        """One line."""
        old, new = (t if len(t) <= 100 else t[:100] + "…" for t in (self.old, self.new))
        return f"{self.key}  {self.path}:{self.line} {self.where} [{self.kind}] {old} → {new}"


def _short(node: ast.AST) -> str:
    text = ast.unparse(node)
    return " ".join(text.split())


def _other(name: str, names: list[str]) -> str | None:
    """The name after ``name`` among ``names``."""
    others = [n for n in names if n != name]
    return next((n for n in others if n > name), others[0] if others else None)


def _literals(node: ast.Constant) -> Iterator[tuple[str, Any]]:
    value = node.value
    if isinstance(value, bool):
        yield "constant", not value
    elif isinstance(value, int):
        yield "constant", value + 1
        yield "constant", value - 1
    elif isinstance(value, float):
        yield "constant", value + 1
        yield "constant", value / 2 if value else 0.5
    elif isinstance(value, str) and value in WORDS:
        yield "word", WORDS[value]


class _Finder:
    """Walks a tree and collects (kind, node to be replaced, its replacement, function it stands in)."""

    def __init__(self) -> None:
        self.found: list[tuple[str, ast.AST, ast.AST, str]] = []
        self._columns: list[str] = []

    def run(self, tree: ast.Module) -> None:
        self._columns = sorted(
            {
                n.slice.value
                for n in ast.walk(tree)
                if isinstance(n, ast.Subscript)
                and isinstance(n.slice, ast.Constant)
                and type(n.slice.value) is str
            }
        )
        self._body(tree.body, "", [])

    def _body(self, body: list[ast.stmt], where: str, names: list[str]) -> None:
        for n, statement in enumerate(body):
            telling = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if telling or isinstance(statement, (ast.Import, ast.ImportFrom)):
                continue
            if n == 0 and where == "" and telling:
                continue
            self._visit(statement, where, names)

    def _add(self, kind: str, node: ast.AST, new: ast.AST, where: str) -> None:
        self.found.append((kind, node, ast.fix_missing_locations(new), where))

    def _changed(self, kind: str, node: ast.AST, where: str, change: Callable[[Any], None]) -> None:
        new = copy.deepcopy(node)
        change(new)
        self._add(kind, node, new, where)

    def _visit(self, node: ast.AST, where: str, names: list[str]) -> None:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            self._inside(node, f"{where}.{node.name}" if where else node.name)
            return
        if _left_alone(node):
            return
        if isinstance(node, (ast.JoinedStr, ast.Raise)):
            parts: list[ast.AST] = [c.value for c in ast.walk(node) if isinstance(c, ast.FormattedValue)]
        elif isinstance(node, ast.AnnAssign):
            parts = [node.value] if node.value is not None else []
        else:
            mutate = getattr(self, f"_on_{type(node).__name__.lower()}", None)
            if mutate is not None:
                mutate(node, where, names)
            parts = [
                c for c in ast.iter_child_nodes(node) if not (isinstance(c, ast.keyword) and c.arg in _IDLE)
            ]
        for part in parts:
            self._visit(part, where, names)

    def _inside(self, node: ast.FunctionDef | ast.ClassDef, where: str) -> None:
        own = sorted(
            {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        )
        if isinstance(node, ast.FunctionDef):
            for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]:
                self._visit(default, where, own)
        self._body(node.body, where, own)

    # -- one kind of node after the other ----------------------------------------------------------------

    def _on_compare(self, node: ast.Compare, where: str, names: list[str]) -> None:
        for i, op in enumerate(node.ops):
            for other in _COMPARE[type(op)]:
                self._changed(
                    "compare", node, where, lambda n, i=i, other=other: n.ops.__setitem__(i, other())
                )

    def _on_binop(self, node: ast.BinOp, where: str, names: list[str]) -> None:
        text = isinstance(node.left, (ast.JoinedStr, ast.Constant)) and isinstance(
            getattr(node.left, "value", ""), str
        )
        if type(node.op) in _ARITHMETIC and not text:
            other = _ARITHMETIC[type(node.op)]
            self._changed("arithmetic", node, where, lambda n: setattr(n, "op", other()))

    def _on_augassign(self, node: ast.AugAssign, where: str, names: list[str]) -> None:
        if type(node.op) in _ARITHMETIC:
            other = _ARITHMETIC[type(node.op)]
            self._changed("arithmetic", node, where, lambda n: setattr(n, "op", other()))

    def _on_boolop(self, node: ast.BoolOp, where: str, names: list[str]) -> None:
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        self._changed("boolean", node, where, lambda n: setattr(n, "op", other()))
        for i in range(len(node.values)):
            rest = [v for j, v in enumerate(node.values) if j != i]
            new = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
            self._add("condition left out", node, copy.deepcopy(new), where)

    def _on_unaryop(self, node: ast.UnaryOp, where: str, names: list[str]) -> None:
        if isinstance(node.op, (ast.Not, ast.Invert)) or not isinstance(node.operand, ast.Constant):
            self._add("sign", node, copy.deepcopy(node.operand), where)

    def _on_constant(self, node: ast.Constant, where: str, names: list[str]) -> None:
        for kind, value in _literals(node):
            self._add(kind, node, ast.Constant(value), where)

    def _on_ifexp(self, node: ast.IfExp, where: str, names: list[str]) -> None:
        self._changed("branch", node, where, lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test)))

    def _on_if(self, node: ast.If, where: str, names: list[str]) -> None:
        self._add("branch", node.test, ast.UnaryOp(ast.Not(), copy.deepcopy(node.test)), where)

    def _on_while(self, node: ast.While, where: str, names: list[str]) -> None:
        self._add("branch", node.test, ast.Constant(False), where)

    def _on_attribute(self, node: ast.Attribute, where: str, names: list[str]) -> None:
        if node.attr in WORDS and isinstance(node.ctx, ast.Load):
            self._changed("word", node, where, lambda n: setattr(n, "attr", WORDS[n.attr]))

    def _on_name(self, node: ast.Name, where: str, names: list[str]) -> None:
        if isinstance(node.ctx, ast.Load) and WORDS.get(node.id) in names:
            self._add("word", node, ast.Name(WORDS[node.id]), where)

    def _on_call(self, node: ast.Call, where: str, names: list[str]) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in ("min", "max", "any", "all"):
            self._changed("word", node, where, lambda n: setattr(n.func, "id", WORDS[n.func.id]))
        if _called(node) == "sorted":
            self._add("order", node, copy.deepcopy(ast.Call(ast.Name("list"), node.args[:1], [])), where)
        simple = (ast.Name, ast.Attribute)
        either_way = _called(node) in ("min", "max", "minimum", "maximum", "fmin", "fmax")
        for i in range(0 if either_way else len(node.args) - 1):
            if isinstance(node.args[i], simple) and isinstance(node.args[i + 1], simple):
                self._changed("arguments", node, where, lambda n, i=i: n.args.insert(i, n.args.pop(i + 1)))
        for i, keyword in enumerate(node.keywords):
            if keyword.arg is not None and keyword.arg not in _IDLE:
                self._changed(f"without {keyword.arg}", node, where, lambda n, i=i: n.keywords.pop(i))

    def _on_list(self, node: ast.List | ast.Tuple, where: str, names: list[str]) -> None:
        if isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
            for i in range(len(node.elts)):
                self._changed("element left out", node, where, lambda n, i=i: n.elts.pop(i))

    def _on_tuple(self, node: ast.Tuple, where: str, names: list[str]) -> None:
        self._on_list(node, where, names)

    def _on_dict(self, node: ast.Dict, where: str, names: list[str]) -> None:
        for i in range(len(node.keys)):
            self._changed("entry left out", node, where, lambda n, i=i: (n.keys.pop(i), n.values.pop(i)))

    def _on_subscript(self, node: ast.Subscript, where: str, names: list[str]) -> None:
        if isinstance(node.slice, ast.Slice):
            for end in ("lower", "upper"):
                value = getattr(node.slice, end)
                if value is not None:
                    later = ast.BinOp(value, ast.Add(), ast.Constant(1))
                    self._changed("slice", node, where, lambda n, end=end, v=later: setattr(n.slice, end, v))
        elif isinstance(node.slice, ast.Constant) and type(node.slice.value) is str:
            other = _other(node.slice.value, self._columns)
            if other is not None:
                self._changed("column", node, where, lambda n: setattr(n, "slice", ast.Constant(other)))

    def _on_return(self, node: ast.Return, where: str, names: list[str]) -> None:
        if isinstance(node.value, ast.Name):
            other = _other(node.value.id, names)
            if other is not None:
                self._add("returned", node.value, ast.Name(other), where)


def _left_alone(node: ast.AST) -> bool:
    """What no mutant is made of: imports for the type checker, lists of names, calls that only tell."""
    return (
        (isinstance(node, ast.If) and _short(node.test) == "TYPE_CHECKING")
        or (isinstance(node, ast.Assign) and _short(node.targets[0]) in ("__all__", "__version__"))
        or (isinstance(node, ast.Call) and _called(node) in _TELLING)
        or (isinstance(node, ast.Subscript) and getattr(node.value, "id", "") in _TYPES)
    )


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _replaced(source: bytes, starts: list[int], node: Any, new: str) -> bytes:
    begin = starts[node.lineno - 1] + node.col_offset
    end = starts[node.end_lineno - 1] + node.end_col_offset
    return source[:begin] + new.encode() + source[end:]


def mutants_of(path: str, text: str) -> list[Mutant]:
    """Every mutant of a file that is still Python, in the order of the file."""
    source, tree = text.encode(), ast.parse(text)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    finder = _Finder()
    finder.run(tree)
    out, seen = list[Mutant](), Counter[tuple[str, ...]]()
    for kind, node, new, where in finder.found:
        old_text, new_text = _short(node), _short(new)
        if old_text == new_text:
            continue
        wrapped = (
            f"({new_text})" if isinstance(new, ast.expr) and not isinstance(new, ast.Constant) else new_text
        )
        if isinstance(new, ast.Constant) and isinstance(new.value, (int, float)) and new.value < 0:
            wrapped = f"({new_text})"
        mutated = _replaced(source, starts, node, wrapped).decode()
        try:
            ast.parse(mutated)
        except SyntaxError:
            continue
        name = (path.rsplit("/", 1)[-1], where, kind, old_text, new_text)
        seen[name] += 1
        key = hashlib.sha256("\0".join([*name, str(seen[name])]).encode()).hexdigest()[:8]
        out.append(Mutant(path, where, kind, old_text, new_text, node.lineno, key, mutated))  # type: ignore[attr-defined]
    return out
