"""A semantic cache that answers another question: off until it is certified, and some hits are never served."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proveout.gateway._exchange import Outcome
from proveout.gateway._settings import Semantic
from proveout.gateway.cache import (
    Cached,
    Lookup,
    Near,
    Opened,
    SemanticCache,
    certify_semantic,
    semantic_cache,
    semantic_folder,
    semantic_threshold,
)
from proveout.gateway.cache._semantic import packaged_embedder


class Pieces:
    """Vectors of hashed letter triples: near texts are near, without weights."""

    fingerprint = "pieces-1"

    def __init__(self) -> None:
        self.threads: set[str] = set()

    def embed(self, texts: Sequence[str]) -> Any:
        self.threads.add(threading.current_thread().name)
        return np.stack([self._one(text.lower()) for text in texts])

    @staticmethod
    def _one(text: str) -> Any:
        vector = np.zeros(512, dtype=np.float32)
        for at in range(len(text) + 1):
            piece = f"  {text} "[at : at + 3].encode()
            vector[int.from_bytes(blake2b(piece, digest_size=2).digest(), "big") % 512] += 1
        return vector / np.linalg.norm(vector)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def cached(body: str) -> Cached:
    return Cached(body=body.encode(), streamed=False, headers=[], outcome=Outcome())


def made(threshold: float | None, lookups: list[Lookup], **options: Any) -> SemanticCache:
    def opens() -> Opened:
        return Opened(embedder=Pieces(), decide=lambda: threshold, log=lookups.append)

    return SemanticCache(opens=opens, clock=options.pop("clock", Clock()), **options)


def ask(cache: SemanticCache, text: str, answer: str, *, tenant: str = "k", number: int = 0) -> Near:
    async def run() -> Near:
        near = await cache.nearest(tenant, {"text": text}, f"req-{number}")
        if near.cached is None:
            await cache.settle(near, answer, cached(answer), time=number)
        return near

    return asyncio.run(run())


def test_while_it_is_off_it_serves_nothing_and_logs_everything() -> None:
    lookups: list[Lookup] = []
    cache = made(None, lookups)
    assert ask(cache, "where is my card", "card").cached is None
    near = ask(cache, "where is my card?", "card", number=1)
    assert near.cached is None
    assert near.score is not None
    assert near.score > 0.8
    ask(cache, "what are your hours", "hours", number=2)
    assert [(lookup.score is None, lookup.agree) for lookup in lookups] == [
        (True, False),
        (False, True),
        (False, False),
    ]


def test_it_serves_what_is_near_enough() -> None:
    cache = made(0.8, [], audit_share=0.0)
    ask(cache, "where is my card", "card")
    found = ask(cache, "where is my card?", "never asked").cached
    assert found is not None
    assert found.body == b"card"
    assert ask(cache, "what are your hours", "hours").cached is None


@pytest.mark.parametrize(
    ("kept", "asked"),
    [("cancel my order 123", "cancel my order 124"), ("please refund my order", "please do not refund my order")],
)
def test_a_number_or_a_negation_forbids_it_however_near(kept: str, asked: str) -> None:
    lookups: list[Lookup] = []
    cache = made(0.1, lookups, audit_share=1.0)
    ask(cache, kept, "kept")
    near = ask(cache, asked, "asked", number=1)
    assert (near.cached, near.score) == (None, None)
    assert "differ" in near.vetoed
    assert lookups[-1].vetoed == near.vetoed


def test_what_is_forbidden_does_not_hide_what_is_not() -> None:
    cache = made(0.5, [], audit_share=0.0)
    ask(cache, "cancel my order 123", "123")
    ask(cache, "please cancel order 124", "124")
    found = ask(cache, "cancel my order 124", "never asked")
    assert found.cached is not None
    assert found.cached.body == b"124"


def test_tenants_see_their_own_answers_only() -> None:
    cache = made(0.1, [], audit_share=0.0)
    ask(cache, "where is my card", "secret of a", tenant="a")
    assert ask(cache, "where is my card", "of b", tenant="b").cached is None
    found = ask(cache, "where is my card", "", tenant="a").cached
    assert found is not None
    assert found.body == b"secret of a"


def test_old_answers_are_not_given() -> None:
    clock = Clock()
    cache = made(0.1, [], clock=clock, ttl_seconds=60, audit_share=0.0)
    ask(cache, "where is my card", "card")
    clock.now = 60.0
    assert ask(cache, "where is my card", "card").cached is None


def test_the_oldest_go_out_first_and_memory_is_bounded() -> None:
    cache = made(0.99, [], most=300, audit_share=0.0)
    for number in range(700):
        ask(cache, f"question {number}", str(number))
    assert len(cache) == 300
    assert cache._vectors.shape == (300, 512)
    assert ask(cache, "question 399", "").cached is None
    found = ask(cache, "question 699", "").cached
    assert found is not None
    assert found.body == b"699"


def test_while_it_is_on_a_share_is_answered_afresh_and_only_that_is_logged() -> None:
    lookups: list[Lookup] = []
    cache = made(0.1, lookups, audit_share=0.2)
    ask(cache, "where is my card", "card")
    before = len(lookups)
    served = [ask(cache, "where is my card", "card", number=number).cached is not None for number in range(500)]
    assert 60 <= served.count(False) <= 140
    assert len(lookups) - before == served.count(False)
    assert all(lookup.audit and lookup.agree for lookup in lookups[before:])


def test_embedding_leaves_the_loop_alone() -> None:
    embedder = Pieces()
    opened = Opened(embedder=embedder, decide=lambda: None, log=lambda _: None)
    cache = SemanticCache(opens=lambda: opened, clock=Clock())
    ask(cache, "where is my card", "card")
    assert threading.current_thread().name not in embedder.threads


def test_many_at_once_are_all_kept() -> None:
    cache = made(None, [])

    async def run() -> None:
        async def one(number: int) -> None:
            near = await cache.nearest("k", {"text": f"question {number}"}, str(number))
            await cache.settle(near, str(number), cached(str(number)), time=number)

        await asyncio.gather(*(one(number) for number in range(400)))

    asyncio.run(run())
    assert len(cache) == 400
    assert {row.inputs["text"] for row in cache._rows} == {f"question {number}" for number in range(400)}


# Templates of near duplicates; a share of each pair asks something else although the words are the same.
TOPICS = ["card", "refund", "loan", "account", "parcel", "invoice", "password", "ticket", "garage", "visa"]
WORDINGS = [
    "where is my {}",
    "where is my {} please",
    "hello, where is my {}",
    "where is my {} now",
    "so where is my {}",
]


def shadow(home: Path, asked: list[tuple[str, str]], embedder: Any) -> SemanticCache:
    """The traffic of a day with the cache off: input and right answer."""
    cache = semantic_cache(
        home, "desk", generation="g1", terms=Semantic(alpha=0.05), clock=Clock(), embedder=lambda _: embedder
    )
    for number, (text, answer) in enumerate(asked):
        near = cache.look_up("k", {"text": text}, str(number))
        assert near.cached is None
        cache._settle(near, answer, cached(answer), number)
    return cache


def harmless(count: int) -> list[tuple[str, str]]:
    """Rewordings of the same questions, each a distinct input."""
    said = []
    for number in range(count):
        topic = TOPICS[number % len(TOPICS)]
        padding = "".join("abcdefghij"[int(digit)] for digit in f"{number:04d}")
        said.append((f"{WORDINGS[number % len(WORDINGS)].format(topic)} {padding}", topic))
    return said


def test_harmless_traffic_is_certified_and_then_served(tmp_path: Path) -> None:
    embedder = Pieces()
    cache = shadow(tmp_path, harmless(900), embedder)
    decision = certify_semantic(tmp_path, "desk", alpha=0.05, delta=0.1)
    assert decision.threshold is not None
    assert decision.bound is not None
    assert decision.bound <= 0.05
    terms = Semantic(alpha=0.05, delta=0.1)
    assert cache._threshold is None
    cache.renew()
    cache.look_up("k", {"text": "where is my card aaaa"}, "r")
    before = cache._threshold
    assert asyncio.run(cache.refresh()) == before  # off: with the stricter delta of its settings
    assert cache.look_up("k", {"text": "where is my card aaaa"}, "r").cached is None
    again = semantic_cache(tmp_path, "desk", generation="g1", terms=terms, clock=Clock(), embedder=lambda _: embedder)
    again._audit_share = 0.0
    ask(again, "where is my card aaaa", "card")
    assert ask(again, "where is my card aaaa", "").cached is not None


def hidden(count: int) -> list[tuple[str, str]]:
    """What no rule on words sees: the same sentence, whose answer depends on something else."""
    rng = np.random.default_rng(3)
    return [(text, f"{answer} {rng.integers(2)}") for text, answer in harmless(count)]


def test_traffic_whose_near_inputs_have_other_answers_stays_off(tmp_path: Path) -> None:
    embedder = Pieces()
    shadow(tmp_path, hidden(900), embedder)
    decision = certify_semantic(tmp_path, "desk", alpha=0.05, delta=0.1)
    assert decision.threshold is None
    terms = Semantic(alpha=0.05, delta=0.1)
    assert semantic_threshold(tmp_path, "desk", generation="g1", embedder=embedder.fingerprint, terms=terms) is None


PAIRS = [
    ("cancel my order 123", "cancel my order 124"),
    ("I want to cancel my subscription", "I do not want to cancel my subscription"),
    ("send 50 euros to Anna", "send 50 euros to Ben"),
    ("book a flight from Rome to Oslo", "book a flight from Oslo to Rome"),
    ("enable two-factor login", "disable two-factor login"),
    ("is it open on Monday?", "is it open on Sunday?"),
    ("my card ending in 4411 was stolen", "my card ending in 4412 was stolen"),
    ("transfer before the 5th of May", "transfer after the 5th of May"),
]


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return packaged_embedder(tmp_path_factory.mktemp("weights"))


def test_a_real_encoder_finds_other_questions_near(minilm: Any) -> None:
    scores = [float(minilm.embed([one])[0] @ minilm.embed([other])[0]) for one, other in PAIRS]
    paraphrase = minilm.embed(["where is my card?", "I have not received my card yet, where is it"])
    assert min(scores) > 0.6
    assert sum(score > float(paraphrase[0] @ paraphrase[1]) for score in scores) >= len(PAIRS) // 2


@pytest.mark.parametrize(("kept", "asked"), PAIRS)
def test_with_a_real_encoder_another_question_is_never_served(minilm: Any, kept: str, asked: str) -> None:
    opened = Opened(embedder=minilm, decide=lambda: 0.05, log=lambda _: None)
    cache = SemanticCache(opens=lambda: opened, clock=Clock(), audit_share=0.0)
    ask(cache, kept, "kept")
    assert ask(cache, asked, "asked").cached is None
    assert ask(cache, kept, "").cached is not None


def test_with_a_real_encoder_what_no_rule_sees_is_refused_by_the_certificate(tmp_path: Path, minilm: Any) -> None:
    rooms = ["lobby", "garden", "kitchen", "office", "cellar", "attic", "hall", "studio", "lounge", "library"]
    things = ["lamp", "heater", "door", "fan", "alarm", "camera", "window", "blind", "speaker", "screen"]
    times = ["now", "please", "when you can"]
    asked = [
        (f"is the {thing} in the {room} working {when}", f"{thing} {room}")
        for when in times
        for room in rooms
        for thing in things
    ]
    order = np.random.default_rng(0).permutation(len(asked))
    shadow(tmp_path, [asked[at] for at in order], minilm)
    decision = certify_semantic(tmp_path, "desk", alpha=0.05, delta=0.05)
    # It serves where wordings are as near as no other room is, or not at all; never at the similarity of rooms.
    near = float(
        minilm.embed(["is the lamp in the lobby working"])[0] @ minilm.embed(["is the lamp in the hall working"])[0]
    )
    assert decision.threshold is None or decision.threshold > near
    assert decision.wrong <= 0.05 * decision.units


def test_nothing_is_loaded_before_the_first_lookup(tmp_path: Path) -> None:
    def embedder(_: Path) -> Any:
        raise AssertionError("loaded")

    terms = Semantic()
    cache = semantic_cache(tmp_path, "desk", generation="g", terms=terms, clock=Clock(), embedder=embedder)
    assert len(cache) == 0
    assert not semantic_folder(tmp_path, "desk").exists()


def test_a_rush_of_lookups_uses_few_threads_and_ends_with_it(tmp_path: Path) -> None:
    embedder = Pieces()
    cache = semantic_cache(
        tmp_path, "desk", generation="g", terms=Semantic(), clock=Clock(), embedder=lambda _: embedder
    )

    async def run() -> None:
        await asyncio.gather(*(cache.nearest("k", {"text": str(number)}, str(number)) for number in range(100)))

    asyncio.run(run())
    assert len(embedder.threads) <= 2
    cache.close()
    with pytest.raises(RuntimeError):
        asyncio.run(run())
