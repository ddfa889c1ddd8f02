"""The folder is a whole task, the same for the same seed, and neither trivial nor hopeless."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import msgspec
import pytest
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from proveout.data import take_snapshot
from proveout.demo import is_demo, write_demo
from proveout.demo._facts import Facts
from proveout.demo._reference import decide
from proveout.demo._scenarios import TARGETS
from proveout.demo._write import Row, rows
from proveout.economics import SCENARIO_FILE, load_scenario
from proveout.errors import TaskInvalid
from proveout.ledger import Ledger
from proveout.store import Workspace
from proveout.task import load_task

Rows = list[dict[str, str]]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_gives_the_same_bytes(desk: Path, tmp_path: Path) -> None:
    write_demo(tmp_path)
    assert content(tmp_path) == content(desk)


def test_another_seed_gives_other_messages() -> None:
    first, second = ({row.text for row in islice(rows(seed), 50)} for seed in (1, 2))
    assert len(first & second) < 5


def test_files_and_sizes(desk: Path, examples: Rows, test_rows: Rows) -> None:
    pages = ["damaged-goods", "digital-goods", "final-sale", "loyalty-and-escalation", "returns-window", "shipping"]
    names = ["README.md", "data/contrast.csv", "data/examples.csv", "data/test.csv"]
    names += ["facts.yaml", "policy.yaml", "replies.toml", "scenario.toml", "task.toml"]
    assert sorted(content(desk)) == sorted([*names, *(f"documents/{page}.md" for page in pages)])
    assert (len(examples), len(test_rows)) == (2_400, 600)
    assert tuple(examples[0]) == tuple(test_rows[0]) == Row._fields


def test_load_task_and_snapshot_accept_it(desk: Path, tmp_path: Path) -> None:
    task = load_task(desk)
    assert (task.kind, task.target, task.incumbent.mode) == ("decide", "decision", "simulated")
    assert task.incumbent.simulated.error_rate == pytest.approx(0.08)
    workspace = Workspace(tmp_path)
    with Ledger.open(workspace) as ledger:
        snapshot = take_snapshot(workspace, task, ledger)
    assert sum(snapshot.report.rows.values()) == 3_000
    assert snapshot.report.rows["test"] == 600
    assert not snapshot.report.conflicts
    assert not snapshot.report.exact_duplicates
    assert not snapshot.report.dropped
    assert snapshot.report.near_duplicates < 30


def test_texts_and_ids_are_unique(examples: Rows, test_rows: Rows) -> None:
    both = [*examples, *test_rows]
    assert len({" ".join(row["text"].casefold().split()) for row in both}) == len(both)
    assert len({row["id"] for row in both}) == len(both)


def test_every_decision_and_every_rule_occurs(desk: Path, examples: Rows, test_rows: Rows) -> None:
    policy = yaml.safe_load((desk / "policy.yaml").read_text("utf-8"))
    for lines in (examples, test_rows):
        shares = Counter(row["decision"] for row in lines)
        assert set(shares) == set(policy["decisions"])
        assert min(shares.values()) > 0.1 * len(lines)
        assert {row["rule"] for row in lines} == set(TARGETS)
    assert {rule["id"] for rule in policy["rules"]} == {name for name in TARGETS if not name.startswith("needs-")}


def test_rows_carry_the_decision_on_their_facts(examples: Rows, test_rows: Rows) -> None:
    for row in [*examples, *test_rows]:
        facts = msgspec.json.decode(row["facts"], type=Facts)
        assert decide(facts) == (row["decision"], row["rule"])
        assert row["intent"] == (facts.reason or "unclear")


def test_every_citation_points_to_a_section(desk: Path) -> None:
    policy = yaml.safe_load((desk / "policy.yaml").read_text("utf-8"))
    for rule in policy["rules"]:
        page = (desk / "documents" / rule["cites"]["document"]).read_text("utf-8")
        assert re.search(rf"^## {re.escape(rule['cites']['section'])} \S", page, re.MULTILINE), rule["id"]


def test_every_mention_of_another_section_leads_somewhere(desk: Path) -> None:
    pages = [path.read_text("utf-8") for path in (desk / "documents").iterdir()]
    sections = {number for page in pages for number in re.findall(r"^## (\d\.\d)", page, re.MULTILINE)}
    mentioned = {number for page in pages for number in re.findall(r"\(see (\d\.\d)\)", page)}
    assert mentioned
    assert mentioned <= sections


@pytest.mark.parametrize("ngrams", [1, 2])
def test_a_linear_model_is_neither_lost_nor_perfect(examples: Rows, test_rows: Rows, ngrams: int) -> None:
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, ngrams), sublinear_tf=True), LogisticRegression(C=5, max_iter=1_000)
    )
    model.fit([row["text"] for row in examples], [row["decision"] for row in examples])
    accuracy = model.score([row["text"] for row in test_rows], [row["decision"] for row in test_rows])
    assert 0.5 < accuracy < 0.93


@pytest.mark.parametrize("name", ["README.md", "documents/shipping.md", "task.toml", "policy.yaml"])
def test_it_says_that_it_is_made_up(desk: Path, name: str) -> None:
    assert re.search("synthetic|invented|does not exist", (desk / name).read_text("utf-8"))


def _file_in_folder(path: Path) -> None:
    path.mkdir()
    (path / "mine.txt").write_text("mine")


@pytest.mark.parametrize("occupy", [_file_in_folder, lambda path: path.write_text("mine")], ids=["folder", "file"])
def test_an_occupied_place_is_refused_and_left_alone(tmp_path: Path, occupy: Callable[[Path], None]) -> None:
    place = tmp_path / "place"
    occupy(place)
    with pytest.raises(TaskInvalid) as caught:
        write_demo(place)
    assert caught.value.about == str(place)
    assert "--force" in caught.value.fix
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] in (["mine.txt"], ["place"])


def test_is_demo_knows_its_own(desk: Path, tmp_path: Path) -> None:
    assert is_demo(desk)
    assert not is_demo(tmp_path)
    assert not is_demo(tmp_path / "nowhere")
    (tmp_path / "task.toml").write_bytes(b'name = "mine \xff"\n')
    assert not is_demo(tmp_path)


def test_its_scenario_is_valid_and_names_families_only(desk: Path) -> None:
    scenario = load_scenario(desk / SCENARIO_FILE)
    assert set(scenario.architectures) < {"llm", "distilled", "retrieval", "symbolic", "modular"}
    assert sum(tier.share for tier in scenario.tiers) == pytest.approx(1.0)
