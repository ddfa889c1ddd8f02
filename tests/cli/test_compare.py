"""The whole loop on the command line, and what it says about bad input."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_from_files_to_a_verified_comparison(desk: Path, proveout: Run) -> None:
    compared = proveout("compare", "desk", "--families", "distilled,retrieval,llm", "--modularity", "--json")
    assert compared.code == 0, compared.err
    by_family = {candidate["family"]: candidate for candidate in compared.json["candidates"]}
    assert set(by_family) == {"distilled", "retrieval", "llm"}
    for candidate in by_family.values():
        accuracy = candidate["quality"]["accuracy"]
        assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 1
        assert candidate["id"].startswith(f"{candidate['family']}@")
        assert set(candidate["latency_ms"]) >= {"p50", "p95", "p99"}
        assert candidate["cost_per_1000"] >= 0
        assert 0 <= candidate["calibration"]["ece"] <= 1
    assert by_family["distilled"]["quality"]["accuracy"]["value"] > 0.9
    assert by_family["llm"]["simulated"] is True
    assert by_family["distilled"]["simulated"] is False
    assert by_family["retrieval"]["axes"]["modularity"]["undefined"]["localised"] == "one piece"
    assert "replay" in by_family["llm"]["axes"]["modularity"]["undefined"]["localised"]

    report = Path(desk.parent / compared.json["report"]).read_text(encoding="utf-8")
    assert "simulated" in report
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", report), "the report asks for something outside"

    verified = proveout("verify", "desk", "--json")
    assert verified.code == 0, verified.out
    assert {check["name"].split()[0] for check in verified.json["checks"]} == {
        "ledger",
        "snapshot",
        "candidate",
        "trial",
    }


def test_the_second_comparison_reuses_what_was_built(desk: Path, proveout: Run) -> None:
    first = proveout("compare", "desk", "--families", "retrieval", "--json").json
    built = proveout("build", "desk", "--families", "retrieval", "--json").json
    assert built["candidates"][0]["reused"] is True
    assert built["candidates"][0]["id"] == first["candidates"][0]["id"]


def test_the_ledger_on_the_command_line(desk: Path, proveout: Run) -> None:
    assert proveout("snapshot", "desk").code == 0
    shown = proveout("ledger", "show", "desk", "--json").json
    assert "snapshot.taken" in {entry["kind"] for entry in shown}
    proof = proveout("ledger", "prove", "desk", "--index", 0, "--json")
    assert proof.code == 0
    assert proof.json["index"] == 0
    exported = proveout("ledger", "export", "desk").out.splitlines()
    assert [json.loads(line)["index"] for line in exported] == [entry["index"] for entry in shown]
    assert proveout("ledger", "prove", "desk", "--index", 999).code == 3


def test_people_see_a_table_and_the_next_command(desk: Path, proveout: Run) -> None:
    shown = proveout("compare", "desk", "--families", "retrieval,llm")
    assert shown.code == 0, shown.err
    assert "Next: proveout verify desk" in shown.out
    assert "simulated" in shown.out
    assert "\x1b[" not in shown.out


def test_a_task_edited_after_its_snapshot(desk: Path, proveout: Run) -> None:
    assert proveout("snapshot", "desk").code == 0
    toml = desk / "task.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("alpha = 0.01", "alpha = 0.02"), encoding="utf-8")
    refused = proveout("compare", "desk", "--json")
    assert refused.code == 3
    assert refused.json["error"] == "TaskChanged"
    assert "proveout snapshot" in refused.json["fix"]


def test_two_processes_in_one_folder(desk: Path, proveout: Run) -> None:
    holder = (
        "import sys, pathlib; from proveout.loop import opened\n"
        "with opened(pathlib.Path('desk')): print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], cwd=desk.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        refused = proveout("snapshot", "desk", "--json")
        other.communicate("")
    assert refused.code == 5
    assert str(other.pid) in refused.json["why"]
    assert proveout("snapshot", "desk").code == 0


def test_a_file_where_a_folder_must_be(desk: Path, proveout: Run) -> None:
    (desk / ".proveout").write_text("in the way", encoding="utf-8")
    refused = proveout("snapshot", "desk", "--json")
    assert (refused.code, refused.json["error"]) == (6, "SetupError")


def test_corruption_is_found_by_verify(desk: Path, proveout: Run) -> None:
    assert proveout("build", "desk", "--families", "retrieval").code == 0
    state = desk / ".proveout"
    victims = {
        "ledger": next((state / "ledger" / "segments").glob("*.seg")),
        "snapshot": next(path for path in (state / "objects").rglob("*") if path.is_file()),
        "candidate": next(path for path in (state / "candidates").rglob("*.safetensors")),
    }
    for name, victim in victims.items():
        content = victim.read_bytes()
        victim.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
        report = proveout("verify", "desk", "--json")
        assert report.code == 4, name
        assert [check["name"].split()[0] for check in report.json["checks"] if not check["ok"]] == [name]
        victim.write_bytes(content)
    assert proveout("verify", "desk").code == 0


def test_the_causal_axis_of_a_task_that_names_no_factor(desk: Path, proveout: Run) -> None:
    ran = proveout("compare", desk.name, "--causal", "--interpret", "--json")
    assert (ran.code, ran.json["error"]) == (3, "TaskInvalid")
    assert "[causal]" in ran.json["fix"]


def test_an_unknown_family_is_answered_with_the_nearest(desk: Path, proveout: Run) -> None:
    ran = proveout("compare", desk.name, "--families", "distiled", "--json")
    assert ran.json["error"] == "FamilyUnknown"
    assert "distilled" in ran.json["fix"]
