from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from proveout import loop
from proveout.demo import write_demo
from proveout.errors import FactInvalid, PolicyInvalid, TaskNotFound

LATE = {"reason": "changed_mind", "category": "clothing", "days_since_delivery": 40, "opened": False}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("policy") / "desk"
    write_demo(folder)
    return folder


def test_the_desk_has_no_errors(desk: Path) -> None:
    found = loop.check_policy(desk)
    assert found.ok
    assert (found.policy, found.rules, found.facts) == ("refund-desk 1", 27, 16)
    assert {finding.code for finding in found.findings} == {"redundant-rule"}


def test_a_policy_file_is_checked_alone(desk: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "{version: 1, name: p, decisions: [yes, no], facts: [{name: a, type: boolean}], rules: ["
        "{id: x, if: a, then: yes, cites: {document: d}}, {id: y, if: a, then: no, cites: {document: d}}]}",
        encoding="utf-8",
    )
    found = loop.check_policy(path)
    assert not found.ok
    assert {"contradiction", "gap"} <= {finding.code for finding in found.findings}
    assert found.findings[0].severity == "error"


def test_what_is_no_policy_says_so(desk: Path, tmp_path: Path) -> None:
    with pytest.raises(TaskNotFound):
        loop.check_policy(tmp_path / "nowhere")
    (tmp_path / "model.dmn").write_text("<definitions/>", encoding="utf-8")
    with pytest.raises(PolicyInvalid, match="is no YAML file"):
        loop.check_policy(tmp_path / "model.dmn")
    (tmp_path / "task.toml").write_text(
        'name = "t"\nkind = "classify"\n[input]\ntype = "object"\nproperties.text = {}\n'
        '[output]\ntype = "object"\nproperties.label = {}\n',
        encoding="utf-8",
    )
    with pytest.raises(PolicyInvalid, match="the task names none"):
        loop.check_policy(tmp_path)


def test_a_case_is_explained(desk: Path) -> None:
    found = loop.explain_case(desk, LATE)
    assert (found.status, found.decision, found.rule) == ("decided", "refuse", "window-late")
    assert found.solver == "valid"
    assert {"reason", "days_since_delivery", "member"} <= set(found.responsible)
    assert found.shown["short"] == "refuse, by rule window-late (returns-window.md 1.1)"
    assert len(found.shown["full"]) > len(found.shown["medium"]) > len(found.shown["short"])


def test_what_is_missing_is_asked_for(desk: Path) -> None:
    found = loop.explain_case(desk, {"reason": "not_arrived"})
    assert found.status == "undetermined"
    assert "tracking" in found.missing
    assert found.ask == "What does the tracking page say now?"


def test_facts_are_read_from_a_message(desk: Path) -> None:
    text = "The parcel with the kettle was delivered 40 days ago, it is the wrong item."
    found = loop.explain_case(desk, {}, text=text)
    assert found.facts["days_since_delivery"] == 40
    given = loop.explain_case(desk, {"days_since_delivery": 80}, text=text)
    assert given.facts["days_since_delivery"] == 80
    with pytest.raises(FactInvalid, match="nothing reads facts"):
        loop.explain_case(desk / "policy.yaml", {}, text=text)


def test_a_change_is_found_or_ruled_out(desk: Path) -> None:
    found = loop.what_if(desk, LATE, "approve")
    assert (found.now, found.status, found.change) == ("refuse", "change", {"member": ("none", "gold")})
    ruled_out = loop.what_if(desk, LATE | {"days_since_delivery": 90}, "approve")
    assert (ruled_out.status, ruled_out.change) == ("no change", {})
    assert ruled_out.responsible
    with pytest.raises(FactInvalid):
        loop.what_if(desk, LATE, "forgive")


def test_versions_are_compared_as_files_and_as_git_revisions(desk: Path, tmp_path: Path) -> None:
    old = (desk / "policy.yaml").read_text(encoding="utf-8")
    path = tmp_path / "policy.yaml"
    path.write_text(old, encoding="utf-8")
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first")
    assert loop.diff_policies(path, "HEAD").alike
    path.write_text(old.replace("days_since_delivery <= 60", "days_since_delivery <= 50"), encoding="utf-8")
    found = loop.diff_policies(path, "HEAD")
    assert not found.alike
    assert found == loop.diff_policies(path, str(desk / "policy.yaml"))
    assert any(one.old == "approve" for one in found.differences)
    for revision in ("no-such-revision", "--output=x"):
        with pytest.raises(PolicyInvalid, match="no older version"):
            loop.diff_policies(path, revision)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True)
