"""The study file's JSON schema, and what a package says of itself."""

from __future__ import annotations

import json
import tomllib
from importlib import resources

import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.settings.inputs import Inputs
from planner.settings.siting import Siting
from planner.study.begin.schema import study_schema
from planner.version import VERSION

STUDY = """
[study]
name = "a"
[inputs.streets]
path = "s.osm.pbf"
[[groups]]
name = "rider"
total = 90
[siting]
p = 5
goal = { aim = "fair" }
"""


def test_every_key_of_a_section_stands_in_the_schema() -> None:
    made = study_schema()
    assert made["required"] == ["study", "inputs"]
    for section in (Siting, Inputs):
        assert set(made["$defs"][section.__name__]["properties"]) == set(section.model_fields)
    assert made["$defs"]["Goal"]["properties"]["aim"]["enum"][0] == "covered"


def test_the_command_prints_what_editors_read() -> None:
    done = CliRunner().invoke(app, ["schema"])
    assert done.exit_code == 0
    assert json.loads(done.output) == study_schema()


def test_a_validator_takes_a_study_and_refuses_an_unknown_key() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    check = jsonschema.Draft202012Validator(study_schema())
    assert not list(check.iter_errors(tomllib.loads(STUDY)))
    assert list(check.iter_errors(tomllib.loads(STUDY + "q = 3\n")))


def test_the_version_is_told_and_types_come_with_the_package() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.output) == (0, f"planner {VERSION}\n")
    assert resources.files("planner").joinpath("py.typed").is_file()
