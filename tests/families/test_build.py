from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import proveout
from proveout.errors import ArtifactCorrupt, CandidateNotFound
from proveout.families import RetrievalCandidate, candidate_ids, load_candidate, verify_candidate
from proveout.store import Workspace


def test_a_candidate_is_reused_and_loads(desk: Path) -> None:
    first = proveout.build(desk, names=["distilled"], embedder="tfidf").built[0]
    again = proveout.build(desk, names=["distilled"], embedder="tfidf").built[0]
    assert (first.reused, again.reused) == (False, True)
    assert (again.id, again.wall_seconds) == (first.id, first.wall_seconds)
    loaded = load_candidate(Workspace(desk), first.id)
    asked = [{"text": "please refund order 7"}]
    assert loaded.answer(asked)[0].output == {"intent": "refund"} == first.candidate.answer(asked)[0].output


def test_every_altered_file_is_found(desk: Path) -> None:
    built = proveout.build(desk, names=["retrieval"], embedder="tfidf").built[0]
    workspace = Workspace(desk)
    for path in sorted(built.folder.iterdir()):
        content = path.read_bytes()
        for position in {0, len(content) // 3, len(content) - 1}:
            path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
            with pytest.raises(ArtifactCorrupt):
                load_candidate(workspace, built.id)
        path.write_bytes(content)
    (built.folder / "stray").write_text("x", encoding="utf-8")
    with pytest.raises(ArtifactCorrupt, match="stray"):
        verify_candidate(workspace, built.id)


def test_an_unknown_candidate_names_the_known(desk: Path) -> None:
    proveout.build(desk, names=["llm"])
    with pytest.raises(CandidateNotFound, match="there is llm@"):
        load_candidate(Workspace(desk), "llm@000000000000")


def test_a_kill_while_saving_leaves_no_half_candidate(desk: Path) -> None:
    proveout.snapshot(desk)
    code = (
        "import os, pathlib, signal, sys, proveout\n"
        "from proveout.families import RetrievalCandidate\n"
        "save = RetrievalCandidate.save\n"
        "def half(self, folder): save(self, folder); os.kill(os.getpid(), signal.SIGKILL)\n"
        "RetrievalCandidate.save = half\n"
        "proveout.build(pathlib.Path(sys.argv[1]), names=['retrieval'], embedder='tfidf')\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(desk)], check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    assert candidate_ids(Workspace(desk)) == []
    assert proveout.build(desk, names=["retrieval"], embedder="tfidf").built[0].reused is False
    assert proveout.verify(desk).ok
    assert not list((desk / ".proveout" / "candidates").glob(".*"))


def test_files_in_folders_are_kept_and_verified(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = RetrievalCandidate.save

    def nested(self: RetrievalCandidate, folder: Path) -> None:
        save(self, folder)
        (folder / "more").mkdir()
        (folder / "more" / "notes.txt").write_text("x", encoding="utf-8")

    monkeypatch.setattr(RetrievalCandidate, "save", nested)
    built = proveout.build(desk, names=["retrieval"], embedder="tfidf").built[0]
    assert verify_candidate(Workspace(desk), built.id).startswith("4 files")
    (built.folder / "more" / "notes.txt").write_text("y", encoding="utf-8")
    with pytest.raises(ArtifactCorrupt, match="notes"):
        load_candidate(Workspace(desk), built.id)
