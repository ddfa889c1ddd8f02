from __future__ import annotations

from datetime import date
from importlib.resources import as_file, files

from proveout.families.symbolic.policy import findings, load_policy, parse_policy

POLICY = parse_policy("""
version: 1
name: untidy
decisions: [yes, no, ask, maybe]
undetermined: ask
facts:
  - {name: late, type: duration, unit: day}
  - {name: Late, type: boolean}
  - {name: idle, type: boolean}
  - {name: once, type: boolean}
definitions:
  - {name: slow, means: late > 30}
  - {name: unused, means: once or Late}
rules:
  - {id: a, if: slow, then: no, priority: 3, cites: {document: terms.md, section: "1"}}
  - {id: b, if: slow, then: yes, priority: 2, cites: {document: term.md}}
  - {id: c, if: slow, then: no, priority: 1, cites: {document: terms.md}}
  - {id: d, if: late > 7, then: yes, cites: {document: terms.md}}
  - {id: e, if: late > days(7), then: no, cites: {document: terms.md}, ends: 2025-12-31}
  - {id: f, if: false, then: no, overrides: [g, a, dd]}
""")


def test_each_kind_of_finding() -> None:
    found = findings(POLICY, documents=["terms.md"], on=date(2026, 1, 1))
    assert [(one.code, one.where) for one in found] == [
        ("unused-fact", "fact Late"),
        ("unused-fact", "fact idle"),
        ("unused-fact", "fact once"),
        ("unused-definition", "definition unused"),
        ("no-citation", "rule f"),
        ("unknown-override", "rule f"),
        ("idle-override", "rule f"),
        ("unknown-override", "rule f"),
        ("decision-never-made", "policy"),
        ("never-fires", "rule f"),
        ("shadowed-rule", "rule b"),
        ("duplicate-rule", "rule c"),
        ("contradiction", "rule e"),
        ("similar-names", "name late"),
        ("similar-names", "name Late"),
        ("unknown-document", "rule b"),
        ("ended", "rule e"),
    ]
    assert all(one.what and one.fix for one in found)
    assert {one.code for one in found if one.severity == "error"} == {
        "unknown-override",
        "contradiction",
        "unknown-document",
    }


def test_the_desk_has_none() -> None:
    with as_file(files("proveout.demo") / "desk") as desk:
        documents = [path.name for path in (desk / "documents").iterdir()]
        assert findings(load_policy(desk / "policy.yaml"), documents, date(2026, 1, 1)) == []


def test_a_rule_of_another_time_shadows_nothing() -> None:
    text = (
        "{version: 1,name: p, decisions: [a, b], rules: [{id: new, if: true, then: b, priority: 1, starts: 2026-07-01},"
        " {id: old, if: true, then: a}]}"
    )
    assert "shadowed-rule" not in {one.code for one in findings(parse_policy(text))}
    always = text.replace(", starts: 2026-07-01", "")
    assert "shadowed-rule" in {one.code for one in findings(parse_policy(always))}
