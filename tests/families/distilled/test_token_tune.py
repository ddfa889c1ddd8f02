from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from proveout.families._spans import Span, Token, tokenise
from proveout.families.distilled import _tune
from proveout.families.distilled._token_tune import IGNORED, STAGE, _codes, first_pieces, token_labels, tune_tokens
from proveout.families.distilled._tune import Pace

ROWS = [(f"refund order {number}", [Span(13, 13 + len(str(number)), "order")]) for number in range(8, 16)]
PACE = Pace(encoder=2e-3, head=1e-2, batch=4)


class Killed(Exception):
    """Stands for a kill."""


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tune, "ROWS_SEEN", 0)


def quiet(stage: str, done: int, total: int) -> None:
    del stage, done, total


def dies_at(number: int) -> Callable[[str, int, int], None]:
    def progress(stage: str, done: int, total: int) -> None:
        del total
        if stage == STAGE and done == number:
            raise Killed

    return progress


def trained(
    files: dict[str, Path], cache: Path, progress: Callable[[str, int, int], None] = quiet
) -> tuple[bytes, bytes]:
    found = tune_tokens(files, ROWS, token_labels(ROWS), seed=0, cache=cache, progress=progress, pace=PACE)
    assert found.losses[-1] < found.losses[0]
    return found.weights.read_bytes(), found.head["weights"].tobytes()


def test_after_a_kill_it_goes_on_to_the_same_weights(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    whole = trained(encoder_files, tmp_path / "whole")
    # Two batches an epoch: the kill falls into the third epoch.
    with pytest.raises(Killed):
        trained(encoder_files, tmp_path / "killed", dies_at(5))
    begun: list[int] = []
    assert trained(encoder_files, tmp_path / "killed", lambda _, done, __: begun.append(done)) == whole
    assert begun[0] == 4


def test_an_altered_checkpoint_is_not_gone_on_from(encoder_files: dict[str, Path], tmp_path: Path) -> None:
    whole = trained(encoder_files, tmp_path / "whole")
    with pytest.raises(Killed):
        trained(encoder_files, tmp_path / "killed", dies_at(5))
    checkpoint = next((tmp_path / "killed" / "tuned").glob("*.checkpoint"))
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    begun: list[int] = []
    assert trained(encoder_files, tmp_path / "killed", lambda _, done, __: begun.append(done)) == whole
    assert begun[0] == 0


def test_only_the_first_piece_of_a_token_is_learned_from() -> None:
    text = "to Ulm"
    offsets = [(0, 0), (0, 2), (3, 4), (4, 6), (0, 0)]
    labels = ("B-city", "O")
    assert _codes(text, [Span(3, 6, "city")], offsets, labels) == [IGNORED, 1, 0, IGNORED, IGNORED]


def test_a_token_behind_the_cut_has_no_piece_and_two_may_share_one() -> None:
    assert first_pieces(tokenise("5pm later"), [(0, 0), (0, 3), (0, 0)]) == [1, 1, -1]
    assert first_pieces([Token(0, 1)], []) == [-1]
