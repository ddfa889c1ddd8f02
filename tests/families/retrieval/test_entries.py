from __future__ import annotations

import msgspec

from proveout.families import KnowledgeIngested, Search, SearchAnswered, SearchRecord


def test_a_search_in_the_ledger_keeps_every_bit() -> None:
    search = Search(text="re\u200bfund \u202e", as_of=3, groups=("hr",), where={"language": "en"})
    record = SearchRecord(request="r", search=search, chunks=(2**62 + 1,), scores=(0.1 + 0.2, 1 / 61 + 1 / 62))
    body = SearchAnswered(record=record)
    assert msgspec.json.decode(msgspec.json.encode(body), type=SearchAnswered) == body
    assert body.kind == "search.answered"


def test_an_ingest_in_the_ledger_names_paths_and_no_text() -> None:
    body = KnowledgeIngested(generation=1, added=("a.md",), updated=(), deleted=("b.md",), skipped=("c.bin",))
    assert msgspec.json.decode(msgspec.json.encode(body), type=KnowledgeIngested) == body
    assert set(msgspec.to_builtins(body)) == {"generation", "added", "updated", "deleted", "skipped"}
