"""Jinja2 for templates that somebody else wrote: bounded in time and memory.

What belongs here: the environment that templates are parsed and rendered in, and what it refuses.
What does not: which templates there are, and what they are filled from (`prompts.py`).

Jinja2's sandbox keeps templates from Python's internals, not from taking all memory (`'x' * 3e9`,
`'x' | center(3e9)`, twenty lines that each double a text) or all time (loops in loops). Here

- every step of a loop, call of a macro, filter and include looks at the clock;
- only filters from a list exist, none of which makes more of a text than it is given, and what each
  returns has a largest size;
- `*` and `%` are for numbers, `**` does not exist, and what a template can join by itself
  (`~`, `+`, lists, what a macro prints) is counted when it is parsed;
- a prompt is built piece by piece, and has a largest size too.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.loaders import BaseLoader
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

TEMPLATE_LIMIT: Final = 65_536
"""Bytes of a template; the longest of the project's own has 3,000."""

TEXT_LIMIT: Final = 1024 * 1024
"""Characters of a prompt and of what a filter or a macro returns; elements of a list."""

SECONDS: Final = 10.0
"""How long a prompt may take; the project's own take a thousandth of one."""

_JOINED_LIMIT: Final = 200
_FILTERS: Final = (
    *("abs", "capitalize", "count", "d", "default", "first", "float", "int", "items", "join"),
    *("last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "round"),
    *("select", "selectattr", "sort", "string", "sum", "title", "trim", "unique", "upper"),
)
_REFUSED: Final[Mapping[type[nodes.Node], str]] = {
    nodes.Pow: "`**`",
    nodes.With: "`with`",
    nodes.AssignBlock: "`set` with a block",
    nodes.CallBlock: "`call`",
    nodes.FilterBlock: "`filter` with a block",
    nodes.Import: "`import`",
    nodes.FromImport: "`from`",
    nodes.Extends: "`extends`",
    nodes.Block: "`block`",
}


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox with bounds on time and memory."""

    # So that they are not computed when a template is compiled either.
    intercepted_binops = frozenset({"*", "%"})

    def __init__(
        self, loader: BaseLoader, filters: Mapping[str, Callable[..., object]], seconds: float
    ) -> None:
        """Nothing is loaded yet.

        Args:
            loader: Of templates by name.
            filters: Further ones.
            seconds: How long a prompt may take.
        """
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=False,  # prompts are plain text, nothing shows them as HTML
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._seconds = seconds
        self._until = threading.local()
        known = {name: self.filters[name] for name in _FILTERS} | dict(filters)
        known["replace"], known["join"] = _replaced, _joined
        known["_steps"] = self._steps
        self.filters = {name: self._bounded(name, made) for name, made in known.items()}
        self.globals.clear()  # functions, some of which draw from the global random generator

    def rendered(self, name: str, facts: Mapping[str, object]) -> str:
        """What a template gives.

        Raises:
            SecurityError: It takes too much time or memory, or does what is not allowed.
        """
        self._until.time = time.monotonic() + self._seconds
        pieces, length = [], 0
        try:
            for piece in self.get_template(name).generate(facts):
                pieces.append(piece)
                length += len(piece)
                self._look(length)
        finally:
            self._until.time = None
        return "".join(pieces)

    def call(self, context: Context, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A call in a template: of its own macros alone."""
        self._look(0)
        if isinstance(function, Undefined):
            function()  # says what is undefined
        if not isinstance(function, Macro):
            raise SecurityError(f"{function!r:.60} cannot be called; only macros can")
        made = super().call(context, function, *args, **kwargs)
        self._look(len(made))
        return made

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """A product or a remainder, of numbers alone: of a text it is as long as one likes."""
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            raise SecurityError(f"`{operator}` is for numbers alone")
        return super().call_binop(context, operator, left, right)

    def _load_template(self, name: str, globals: Any) -> Any:
        self._look(0)  # what includes two that include two takes twice as long with each
        return super()._load_template(name, globals)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        joined = 0
        for node in tree.find_all(nodes.Node):
            if told := _REFUSED.get(type(node)):
                raise TemplateSyntaxError(
                    f"{told} is not allowed in prompts", node.lineno, name, filename
                )
            joined += _joins(node)
            if joined > _JOINED_LIMIT:
                raise TemplateSyntaxError(
                    f"more than {_JOINED_LIMIT} texts or values are joined in one template",
                    *(node.lineno, name, filename),
                )
            if isinstance(node, nodes.Assign) and _grows(node.node):
                told = "`set` may name a fact, and neither join (`~`, `+`) nor list any"
                raise TemplateSyntaxError(told, node.lineno, name, filename)
            if isinstance(node, nodes.For):
                node.iter = nodes.Filter(
                    node.iter, "_steps", [], [], None, None, lineno=node.lineno
                )
        return tree

    def _look(self, size: int) -> None:
        """Refuse what has become too large, or is too late."""
        if size > TEXT_LIMIT:
            raise SecurityError(f"it makes more than {TEXT_LIMIT:,} characters or elements")
        until = getattr(self._until, "time", None)
        if until is not None and time.monotonic() > until:
            raise SecurityError(f"it takes more than {self._seconds:g} s")

    def _steps(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            self._look(0)
            yield value

    def _bounded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter that looks at the clock, and at what it made."""

        def bounded(*args: Any, **kwargs: Any) -> Any:
            if name == "round" and (args[2:] or kwargs):
                _check_precision(*args[2:3], **kwargs)
            if name == "sum" and (len(args) > 3 or "start" in kwargs):
                raise SecurityError("`sum` is for numbers, without a start")
            self._look(0)
            made = function(*args, **kwargs)
            if isinstance(made, Iterator) and name != "_steps":
                made = self._steps(made)
            self._look(len(made) if isinstance(made, str | list | tuple) else 0)
            return made

        # By this Jinja2 knows which of them want the environment first.
        if hasattr(function, "jinja_pass_arg"):
            bounded.jinja_pass_arg = function.jinja_pass_arg  # type: ignore[attr-defined]
        return bounded


def _joins(node: nodes.Node) -> int:
    """How many values a piece of a template puts together."""
    match node:
        case nodes.Concat():
            return len(node.nodes)
        case nodes.Add():
            return 2
        case nodes.List() | nodes.Tuple() | nodes.Dict():
            return len(node.items)
        case nodes.Macro():
            printed = (each for output in node.find_all(nodes.Output) for each in output.nodes)
            return sum(not isinstance(each, nodes.TemplateData) for each in printed)
    return 0


def _grows(value: nodes.Node) -> bool:
    kinds = (nodes.Concat, nodes.Add, nodes.List, nodes.Tuple, nodes.Dict, nodes.Call)
    return isinstance(value, kinds) or any(
        isinstance(node, kinds) for node in value.find_all(nodes.Node)
    )


def _joined(values: Iterable[object], separator: str = "", attribute: str | None = None) -> str:
    """The filter `join`, of at most `TEXT_LIMIT` characters."""
    texts, length = [], 0
    for value in values:
        if attribute is not None:
            assert isinstance(value, Mapping)
            value = value[attribute]
        texts.append(str(value))
        length += len(texts[-1]) + len(str(separator))
        if length > TEXT_LIMIT + len(str(separator)):
            raise SecurityError(f"it makes more than {TEXT_LIMIT:,} characters")
    return str(separator).join(texts)


def _replaced(text: object, old: object, new: object, count: int = -1) -> str:
    """The filter `replace`, of at most `TEXT_LIMIT` characters."""
    if len(str(text)) + str(text).count(str(old)) * len(str(new)) > TEXT_LIMIT:
        raise SecurityError(f"it makes more than {TEXT_LIMIT:,} characters")
    return str(text).replace(str(old), str(new), count)


def _check_precision(precision: object = 0, method: str = "common") -> None:
    if not isinstance(precision, int) or not -20 <= precision <= 20:
        raise SecurityError("`round` takes at most 20 digits")
