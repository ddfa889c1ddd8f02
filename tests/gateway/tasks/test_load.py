"""Tasks as they are built, certified and served; one small task is built for all of these."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout import loop
from proveout.certify import CertificateAlarmed
from proveout.errors import AnswerUnusable, CandidateNotFound, CertificateCorrupt, SettingsInvalid, TaskChanged
from proveout.families import candidate_ids
from proveout.gateway._exchange import Exchange
from proveout.gateway._settings import ServedTask, Settings, Tier
from proveout.gateway.tasks import TaskAnswerer, built_state, load_tasks
from proveout.ledger import Ledger
from proveout.loop import CertifyOptions
from proveout.store import Workspace
from proveout.testing import FakeProvider, completion

MakeExchange = Callable[..., Exchange]
INTENTS = {"card": "my card {} is lost", "refund": "please refund order {}"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    rows = [f"{text.format(at)},{intent}" for at in range(200) for intent, text in INTENTS.items()]
    (folder / "rows.csv").write_text("\n".join(["text,intent", *rows]) + "\n", encoding="utf-8")
    desk = folder / "desk"
    loop.new(desk, kind="classify", examples=[folder / "rows.csv"], inputs=["text"], outputs=["intent"])
    result = loop.certify(desk, CertifyOptions(names=("distilled",), embedder="tfidf", alpha=0.1))
    assert result.certified
    loop.build(desk, names=["llm", "symbolic"], embedder="tfidf")
    return desk


@pytest.fixture
def desk(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built.parent, tmp_path / "copy")
    return tmp_path / "copy" / "desk"


def load(desk: Path, route: str = "certified", **settings: Any) -> TaskAnswerer:
    return load_tasks([str(desk)], Settings(tasks={"desk": ServedTask(route=route)}, **settings))["desk"]


def ask(answerer: TaskAnswerer, exchange: Exchange) -> Any:
    async def main() -> bytes:
        return (await answerer.answer(exchange)).body

    try:
        return json.loads(asyncio.run(main()))
    finally:
        answerer.close()


def test_a_built_task_is_answered_under_its_certificate(built: Path, exchange: MakeExchange) -> None:
    answerer = load(built)
    assert set(answerer.stages) == {"certified", "incumbent"}
    asked = exchange("my card 77 is lost", metadata={"evidence": "true"})
    body = ask(answerer, asked)
    assert json.loads(body["choices"][0]["message"]["content"]) == {"intent": "card"}
    assert asked.outcome.route == "task:desk/certified"
    assert body["proveout"]["candidate"].startswith("distilled@")
    assert body["proveout"]["certificate"].startswith("certificate@")
    assert asked.outcome.confidence is not None
    assert answerer.info.created > 1_600_000_000
    assert load(built).fingerprint == answerer.fingerprint


@pytest.mark.parametrize(
    ("route", "stages"),
    [
        ("incumbent", {"incumbent": "llm@"}),
        ("symbolic", {"candidate": "symbolic@", "incumbent": "llm@"}),
        ("llm", {"candidate": "llm@"}),
    ],
)
def test_each_route_has_its_candidates(built: Path, route: str, stages: dict[str, str]) -> None:
    found = load(built, route).stages
    assert set(found) == set(stages)
    assert all(found[kind].candidate.startswith(name) for kind, name in stages.items())
    assert not any(one.pays for one in found.values())


def test_a_candidate_can_be_named(built: Path, exchange: MakeExchange) -> None:
    (named,) = (name for name in candidate_ids(Workspace(built)) if name.startswith("symbolic@"))
    asked = exchange("please refund order 4")
    ask(load(built, named), asked)
    assert (asked.outcome.route, asked.outcome.candidate) == ("task:desk/candidate", named)


def test_rules_are_there_when_a_tier_asks_for_them_and_they_prove_it(built: Path, exchange: MakeExchange) -> None:
    free = Tier(answers=("cache", "rules"))
    answerer = load(built, tiers={"free": free})
    asked = exchange("please refund order 4")
    asked.tier = free
    ask(answerer, asked)
    assert asked.outcome.route == "task:desk/rules"


@pytest.mark.parametrize("route", ["distiled", "nonsense"])
def test_an_unknown_route_is_named(built: Path, route: str) -> None:
    with pytest.raises(SettingsInvalid, match="use one of certified, incumbent, distilled"):
        load(built, route)


def test_what_is_not_built_says_how_to_build_it(built: Path, tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    shutil.copy(built / "task.toml", tmp_path / "desk" / "task.toml")
    with pytest.raises(CandidateNotFound, match="proveout build"):
        load(tmp_path / "desk")
    with pytest.raises(CandidateNotFound, match="build the family"):
        load(built, "cascade")
    with pytest.raises(CandidateNotFound):
        load(built, "distilled@000000000000")


def test_an_edited_task_has_to_be_built_again(desk: Path) -> None:
    before, (named, *_) = built_state([str(desk)]), candidate_ids(Workspace(desk))
    text = (desk / "task.toml").read_text(encoding="utf-8")
    (desk / "task.toml").write_text(text.replace('"refund"', '"refund", "other"'), encoding="utf-8")
    assert built_state([str(desk)]) != before
    with pytest.raises(TaskChanged, match="proveout build"):
        load(desk)
    with pytest.raises(TaskChanged, match="before it was edited"):
        load(desk, named)


def test_an_altered_certificate_is_not_served(desk: Path) -> None:
    (path,) = (desk / ".proveout" / "certificates").glob("certificate@*[0-9a-f].json")
    path.write_bytes(path.read_bytes().replace(b'"alpha": 0.1', b'"alpha": 0.2'))
    with pytest.raises(CertificateCorrupt, match="does not verify"):
        load(desk)
    assert set(load(desk, "incumbent").stages) == {"incumbent"}


def test_a_certificate_that_was_called_broken_is_not_served(desk: Path, exchange: MakeExchange) -> None:
    certificate = load(desk).stages["certified"].certificate
    with Ledger.open(Workspace(desk)) as ledger:
        ledger.append(
            CertificateAlarmed(certificate=certificate, audits=9, losses=9, evidence=99.0, action="roll back")
        )
    answerer = load(desk)
    assert set(answerer.stages) == {"incumbent"}
    asked = exchange("my card 3 is lost")
    ask(answerer, asked)
    assert asked.outcome.route == "task:desk/incumbent"


def test_after_an_alarm_no_answer_is_better_than_the_certified_one(desk: Path, exchange: MakeExchange) -> None:
    certificate = load(desk).stages["certified"].certificate
    for folder in (desk / ".proveout" / "candidates").glob("llm@*"):
        shutil.rmtree(folder)
    assert set(load(desk).stages) == {"certified"}
    with Ledger.open(Workspace(desk)) as ledger:
        ledger.append(
            CertificateAlarmed(certificate=certificate, audits=9, losses=9, evidence=99.0, action="roll back")
        )
    answerer = load(desk)
    assert answerer.stages == {}
    with pytest.raises(AnswerUnusable, match="called broken"):
        ask(answerer, exchange("my card 3 is lost"))


def test_an_incumbent_that_is_not_built_is_asked_without_examples(
    desk: Path, exchange: MakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_KEY", "k")
    text = (desk / "task.toml").read_text(encoding="utf-8").split("[incumbent]", maxsplit=1)[0]
    with FakeProvider(completion({"intent": "card"})) as provider:
        lines = ["[incumbent]", 'mode = "endpoint"', 'model = "m"', f'base_url = "{provider.url}"']
        incumbent = "\n".join([*lines, 'api_key_env = "DESK_KEY"', ""])
        (desk / "task.toml").write_text(text + incumbent, encoding="utf-8")
        answerer = load(desk, "incumbent")
        asked = exchange("my card 3 is lost")
        body = ask(answerer, asked)
    assert json.loads(body["choices"][0]["message"]["content"]) == {"intent": "card"}
    outcome = asked.outcome
    assert (outcome.candidate, outcome.model, outcome.confidence) == ("llm@unbuilt", "m", None)
    assert outcome.tokens_in > 0
    assert outcome.usd_unknown
