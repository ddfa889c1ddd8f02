from __future__ import annotations

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import ExtraMissing, IndexCorrupt
from proveout.families.retrieval import VectorIndex
from proveout.task import canonical_json, content_hash

Array = np.ndarray[Any, Any]
FILES = ("ids.i64", "vectors.f32", "graph.usearch", "node-rows.i64", "node-starts.i64", "manifest.json")
ROWS, DIMENSIONS = 3_000, 24


def unit(vectors: Array) -> Array:
    scaled: Array = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def clustered(rows: int, dimensions: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    centres = unit(rng.standard_normal((max(1, rows // 50), dimensions)))
    noise = rng.standard_normal((rows, dimensions)) * 0.5 / np.sqrt(dimensions)
    return unit(centres[rng.integers(len(centres), size=rows)] + noise)


def brute(ids: Array, vectors: Array, query: Array, k: int, rows: Array | None = None) -> tuple[list[int], list[float]]:
    """The definition, one row at a time: cosine descending, then id."""
    found = [
        (-float(np.einsum("ij,j->i", vectors[row : row + 1], query)[0]), int(ids[row]))
        for row in (range(len(ids)) if rows is None else rows)
    ]
    best = sorted(found)[:k]
    return [one for _, one in best], [-cosine for cosine, _ in best]


def plain(found: tuple[Array, Array]) -> tuple[list[int], list[float]]:
    return found[0].tolist(), found[1].tolist()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with a graph, whose ids are not in the order of its rows."""
    pytest.importorskip("usearch")
    made = tmp_path_factory.mktemp("graph")
    ids = np.random.default_rng(9).permutation(10 * ROWS)[:ROWS]
    VectorIndex.build(made, ids, clustered(ROWS, DIMENSIONS, seed=3), exact_below=ROWS)
    return made


@pytest.fixture(scope="module")
def exact(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> VectorIndex:
    """The same rows without a graph."""
    ids = np.fromfile(folder / "ids.i64", dtype="<i8")
    vectors = np.fromfile(folder / "vectors.f32", dtype="<f4").reshape(ROWS, DIMENSIONS)
    return VectorIndex.build(tmp_path_factory.mktemp("exact"), ids, vectors)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


@st.composite
def searches(draw: st.DrawFn) -> tuple[Array, Array, Array, int, Array | None]:
    """Ids, vectors (some equal), a query, k and the allowed positions."""
    rows, dimensions = draw(st.integers(0, 60)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    pool = unit(rng.standard_normal((draw(st.integers(1, 61)), dimensions)))
    vectors = pool[rng.integers(len(pool), size=rows)]
    ids = rng.choice(np.arange(-200, 200), size=rows, replace=False)
    allowed = draw(st.none() | st.lists(st.integers(0, rows - 1)).map(np.array)) if rows else None
    return ids, vectors, unit(rng.standard_normal((1, dimensions)))[0], draw(st.integers(1, 70)), allowed


@given(searches())
@settings(deadline=None, max_examples=100)
def test_a_search_is_brute_force_with_ties_by_id(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[Array, Array, Array, int, Array | None]
) -> None:
    ids, vectors, query, k, allowed = case
    index = VectorIndex.build(tmp_path_factory.mktemp("index"), ids, vectors)
    rows = None if allowed is None else np.unique(allowed).astype(int)
    expected = brute(ids, vectors, query, k, rows)
    found = index.search(query, k, allowed)
    assert (found[0].dtype, found[1].dtype) == (np.int64, np.float32)
    assert plain(found) == expected
    if rows is not None:
        mask = np.zeros(len(ids), dtype=bool)
        mask[rows] = True
        assert plain(index.search(query, k, mask)) == expected
    assert [plain(one) for one in index.search_many(np.stack([query, -query]), k)] == [
        plain(index.search(query, k)),
        plain(index.search(-query, k)),
    ]


@given(st.integers(0, 2**32), st.integers(1, 400), st.sampled_from([384, 385, 7]))
@settings(deadline=None, max_examples=30)
def test_cosines_have_the_same_bits_in_any_company(seed: int, count: int, dimensions: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, queries = unit(rng.standard_normal((400, dimensions))), unit(rng.standard_normal((3, dimensions)))
    index = built(vectors)
    rows = rng.choice(400, size=count, replace=False)
    for query, many in zip(queries, index.search_many(queries, 400), strict=True):
        bits = dict(zip(*(part.tolist() for part in index.search(query, 400)), strict=True))
        some = dict(zip(*(part.tolist() for part in index.search(query, 400, rows)), strict=True))
        assert some == {row: bits[row] for row in rows.tolist()}
        assert plain(many) == plain(index.search(query, 400))
        assert max(abs(bits[row] - float(vectors[row].astype(float) @ query.astype(float))) for row in bits) < 1e-6


def built(vectors: Array) -> VectorIndex:
    """In a folder that is gone at once: what is mapped stays readable."""
    with TemporaryDirectory() as folder:
        return VectorIndex.build(Path(folder), np.arange(len(vectors)), vectors)


def test_the_graph_finds_what_an_exact_search_finds(folder: Path, exact: VectorIndex) -> None:
    index = VectorIndex.open(folder)
    rng = np.random.default_rng(1)
    queries = unit(clustered(ROWS, DIMENSIONS, seed=3)[:100] + rng.standard_normal((100, DIMENSIONS)) * 0.02)
    hits = 0
    for query in queries:
        approximate, truth = index.search(query, 10), exact.search(query, 10)
        hits += len(set(approximate[0].tolist()) & set(truth[0].tolist()))
        bits = dict(zip(truth[0].tolist(), truth[1].tolist(), strict=True))
        assert all(
            bits.get(one, cosine) == cosine for one, cosine in zip(*map(np.ndarray.tolist, approximate), strict=True)
        )
        assert (np.diff(approximate[1]) <= 0).all()
    assert hits >= 990
    assert [plain(one) for one in index.search_many(queries, 10)] == [plain(index.search(one, 10)) for one in queries]


@pytest.mark.parametrize("share", [0.9, 0.3, 0.06, 0.01, 0.0])
def test_filter_paths_agree(folder: Path, exact: VectorIndex, share: float) -> None:
    index = VectorIndex.open(folder)
    rng = np.random.default_rng(2)
    hits = wanted = 0
    for query in clustered(ROWS, DIMENSIONS, seed=3)[:60]:
        mask = rng.random(ROWS) < share
        found, truth = index.search(query, 10, mask), exact.search(query, 10, mask)
        assert plain(index.search(query, 10, np.flatnonzero(mask))) == plain(found)
        assert set(found[0].tolist()) <= set(np.fromfile(folder / "ids.i64", dtype="<i8")[mask].tolist())
        assert len(found[0]) == len(truth[0]) == min(10, mask.sum())
        if share < 0.05:
            assert plain(found) == plain(truth)
        hits, wanted = hits + len(np.intersect1d(found[0], truth[0])), wanted + len(truth[0])
    assert hits >= 0.99 * wanted


def test_a_filter_away_from_the_query_falls_back_to_an_exact_search(folder: Path, exact: VectorIndex) -> None:
    query = clustered(ROWS, DIMENSIONS, seed=3)[0]
    mask = np.fromfile(folder / "vectors.f32", dtype="<f4").reshape(ROWS, DIMENSIONS) @ query < 0
    assert 0.3 < mask.mean() < 0.7
    assert plain(VectorIndex.open(folder).search(query, 10, mask)) == plain(exact.search(query, 10, mask))


def test_threads_may_share_an_index(folder: Path) -> None:
    index, queries = VectorIndex.open(folder), clustered(ROWS, DIMENSIONS, seed=3)[:300]
    alone = [plain(index.search(query, 10)) for query in queries]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda query: plain(index.search(query, 10)), [*queries] * 4))
    assert together == alone * 4


def test_equal_vectors_neither_hide_others_nor_break_ties_at_random(tmp_path: Path) -> None:
    pytest.importorskip("usearch")
    vectors = clustered(ROWS, DIMENSIONS, seed=6)
    vectors[500:1500] = vectors[0]
    vectors[1500:1800] = np.repeat(vectors[100:130], 10, axis=0)
    ids = np.random.default_rng(7).permutation(ROWS)
    index = VectorIndex.build(tmp_path / "graph", ids, vectors, exact_below=1)
    exact = VectorIndex.build(tmp_path / "exact", ids, vectors)
    asked = [0, *range(100, 130), *range(2000, 2060)]
    found = [(index.search(vectors[row], 10), exact.search(vectors[row], 10)) for row in asked]
    assert plain(found[0][0]) == plain(found[0][1])
    assert sum(len(np.intersect1d(ours[0], truth[0])) for ours, truth in found) >= 9.9 * len(asked)


def test_k_beyond_the_graphs_reach_is_exact(folder: Path, exact: VectorIndex) -> None:
    query = clustered(ROWS, DIMENSIONS, seed=3)[5]
    for k in (500, ROWS, 2 * ROWS):
        assert plain(VectorIndex.open(folder).search(query, k)) == plain(exact.search(query, k))


def test_the_same_rows_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    ids = np.fromfile(folder / "ids.i64", dtype="<i8")
    again = VectorIndex.build(tmp_path, ids, clustered(ROWS, DIMENSIONS, seed=3), exact_below=ROWS)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == {
        name: (folder / name).read_bytes() for name in FILES
    }
    assert again.fingerprint == VectorIndex.open(folder).fingerprint
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    VectorIndex.build(tmp_path, np.zeros(0, dtype=np.int64), np.zeros((0, 4), dtype=np.float32))
    index = VectorIndex.open(tmp_path)
    query = np.array([1, 0, 0, 0], dtype=np.float32)
    nothing: list[Array | None] = [None, np.zeros(0, dtype=bool), np.zeros(0, dtype=int)]
    for allowed in nothing:
        assert plain(index.search(query, 3, allowed)) == ([], [])
    assert [plain(one) for one in index.search_many(query[None], 3)] == [([], [])]
    assert len(index) == 0


def test_nothing_allowed_finds_nothing(exact: VectorIndex) -> None:
    assert plain(exact.search(np.ones(DIMENSIONS), 3, np.zeros(ROWS, dtype=bool))) == ([], [])


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_found_out(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(IndexCorrupt, match=name):
        VectorIndex.open(copy)


@pytest.mark.parametrize("name", FILES)
@given(where=st.floats(0, 1, exclude_max=True))
@settings(deadline=None, max_examples=8)
def test_a_truncated_file_is_found_out(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, name: str, where: float
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path_factory.mktemp("cut") / "copy"))
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[: int(where * len(content))])
    with pytest.raises(IndexCorrupt, match=name):
        VectorIndex.open(copy)


@pytest.mark.parametrize("name", FILES)
@given(where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
@settings(deadline=None, max_examples=8)
def test_an_altered_byte_is_found_out(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, name: str, where: float, flip: int
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path_factory.mktemp("flip") / "copy"))
    content = bytearray((copy / name).read_bytes())
    content[int(where * len(content))] ^= flip
    (copy / name).write_bytes(content)
    with pytest.raises(IndexCorrupt, match=name):
        VectorIndex.open(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_index_is_found_out(copy: Path, tmp_path: Path, name: str) -> None:
    vectors = clustered(ROWS, DIMENSIONS, seed=4)
    vectors[9] = vectors[3]
    VectorIndex.build(tmp_path / "other", np.arange(ROWS), vectors, exact_below=ROWS)
    shutil.copy(tmp_path / "other" / name, copy / name)
    with pytest.raises(IndexCorrupt):
        VectorIndex.open(copy)


def test_a_manifest_edited_to_fit_is_found_out(copy: Path) -> None:
    fields = msgspec.json.decode((copy / "manifest.json").read_bytes())
    (copy / "manifest.json").write_bytes(canonical_json(fields | {"rows": ROWS - 1}))
    with pytest.raises(IndexCorrupt, match="manifest"):
        VectorIndex.open(copy)
    (copy / "manifest.json").write_text("[]")
    with pytest.raises(IndexCorrupt, match="manifest"):
        VectorIndex.open(copy)


def test_an_index_of_a_later_version_is_found_out(copy: Path) -> None:
    fields = msgspec.json.decode((copy / "manifest.json").read_bytes()) | {"format": 2, "fingerprint": ""}
    (copy / "manifest.json").write_bytes(canonical_json(fields | {"fingerprint": content_hash(fields)}))
    with pytest.raises(IndexCorrupt, match="another version"):
        VectorIndex.open(copy)


def test_a_folder_without_an_index_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(IndexCorrupt, match="missing"):
        VectorIndex.open(tmp_path / "nowhere")


def test_a_rebuild_leaves_an_open_index_as_it_was(copy: Path) -> None:
    index, query = VectorIndex.open(copy), clustered(ROWS, DIMENSIONS, seed=3)[0]
    before = plain(index.search(query, 10))
    VectorIndex.build(copy, np.arange(ROWS), clustered(ROWS, DIMENSIONS, seed=4), exact_below=ROWS)
    assert plain(index.search(query, 10)) == before
    assert plain(VectorIndex.open(copy).search(query, 10)) != before


def test_usearch_is_asked_for_only_when_there_is_a_graph(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    vectors = clustered(100, 8, seed=0)
    assert VectorIndex.build(tmp_path / "exact", np.arange(100), vectors).search(vectors[3], 1)[0].tolist() == [3]
    with pytest.raises(ExtraMissing, match=r"proveout\[retrieval\]"):
        VectorIndex.build(tmp_path / "graph", np.arange(100), vectors, exact_below=100)
    with pytest.raises(ExtraMissing, match="retrieval"):
        VectorIndex.open(copy)


@pytest.mark.parametrize(
    ("ids", "vectors"),
    [
        ([1, 1], [[1, 0], [0, 1]]),
        ([1], [[1, 0], [0, 1]]),
        ([1], [1, 0]),
        ([1, 2], [[1, 0], [0, 2]]),
        ([1, 2], [[1, 0], [0, 0]]),
        ([1, 2], [[1, 0], [np.nan, 1]]),
    ],
)
def test_rows_that_cannot_be_searched_are_refused(tmp_path: Path, ids: list[int], vectors: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"ids|length"):
        VectorIndex.build(tmp_path, np.array(ids), np.array(vectors, dtype=np.float32))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("query", "k", "allowed"),
    [
        (np.ones(3), 1, None),
        (np.full(DIMENSIONS, np.nan), 1, None),
        (np.ones(DIMENSIONS), 0, None),
        (np.ones(DIMENSIONS), 1, np.ones(ROWS + 1, dtype=bool)),
        (np.ones(DIMENSIONS), 1, np.array([ROWS])),
        (np.ones(DIMENSIONS), 1, np.array([-1])),
    ],
)
def test_a_malformed_search_is_refused(exact: VectorIndex, query: Array, k: int, allowed: Array | None) -> None:
    with pytest.raises(ValueError, match=r"quer|search|mask|positions"):
        exact.search(query, k, allowed)
