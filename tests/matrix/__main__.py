"""``python -m tests.matrix [--python 3.11 3.12 3.13] [--versions lowest newest] [--tests FILE ...] [--example]``, or ``… constraints``.

Builds the sdist and from it the wheel, installs the wheel into a clean environment for each Python that is there and each choice of versions
(``uv`` finds the lowest that ``pyproject.toml`` allows), and runs :mod:`tests.matrix.smoke` and the tests named, outside the tree. Prints a line
for each. Needs ``uv`` and ``build`` (installed into an environment of its own); indexes and certificates are those of pip's configuration.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.12", "3.13")
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
HEAD = "# The versions this release was tested with. Plain pins: no addresses, no hashes.\n"
EXTRAS = "fetch,batch,notebook,test,dev"
#: What uv calls the settings of pip.
_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS", "cert": "SSL_CERT_FILE", "default-timeout": "UV_HTTP_TIMEOUT",
}  # fmt: skip
#: Tests of the tree that run against the wheel: what broke with old versions before.
TESTS = (
    "tests/freight/test_plan.py",
    "tests/inputs/test_tablefile.py",
    "tests/solvers/test_known.py",
    "tests/study/test_stages.py",
)


def said(
    *arguments: object, folder: Path | None = None, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Exit code of a program and all that it printed."""
    done = subprocess.run(
        [str(a) for a in arguments], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )  # fmt: skip
    return done.returncode, done.stdout


def must(*arguments: object, folder: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """As :func:`said`, of a program that may not fail."""
    code, text = said(*arguments, folder=folder, env=env)
    if code:
        raise SystemExit(f"{' '.join(map(str, arguments))}: exit {code}\n{text[-3000:]}")
    return text


def project() -> dict[str, list[str]]:
    """The table ``project`` of ``pyproject.toml``."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"])


def tools(home: Path) -> Path:
    """An environment with uv and build; its folder of programs."""
    must(sys.executable, "-m", "venv", home / "tools")
    must(home / "tools" / "bin" / "python", "-m", "pip", "install", "--quiet", "uv", "build")
    return home / "tools" / "bin"


def uv_settings() -> dict[str, str]:
    """This process's environment with pip's settings under uv's names, and nothing of the tree."""
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    env.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")  # as pip does
    code, text = said(sys.executable, "-m", "pip", "config", "list")
    for line in text.splitlines() if code == 0 else ():
        key, _, value = line.partition("=")
        name = _SETTINGS.get(key.rpartition(".")[2])
        if name is not None and key.split(".")[0] in ("global", "install", ":env:"):
            env.setdefault(name, " ".join(value.strip("'\"").replace("\\n", " ").split()))
    return env


def built(home: Path, programs: Path) -> Path:
    """The wheel, built from the sdist."""
    must(programs / "python", "-m", "build", "--outdir", home / "dist", ROOT)
    (wheel,) = (home / "dist").glob("*.whl")
    assert len(list((home / "dist").glob("*.tar.gz"))) == 1
    return wheel


def found_python(version: str) -> str | None:
    """A Python of this version on this machine."""
    places = [
        shutil.which(f"python{version}"),
        *sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))),
    ]
    for place in filter(None, places):
        code, text = said(place, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
        if code == 0 and text.strip() == version:
            return place
    return None


def one(
    home: Path,
    programs: Path,
    wheel: Path,
    python: str,
    versions: str,
    tests: Sequence[str],
    *,
    example: bool,
) -> str:
    """Install and ask; a line of the table."""
    place = home / f"{Path(python).name}-{versions}-{time.monotonic_ns()}"
    env = uv_settings() | {"PLANNER_CACHE": str(place / "cache"), "NUMBA_CACHE_DIR": str(place / "numba")}
    must(programs / "uv", "venv", "--quiet", "--python", python, place / "venv", env=env)
    inside = place / "venv" / "bin" / "python"
    install: list[object] = [programs / "uv", "pip", "install", "--quiet", "--python", inside]
    direct = place / "direct.txt"  # of the wheel alone, planner would be the one direct requirement
    direct.write_text("\n".join(project()["dependencies"]), "utf-8")
    for what in (
        ["--only-binary", ":all:", "--resolution", RESOLUTIONS[versions], "-r", direct],
        ["--no-deps", wheel],
    ):
        code, text = said(*install, *what, env=env)
        if code:
            return f"not installed: {text[-1500:]}"
    asked = place / "asked"
    shutil.copytree(ROOT / "tests", asked / "tests")
    for name in ("matrix/smoke.py", "study/town.py"):
        shutil.copyfile(ROOT / "tests" / name, asked / Path(name).name)
    begin = time.perf_counter()
    code, text = said(
        inside, "smoke.py", place / "made", *(["--example"] if example else []), folder=asked, env=env
    )
    words = [
        f"smoke {'fine' if code == 0 else 'FAILED: ' + text[-1500:]} ({time.perf_counter() - begin:.0f} s)"
    ]
    if tests:
        must(*install, "pytest", "pytest-timeout", "hypothesis", "psutil", env=env)
        code, text = said(
            inside, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-W", "default", *tests, folder=asked, env=env
        )  # fmt: skip
        words.append(f"tests {text.strip().splitlines()[-1] if code == 0 else 'FAILED: ' + text[-3000:]}")
    return ", ".join(words)


def pins(frozen: str) -> str:
    """``constraints.txt`` of what pip lists: names and versions, sorted, without planner, pip or addresses."""
    lines = [line.strip() for line in frozen.splitlines()]
    kept = [x for x in lines if re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", x)]
    mine = ("outdoor-rest-planner==", "pip==", "setuptools==", "wheel==")
    return HEAD + "".join(
        f"{x}\n"
        for x in sorted(kept, key=lambda x: x.lower().partition("=="))
        if not x.lower().startswith(mine)
    )


def constraints(home: Path) -> None:
    """Install the newest of everything and write down what came."""
    must(sys.executable, "-m", "venv", home / "all")
    inside = home / "all" / "bin" / "python"
    must(inside, "-m", "pip", "install", "--quiet", f"{ROOT}[{EXTRAS}]")
    (ROOT / "constraints.txt").write_text(
        pins(must(inside, "-m", "pip", "list", "--format", "freeze")), "utf-8"
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("matrix", "constraints"), default="matrix")
    parser.add_argument("--python", nargs="+", default=list(PYTHONS))
    parser.add_argument("--versions", nargs="+", choices=sorted(RESOLUTIONS), default=list(RESOLUTIONS))
    parser.add_argument("--tests", nargs="*", default=list(TESTS))
    parser.add_argument("--example", action="store_true", help="plan the embedded Suzhou too")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        home = Path(folder)
        if given.what == "constraints":
            constraints(home)
            return 0
        programs = tools(home)
        wheel = built(home, programs)
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB", flush=True)
        failed = False
        for version in given.python:
            python = found_python(version)
            for versions in given.versions if python else ():
                line = one(home, programs, wheel, str(python), versions, given.tests, example=given.example)
                failed |= "FAILED" in line or "not installed" in line
                print(f"Python {version}, {versions}: {line}", flush=True)
            if python is None:
                print(f"Python {version}: none here", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
