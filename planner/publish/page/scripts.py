"""The page's own scripts: modules of the model put into one script, which a worker can run too, and the views' scripts."""

from __future__ import annotations

import functools
import re
from graphlib import TopologicalSorter
from importlib import resources

from planner.errors import PlannerError

__all__ = ["assets", "model_script", "view_script"]

_IMPORT = re.compile(r"^import \{([^}]*)\} from \"\./([\w-]+\.mjs)\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.MULTILINE)
_REMARK = re.compile(r"^[ \t]*//.*\n|^[ \t]+", re.MULTILINE)
_TOP = re.compile(r"^(?:export )?(?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)


@functools.cache
def assets(folder: str = "") -> dict[str, str]:
    """Our own files of a folder of ``assets`` by name."""
    where = resources.files("planner.publish.page").joinpath("assets")
    there = where.joinpath(folder) if folder else where
    return {
        f.name: f.read_text("utf-8") for f in sorted(there.iterdir(), key=lambda f: f.name) if f.is_file()
    }


def bare(script: str) -> str:
    """A script without its remarks and its indentation, which no line of ours needs."""
    return _REMARK.sub("", script)


@functools.cache
def model_script() -> str:
    """The modules as one script: ``plannerModel`` holds what they export, and the script's own text for a worker.

    Raises
    ------
    PlannerError
        Two modules give something the same name, or import what is not there.
    """
    modules = assets("model")
    after = {
        name: [m[2] for m in _IMPORT.finditer(text)] for name, text in modules.items()
    }  # a set has another order every time
    order = [name for name in TopologicalSorter(after).static_order() if name in modules]
    names, exported, body = set[str](), list[str](), list[str]()
    for name in order:
        text = modules[name]
        own = set(_TOP.findall(text))
        wanted = {w.strip() for m in _IMPORT.finditer(text) for w in m[1].split(",") if w.strip()}
        if own & names or wanted - set(exported):
            raise PlannerError(
                f"{name}: {sorted(own & names | wanted - set(exported))} named twice or not exported"
            )
        names |= own
        exported += _EXPORT.findall(text)
        body.append(_EXPORT.sub("", _IMPORT.sub("", text)))
    lines = bare("\n".join(body))
    return (
        f'"use strict";\nglobalThis.plannerModel = (() => {{\n{lines}\nreturn {{ {", ".join(exported)} }};\n}})();\n'
        "if (globalThis.document) plannerModel.source = document.currentScript.textContent;\n"
    )


@functools.cache
def view_script() -> str:
    """The views: plain scripts in the order of their names, with everything that the model exports."""
    exported = re.findall(r"^return \{ (.*) \};$", model_script(), re.MULTILINE)[-1]
    own = bare("\n".join(text for name, text in assets().items() if name.endswith(".js")))
    return f'"use strict"; (() => {{\nconst {{ {exported} }} = plannerModel;\n{own}\n}})();'
