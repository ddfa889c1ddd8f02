"""cost and decide on the command line, called in this process: a trial takes longer than all of them together."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from proveout import loop
from proveout.cli import main

SCENARIO = """
[traffic]
queries_per_day = { dist = "triangular", low = 20000, mode = 50000, high = 90000 }

[architectures.retrieval]
engineer_hours = 20
ops_usd_per_month = 50

[gates]
most_quality_loss = 0.05
"""
INTENTS = {"card": "my card {} is lost", "refund": "please refund order {}"}


class Ran(NamedTuple):
    code: int
    out: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder named desk whose comparison has ended."""
    root = tmp_path_factory.mktemp("cost")
    for name, start, stop in (("train", 0, 60), ("test", 60, 100)):
        rows = [f"{text.format(number)},{intent}" for number in range(start, stop) for intent, text in INTENTS.items()]
        (root / f"{name}.csv").write_text("\n".join(["text,intent", *rows]) + "\n", encoding="utf-8")
    examples, test = [root / "train.csv"], [root / "test.csv"]
    loop.new(root / "desk", kind="classify", examples=examples, test=test, inputs=["text"], outputs=["intent"])
    loop.compare(root / "desk", names=["llm", "retrieval"], embedder="tfidf")
    return root / "desk"


@pytest.fixture
def run(compared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(compared.parent)
    monkeypatch.setenv("COLUMNS", "140")
    (compared / "scenario.toml").write_text(SCENARIO, encoding="utf-8")

    def called(*arguments: object) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return Ran(int(ended.value.code or 0), capsys.readouterr().out)

    return called


def test_costs_as_json_a_page_and_focus_rows(run: Any, compared: Path) -> None:
    cost = run("cost", "desk", "--json", "--focus", "focus.csv", "--month", "2026-03")
    assert cost.code == 0
    assert {rate["architecture"] for rate in cost.json["rates"]} == {"llm", "retrieval"}
    assert "<svg" in Path(cost.json["report"]).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(Path("focus.csv").read_text(encoding="utf-8"))))
    assert {row["BillingPeriodStart"] for row in rows} == {"2026-03-01T00:00:00Z"}
    stranger = run("cost", "desk", "--focus", "f.csv", "--architecture", "retreival", "--json")
    assert (stranger.code, stranger.json["error"]) == (3, "ArchitectureUnknown")


def test_people_see_the_table_and_the_verdict(run: Any) -> None:
    assert "Next: proveout decide desk" in run("cost", "desk").out
    decided = run("decide", "desk")
    assert decided.code == 0
    assert "Verdict: migrate to retrieval." in decided.out
    assert "simulated answers" in decided.out
    assert "Next: proveout verify desk" in decided.out


def test_low_volume_says_do_not_migrate(run: Any) -> None:
    quiet = run("decide", "desk", "--queries-per-day", 100, "--json").json
    assert (quiet["verdict"], quiet["options"][0]["outcome"]["code"]) == ("do not migrate", "never")


def test_bad_scenarios(run: Any, compared: Path) -> None:
    nothing = run("cost", "desk", "--queries-per-day", 0, "--json")
    assert (nothing.code, nothing.json["error"]) == (3, "ScenarioInvalid")
    assert "nothing to save" in nothing.json["why"]
    Path("odd.toml").write_text(SCENARIO.replace("engineer_hours", "enginer_hours"), encoding="utf-8")
    refused = run("decide", "desk", "--scenario", "odd.toml", "--json")
    assert "did you mean 'engineer_hours'?" in refused.json["fix"]
    (compared / "scenario.toml").unlink()
    missing = run("cost", "desk", "--json")
    assert (missing.code, missing.json["error"]) == (3, "ScenarioNotFound")


def test_a_volume_by_itself_is_enough(run: Any, compared: Path) -> None:
    (compared / "scenario.toml").unlink()
    found = run("cost", "desk", "--queries-per-day", 1000, "--json")
    assert found.code == 0
    assert any("no labour to build" in warning for warning in found.json["warnings"])
    alone = run("decide", "desk", "--queries-per-day", -1, "--json")
    assert (alone.code, alone.json["about"]) == (3, "--queries-per-day")
