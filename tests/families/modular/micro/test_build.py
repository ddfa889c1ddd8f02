from __future__ import annotations

import shutil
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proveout.errors import MicroModelUnknown, TaskInvalid
from proveout.families.modular.micro import BuiltMicro, MicroRow, MicroRows, MicroRun, load_micro, micro_kinds
from proveout.families.modular.micro import _build as building

Build = Callable[..., BuiltMicro]


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["intent", "scope", "slots"])
def test_files_are_alike_for_the_same_rows_and_seed(make: Build, run: MicroRun, tmp_path: Path, kind: str) -> None:
    one = make(kind)
    cache = tmp_path / "elsewhere"
    other = make(kind, run=msgspec.structs.replace(run, cache=cache))
    assert not other.reused
    assert one.id == other.id
    assert files_of(one.folder) == files_of(other.folder)


def test_what_was_built_from_the_same_is_reused(make: Build) -> None:
    first, again = make("intent"), make("intent")
    assert (first.reused, again.reused) == (False, True)
    assert first.id == again.id
    assert again.model("will it rain in Bonn today") == first.model("will it rain in Bonn today")


def test_a_change_rebuilds_what_depends_on_it_and_nothing_else(make: Build, rows: MicroRows) -> None:
    def pipeline(changed: MicroRows, **intent: Any) -> dict[str, BuiltMicro]:
        first = make("intent", rows=changed, parameters=intent)
        slots = make("slots", rows=changed, needs={"intent": first})
        return {"intent": first, "slots": slots, "scope": make("scope", rows=changed)}

    before = pipeline(rows)
    assert all(one.reused for one in pipeline(rows).values())
    # Another choice for the intent: the tagger that listens to it is built again, the detector is not.
    other = pipeline(rows, levels=["two"])
    assert {name: one.reused for name, one in other.items()} == {"intent": False, "slots": False, "scope": True}
    # Other places of values: only the tagger reads them.
    moved = tuple(msgspec.structs.replace(row, spans=()) for row in rows.train[:5]) + rows.train[5:]
    after = pipeline(msgspec.structs.replace(rows, train=moved))
    assert {name: one.reused for name, one in after.items()} == {"intent": True, "slots": False, "scope": True}
    assert after["intent"].id == before["intent"].id


def test_a_rebuild_to_the_same_files_is_the_same_version(make: Build, rows: MicroRows) -> None:
    first = make("scope")
    # A row without text changes what it is built from, and not what is learned.
    padded = msgspec.structs.replace(rows, train=(*rows.train, MicroRow(text=" ", intent="book")))
    again = make("scope", rows=padded)
    assert not again.reused
    assert again.id == first.id


@pytest.mark.parametrize("change", ["seed", "code"])
def test_seed_and_code_are_part_of_what_it_is_built_from(
    make: Build, run: MicroRun, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    make("slots")
    if change == "code":
        monkeypatch.setattr(building, "code_of", lambda module: f"other {module}")
    other = msgspec.structs.replace(run, seed=1) if change == "seed" else run
    assert not make("slots", run=other).reused


def test_a_written_one_depends_on_no_seed_and_no_rows(make: Build, run: MicroRun, rows: MicroRows) -> None:
    text = 'replies.yes.text = "Done."'
    first = make("reply", parameters={"templates": text, "labels": ["yes"]})
    fewer = msgspec.structs.replace(rows, train=rows.train[:3])
    other = make(
        "reply",
        parameters={"templates": text, "labels": ["yes"]},
        rows=fewer,
        run=msgspec.structs.replace(run, seed=7),
    )
    assert other.reused
    assert not first.card.learned


def test_an_altered_one_is_built_again(make: Build) -> None:
    first = make("scope")
    (first.folder / "scope.json").write_bytes(b"{}")
    again = make("scope")
    assert not again.reused
    assert again.id == first.id
    assert (again.folder / "scope.json").read_bytes() != b"{}"


def test_an_unfinished_build_leaves_nothing(make: Build, run: MicroRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(building, "canonical_json", killed)
        with pytest.raises(KeyboardInterrupt):
            make("intent")
    assert not list((run.cache / "micro").glob("intent@*"))
    assert not make("intent").reused


@pytest.mark.parametrize("kind", ["intent", "scope", "slots"])
def test_what_was_saved_answers_alike(make: Build, tmp_path: Path, rows: MicroRows, kind: str) -> None:
    built = make(kind)
    built.save(tmp_path / "copy")
    shutil.rmtree(built.folder)
    card, model = load_micro(tmp_path / "copy", tmp_path / "cache")
    assert card == built.card
    assert [model(row.text) for row in rows.select] == [built.model(row.text) for row in rows.select]


@pytest.mark.parametrize("kind", micro_kinds.names())
def test_callers_can_resolve_the_types(kind: str) -> None:
    hints = typing.get_type_hints(micro_kinds.create(kind).model.__call__)
    assert issubclass(hints["return"], msgspec.Struct)
    assert len(hints) > 1


def test_unknown_kinds_and_parameters_are_named(make: Build) -> None:
    with pytest.raises(MicroModelUnknown, match="did you mean 'intent'"):
        make("intnt")
    with pytest.raises(TaskInvalid, match="use: encoders, levels, domains"):
        make("intent", parameters={"encoder": "tfidf"})
