from __future__ import annotations

from pathlib import Path

import pytest

from proveout.errors import TaskNotFound, WriterBusy
from proveout.loop import opened


def test_one_writer_at_a_time(desk: Path) -> None:
    with opened(desk), pytest.raises(WriterBusy), opened(desk):
        pass
    with opened(desk) as here:
        assert here.task.kind == "classify"


def test_nothing_is_made_where_there_is_no_task(tmp_path: Path) -> None:
    with pytest.raises(TaskNotFound), opened(tmp_path / "nowhere"):
        pass
    assert not (tmp_path / "nowhere").exists()
