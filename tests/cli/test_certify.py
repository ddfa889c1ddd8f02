from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from proveout.cli._adjudicate import command as adjudicate
from proveout.cli._certify import command as certify
from proveout.cli._verify import command as verify

KEYS = {"certified", "claim", "alpha", "delta", "coverage", "rows", "labels_used", "certificate"}
COMMON = ["--families", "distilled", "--embedder", "tfidf", "--alpha", "0.05"]


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A task whose incumbent errs now and then, with a label on every other row."""
    from proveout import loop  # noqa: PLC0415  heavy, and the tests of the command line start without it

    lines = ["text,intent,answer"]
    for at in range(500):
        wrong = at % 20 in {6, 7, 16}
        lines.append(f"my card {at} is lost,{'card' if at % 2 == 0 else ''},{'refund' if wrong else 'card'}")
        lines.append(f"please refund order {at},{'refund' if at % 2 == 0 else ''},{'card' if wrong else 'refund'}")
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    examples = [tmp_path / "rows.csv"]
    loop.new(
        tmp_path / "desk", kind="classify", examples=examples, inputs=["text"], outputs=["intent"], incumbent="answer"
    )
    return tmp_path / "desk"


def test_certify_prints_the_statement_and_the_next_command(big: Path) -> None:
    done = CliRunner().invoke(certify, [str(big), *COMMON, "--claim", "non-inferiority"])
    assert done.exit_code == 0, done.output
    assert "certif" in done.output.lower()
    assert "Next: proveout" in done.output


def test_not_certified_is_a_normal_result(big: Path) -> None:
    done = CliRunner().invoke(certify, [str(big), *COMMON[:-1], "0.001", "--json", "--per-day", "3"])
    assert done.exit_code == 0
    import msgspec  # noqa: PLC0415  as above

    found = msgspec.json.decode(done.stdout)
    assert set(found) >= KEYS
    assert found["certified"] is False
    assert found["certificate"] is None
    assert "shadow" in found["statement"]


def test_the_round_trip_by_csv_and_verify(big: Path, tmp_path: Path) -> None:
    run = CliRunner()
    queue = tmp_path / "queue.csv"
    done = run.invoke(adjudicate, [str(big), *COMMON, "--csv", str(queue)])
    assert done.exit_code == 0, done.output
    with queue.open(encoding="utf-8", newline="") as file:
        header, *lines = list(csv.reader(file))
    assert lines
    for line in lines:
        right = "card" if "card" in line[1] else "refund"
        line[-1] = "a" if line[2] == right else "b"
    with queue.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *lines])
    done = run.invoke(adjudicate, [str(big), *COMMON, "--from", str(queue), "--by", "ada", "--json"])
    assert done.exit_code == 0, done.output
    done = run.invoke(certify, [str(big), *COMMON, "--claim", "non-inferiority", "--json"])
    import msgspec  # noqa: PLC0415  as above

    found = msgspec.json.decode(done.stdout)
    assert found["certified"] is True
    assert found["labels_used"] > 0
    path = Path(found["certificate"])
    assert run.invoke(verify, [str(path)], standalone_mode=False).return_value == 0
    path.write_bytes(path.read_bytes().replace(b'"certified": true', b'"certified": True'))
    broken = run.invoke(verify, [str(path)], standalone_mode=False)
    assert broken.return_value == 4
    assert "BROKEN" in broken.output


def test_the_terminal_asks_one_by_one_and_stops_when_told(big: Path) -> None:
    asked = [str(big), *COMMON, "--by", "ada"]
    done = CliRunner().invoke(adjudicate, asked, input="skip\nskip\nstop\n")
    assert done.exit_code == 0, done.output
    assert "0 rows labelled now" in done.output
    assert done.output.count("A: ") == 3
    done = CliRunner().invoke(adjudicate, asked, input="neither\nstop\n")
    assert "1 rows labelled now" in done.output


def test_a_key_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "certificate.json").write_text("{}")
    done = CliRunner().invoke(verify, [str(tmp_path / "certificate.json"), "--key", "xyz"])
    assert done.exit_code == 2
    done = CliRunner().invoke(verify, [str(tmp_path / "certificate.json")], standalone_mode=False)
    assert done.return_value == 4


def test_errors_of_the_process_have_their_exit_code(proveout: Callable[..., object], tmp_path: Path) -> None:
    ran = proveout("certify", tmp_path / "nowhere", "--json")
    assert ran.code == 3  # type: ignore[attr-defined]  # what the fixture gives
    assert ran.json["error"] == "TaskNotFound"  # type: ignore[attr-defined]  # as above
