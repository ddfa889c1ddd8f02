from __future__ import annotations

import json
from pathlib import Path

import pytest

from proveout.cli import main
from proveout.demo import write_demo

CASE = ["--fact", "reason=changed_mind", "--fact", "category=clothing", "--fact", "days_since_delivery=40"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("policy") / "desk"
    write_demo(folder)
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(["policy", *arguments])
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out + shown.err


def test_check_lists_findings(desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = run(capsys, "check", str(desk))
    assert code == 0
    assert "27 rules over 16 facts" in shown
    assert "No errors." in shown
    broken = tmp_path / "p.yaml"
    rules = "{id: x, if: a, then: yes}, {id: y, if: a, then: no}"
    facts = "{name: a, type: boolean}"
    broken.write_text(
        f"{{version: 1, name: p, decisions: [yes, no], facts: [{facts}], rules: [{rules}]}}", encoding="utf-8"
    )
    code, shown = run(capsys, "check", str(broken), "--json")
    assert code == 3
    assert json.loads(shown)["ok"] is False


def test_explain_shows_the_proof(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = run(capsys, "explain", str(desk), *CASE, "--detail", "full")
    assert code == 0
    assert "refuse, by rule window-late (returns-window.md 1.1)" in shown
    assert "Proved valid from" in shown
    code, shown = run(capsys, "explain", str(desk), "--fact", "reason=not_arrived", "--json")
    assert json.loads(shown)["ask"] == "What does the tracking page say now?"


def test_facts_come_from_a_file_too(desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "facts.json"
    path.write_text('{"reason": "changed_mind", "category": "clothing", "days_since_delivery": 3}', encoding="utf-8")
    code, shown = run(capsys, "explain", str(desk), "--facts", str(path), "--fact", "opened=true", "--json")
    assert code == 0
    assert json.loads(shown)["rule"] == "used"
    path.write_text("[1]", encoding="utf-8")
    code, shown = run(capsys, "explain", str(desk), "--facts", str(path))
    assert code == 2
    assert "no JSON object" in shown


def test_whatif_names_the_change(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = run(capsys, "whatif", str(desk), *CASE, "--fact", "opened=false", "--want", "approve")
    assert code == 0
    assert "member: none → gold" in shown
    code, shown = run(capsys, "whatif", str(desk), *CASE, "--fact", "opened=true", "--want", "approve")
    assert "no permitted change leads to approve" in shown


def test_diff_shows_a_case(desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (desk / "policy.yaml").read_text(encoding="utf-8")
    path = tmp_path / "policy.yaml"
    path.write_text(text.replace("days_since_delivery > 30", "days_since_delivery > 20"), encoding="utf-8")
    code, shown = run(capsys, "diff", str(path), str(desk))
    assert code == 0
    assert "approve → refuse" in shown
    assert "for example:" in shown
    code, shown = run(capsys, "diff", str(desk), str(desk), "--json")
    assert json.loads(shown)["alike"] is True


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["explain", "DESK", "--fact", "price"], 2, "is not NAME=VALUE"),
        (["explain", "DESK", "--fact", "prise=3"], 3, "did you mean 'price'"),
        (["explain", "DESK", "--fact", "price=-3"], 3, "price"),
        (["explain", "DESK", "--on", "2026-02-30"], 2, "2026-02-30"),
        (["whatif", "DESK", "--want", "forgive"], 3, "forgive"),
        (["diff", "DESK", "no-such-revision"], 3, "no older version"),
    ],
)
def test_bad_input_is_named(
    desk: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    given = [str(desk) if one == "DESK" else one for one in arguments]
    found, shown = run(capsys, *given)
    assert found == code
    assert said in shown
