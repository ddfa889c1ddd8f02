"""Measure the vector index beside faiss, hnswlib, LanceDB and chroma: recall, latency, build time, size.

Run: python bench/vectors.py [--rows N] [--queries N] [--json] [--tune]     (pip install --group bench-retrieval)

Vectors are clustered: unit centres plus gaussian noise, normalised; a query is a row of them, perturbed. Each row has
a tenant, one of 100; a filtered search is within one tenant, 1 % of the rows. All ways take turns on the same queries,
on one thread, except that LanceDB and chroma keep their own pools of threads. The settings of our index were chosen on
vectors of another seed (--tune); a peer with an effort to choose gets the least that reaches recall 0.99 on 200 other
queries of the vectors measured, and failing that, the most.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from proveout.families.retrieval import GraphSettings, VectorIndex
from proveout.trial import quantile_interval, wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Array = np.ndarray[Any, Any]
Figures = dict[str, Any]

DIMENSIONS, CENTRES, NOISE, PERTURBATION = 384, 1_000, 0.7, 0.3
TENANTS, K = 100, 10
TUNE_SEED, SEED = 1, 2
ROUNDS, WARM_UP, CHOOSING = 5, 5, 200
EFFORTS = (16, 32, 64, 128, 256, 512, 1024)
TARGET = 0.99
KINDS = ("all", "filtered")
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
TRIED = (
    GraphSettings(dtype="i8", connectivity=16, expansion_add=64),
    GraphSettings(dtype="i8", connectivity=16, expansion_add=128),
    GraphSettings(dtype="i8", connectivity=24, expansion_add=96),
    GraphSettings(dtype="f16", connectivity=16, expansion_add=128),
    GraphSettings(dtype="f32", connectivity=16, expansion_add=128),
)


class Work(NamedTuple):
    """Vectors (n, d), the tenant of each, queries (q, d) with a tenant each, and the true nearest rows, (q, K) each."""

    vectors: Array
    tenants: Array
    queries: Array
    asked: Array
    truth: dict[str, Array]


class Way(Protocol):
    """One way to search; ``efforts`` are the settings to choose from, from quick to thorough."""

    efforts: Sequence[int]

    def __init__(self, folder: Path, vectors: Array, tenants: Array) -> None:
        """Build, with everything on disk."""

    def prepare(self, effort: int) -> None:
        """Search with this effort from now on."""

    def all(self, query: Array) -> Any:
        """The K nearest rows."""

    def filtered(self, query: Array, tenant: int) -> Any:
        """The K nearest rows of a tenant."""


class Fixed:
    """A way with nothing to choose."""

    efforts: Sequence[int] = (0,)

    def prepare(self, effort: int) -> None:
        """Nothing to set."""


class Ours(Fixed):
    """Our index, as it comes; the filter is a boolean mask."""

    def __init__(self, folder: Path, vectors: Array, tenants: Array, graph: GraphSettings | None = None) -> None:
        self.index = VectorIndex.build(folder, np.arange(len(vectors)), vectors, graph=graph)
        self.masks = [tenants == tenant for tenant in range(TENANTS)]

    def all(self, query: Array) -> Any:
        """See `Way`."""
        return self.index.search(query, K)[0]

    def filtered(self, query: Array, tenant: int) -> Any:
        """See `Way`."""
        return self.index.search(query, K, self.masks[tenant])[0]


class FaissFlat(Fixed):
    """Every inner product; the filter is a bitmap."""

    def __init__(self, folder: Path, vectors: Array, tenants: Array) -> None:
        import faiss  # noqa: PLC0415  a peer, which may be absent

        faiss.omp_set_num_threads(1)
        self.index = self.filled(faiss, vectors)
        faiss.write_index(self.index, str(folder / "index.faiss"))
        self.bitmaps = [np.packbits(tenants == tenant, bitorder="little") for tenant in range(TENANTS)]
        self.parameters: Any = None
        self.within = [self.limited(faiss, faiss.IDSelectorBitmap(bitmap)) for bitmap in self.bitmaps]

    def filled(self, faiss: Any, vectors: Array) -> Any:
        """The index with its rows."""
        index = faiss.IndexFlatIP(DIMENSIONS)
        index.add(vectors)
        return index

    def limited(self, faiss: Any, selector: Any) -> Any:
        """What makes a search stay within a tenant."""
        return faiss.SearchParameters(sel=selector)

    def all(self, query: Array) -> Any:
        """See `Way`."""
        return self.index.search(query[None], K, params=self.parameters)[1][0]

    def filtered(self, query: Array, tenant: int) -> Any:
        """See `Way`."""
        return self.index.search(query[None], K, params=self.within[tenant])[1][0]


class FaissHnsw(FaissFlat):
    """faiss' HNSW over float32, 32 links."""

    efforts: Sequence[int] = EFFORTS

    def filled(self, faiss: Any, vectors: Array) -> Any:
        """See `FaissFlat`."""
        index = faiss.IndexHNSWFlat(DIMENSIONS, 32, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 128
        index.add(vectors)
        return index

    def limited(self, faiss: Any, selector: Any) -> Any:
        """See `FaissFlat`."""
        return faiss.SearchParametersHNSW(sel=selector)

    def prepare(self, effort: int) -> None:
        """See `Way`."""
        self.index.hnsw.efSearch = effort
        for parameters in self.within:
            parameters.efSearch = effort


class Hnswlib:
    """hnswlib over float32, 16 links; its filter is a Python function."""

    efforts: Sequence[int] = EFFORTS

    def __init__(self, folder: Path, vectors: Array, tenants: Array) -> None:
        import hnswlib  # noqa: PLC0415  a peer, which may be absent

        self.index = hnswlib.Index("ip", DIMENSIONS)
        self.index.init_index(len(vectors), M=16, ef_construction=128, random_seed=0)
        self.index.add_items(vectors, num_threads=1)
        self.index.save_index(str(folder / "index.hnsw"))
        self.of = tenants.tolist()

    def prepare(self, effort: int) -> None:
        """See `Way`."""
        self.index.set_ef(effort)

    def all(self, query: Array) -> Any:
        """See `Way`."""
        return self.index.knn_query(query, K, num_threads=1)[0][0]

    def filtered(self, query: Array, tenant: int) -> Any:
        """See `Way`."""
        try:
            return self.index.knn_query(query, K, num_threads=1, filter=lambda row: self.of[row] == tenant)[0][0]
        except RuntimeError:  # what hnswlib raises when it found fewer than K
            return np.zeros(0, dtype=np.int64)


class Lance:
    """LanceDB with IVF_HNSW_SQ, three times as many rows rescored, and a bitmap index over tenants."""

    efforts: Sequence[int] = EFFORTS[1:]

    def __init__(self, folder: Path, vectors: Array, tenants: Array) -> None:
        import lancedb  # noqa: PLC0415  a peer, which may be absent
        import pyarrow as pa  # noqa: PLC0415  a peer, which may be absent
        from lancedb.index import Bitmap, HnswSq  # noqa: PLC0415  a peer, which may be absent

        column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSIONS)
        rows = pa.table({"id": np.arange(len(vectors)), "tenant": tenants, "vector": column})
        self.table = lancedb.connect(str(folder)).create_table("rows", rows)
        self.table.create_index("vector", config=HnswSq(distance_type="cosine", m=16, ef_construction=128))
        self.table.create_index("tenant", config=Bitmap())
        self.effort = 0

    def prepare(self, effort: int) -> None:
        """See `Way`."""
        self.effort = effort

    def all(self, query: Array) -> Any:
        """See `Way`."""
        return self.found(self.table.search(query))

    def filtered(self, query: Array, tenant: int) -> Any:
        """See `Way`."""
        return self.found(self.table.search(query).where(f"tenant = {tenant}", prefilter=True))

    def found(self, search: Any) -> Any:
        """The rows of a prepared search."""
        search = search.distance_type("cosine").limit(K).ef(self.effort).refine_factor(3).select(["id", "_distance"])
        return search.to_arrow()["id"].to_numpy()


class Chroma(Fixed):
    """chroma's persistent client; the filter is over metadata. Its effort is fixed: a later change has no effect."""

    def __init__(self, folder: Path, vectors: Array, tenants: Array) -> None:
        import chromadb  # noqa: PLC0415  a peer, which may be absent

        client = chromadb.PersistentClient(str(folder), chromadb.Settings(anonymized_telemetry=False))
        graph = {"space": "ip", "max_neighbors": 16, "ef_construction": 128, "ef_search": 256, "num_threads": 1}
        self.rows = client.create_collection("rows", configuration={"hnsw": graph}, embedding_function=None)
        step = client.get_max_batch_size()
        for start in range(0, len(vectors), step):
            part = range(start, min(start + step, len(vectors)))
            self.rows.add(
                ids=[str(row) for row in part],
                embeddings=vectors[start : start + step],
                metadatas=[{"tenant": int(tenants[row])} for row in part],
            )

    def all(self, query: Array) -> Any:
        """See `Way`."""
        return np.array(self.rows.query(query_embeddings=[query], n_results=K, include=[])["ids"][0], dtype=np.int64)

    def filtered(self, query: Array, tenant: int) -> Any:
        """See `Way`."""
        found = self.rows.query(query_embeddings=[query], n_results=K, include=[], where={"tenant": tenant})
        return np.array(found["ids"][0], dtype=np.int64)


WAYS: dict[str, Callable[[Path, Array, Array], Way]] = {
    "proveout": Ours,
    "faiss flat": FaissFlat,
    "faiss HNSW": FaissHnsw,
    "hnswlib": Hnswlib,
    "LanceDB": Lance,
    "chroma": Chroma,
}


def made(rows: int, queries: int, seed: int) -> Work:
    """A workload of that seed."""
    rng = np.random.default_rng(seed)
    centres = unit(rng.standard_normal((CENTRES, DIMENSIONS), dtype=np.float32))
    vectors = unit(centres[rng.integers(CENTRES, size=rows)] + noise(rng, rows, NOISE))
    asked = unit(vectors[rng.choice(rows, queries, replace=False)] + noise(rng, queries, PERTURBATION))
    tenants, wanted = rng.integers(TENANTS, size=rows), rng.integers(TENANTS, size=queries)
    truth = {kind: np.zeros((queries, K), dtype=np.int64) for kind in KINDS}
    for row, query in enumerate(asked):
        cosines = vectors @ query
        truth["all"][row] = np.argsort(-cosines)[:K]
        truth["filtered"][row] = np.argsort(np.where(tenants == wanted[row], -cosines, np.inf))[:K]
    return Work(vectors, tenants, asked, wanted, truth)


def unit(vectors: Array) -> Array:
    """Rows scaled to length 1."""
    scaled: Array = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def noise(rng: np.random.Generator, rows: int, length: float) -> Array:
    """Gaussian vectors whose expected squared length is the square of ``length``."""
    return rng.standard_normal((rows, DIMENSIONS), dtype=np.float32) * np.float32(length / np.sqrt(DIMENSIONS))


def ask(way: Way, work: Work, kind: str, row: int) -> Any:
    """The rows that a way finds for a query."""
    query = work.queries[row]
    return way.all(query) if kind == "all" else way.filtered(query, int(work.asked[row]))


def recall(way: Way, work: Work, kind: str, row: int) -> float:
    """Share of the true nearest rows that a way finds."""
    return len(np.intersect1d(ask(way, work, kind, row), work.truth[kind][row])) / K


def chosen(way: Way, work: Work, kind: str, rows: range) -> int:
    """The least effort that reaches the target on these queries; the largest, if none does."""
    for effort in way.efforts[:-1]:
        way.prepare(effort)
        if np.mean([recall(way, work, kind, row) for row in rows]) >= TARGET:
            return effort
    return way.efforts[-1]


class Asked(NamedTuple):
    """One timed search: milliseconds on the clock, milliseconds of processor time of all threads, and recall."""

    wait: float
    cpu: float
    recall: float


def timed(way: Way, work: Work, kind: str, rows: Sequence[int]) -> list[Asked]:
    """Each query once, after a few that do not count."""
    for row in rows[:WARM_UP]:
        ask(way, work, kind, row)
    results = []
    for row in rows:
        begun, used = time.perf_counter(), time.process_time()
        found = ask(way, work, kind, row)
        cpu, wait = time.process_time() - used, time.perf_counter() - begun
        results.append(Asked(wait * 1000, cpu * 1000, len(np.intersect1d(found, work.truth[kind][row])) / K))
    return results


def built(name: str, folder: Path, work: Work) -> tuple[Way, Figures] | None:
    """A way with its build time and size; None when it is not installed."""
    folder.mkdir()
    begun, used = time.perf_counter(), time.process_time()
    try:
        way = WAYS[name](folder, work.vectors, work.tenants)
    except ModuleNotFoundError:
        return None
    took, cpu = time.perf_counter() - begun, time.process_time() - used
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return way, {"build_seconds": took, "build_cpu_seconds": cpu, "bytes": size}


def measure(work: Work, names: Sequence[str], folder: Path) -> dict[str, Figures | None]:
    """Build all, choose efforts, then let all take turns."""
    ways, found = {}, dict[str, Figures | None]()
    for name in names:
        made_now = built(name, folder / name.replace(" ", "-"), work)
        found[name] = made_now and made_now[1]
        if made_now:
            ways[name] = made_now[0]
        print(f"built {name}" if made_now else f"{name}: not installed", file=sys.stderr, flush=True)
    count = len(work.queries)
    choosing, judged = range(min(CHOOSING, count // 2)), np.arange(min(CHOOSING, count // 2), count)
    for kind in KINDS:
        efforts = {name: chosen(way, work, kind, choosing) for name, way in ways.items()}
        results: dict[str, list[Asked]] = {name: [] for name in ways}
        for rows in np.array_split(judged, ROUNDS):
            for name, way in ways.items():
                way.prepare(efforts[name])
                results[name] += timed(way, work, kind, rows.tolist())
        summaries = summary(results, efforts)
        for name in ways:
            (found[name] or {})[kind] = summaries[name]
    return found


def summary(results: dict[str, list[Asked]], efforts: dict[str, int]) -> dict[str, Figures]:
    """Recall, quantiles and ratio to ours, each with a 95 % interval.

    The results of one query are not independent, so recall has Wilson's interval for as many trials as queries, which
    is at least as wide as theirs.
    """
    columns = {name: np.array(rows).T for name, rows in results.items()}
    figures: dict[str, Figures] = {}
    for name, (waits, cpu, recalls) in columns.items():
        interval = wilson(round(float(recalls.sum())), len(recalls))
        figures[name] = {
            "effort": efforts[name],
            "recall": (float(recalls.mean()), *(interval or (0, 0, 0))[1:]),
            "p50_ms": quantile_interval(waits, 0.5),
            "p99_ms": quantile_interval(waits, 0.99),
            "p50_cpu_ms": quantile_interval(cpu, 0.5),
            "times_ours": ratio(waits, columns["proveout"][0]),
        }
    return figures


def ratio(theirs: Array, ours: Array) -> tuple[float, float, float]:
    """Median wait over our median wait, with a bootstrap interval over queries (percentiles, 1,000 resamples)."""
    picks = np.random.default_rng(0).integers(len(ours), size=(1_000, len(ours)))
    spread = np.median(theirs[picks], axis=1) / np.median(ours[picks], axis=1)
    low, high = np.percentile(spread, [2.5, 97.5])
    return float(np.median(theirs) / np.median(ours)), float(low), float(high)


def show(found: dict[str, Figures | None]) -> None:
    """A table for each kind of search, and one of builds."""
    columns = {"recall": 4, "p50_ms": 3, "p99_ms": 2, "p50_cpu_ms": 3, "times_ours": 2}
    for kind in KINDS:
        print(f"\n{'filtered to 1 %' if kind == 'filtered' else 'unfiltered'}, k = {K}")
        print(f"{'':<24}" + "".join(f"{column.replace('_', ' '):>24}" for column in columns) + f"{'effort':>8}")
        for name, figures in found.items():
            if figures is None:
                print(f"{name:<24}{'not installed':>24}")
                continue
            cells = [spread(figures[kind][column], digits) for column, digits in columns.items()]
            print(f"{name:<24}" + "".join(f"{cell:>24}" for cell in cells) + f"{figures[kind]['effort'] or '-':>8}")
    print(f"\n{'':<24}{'build s':>12}{'build cpu s':>12}{'MB on disk':>12}")
    for name, figures in found.items():
        if figures:
            cells = [f"{figures[key]:.1f}" for key in ("build_seconds", "build_cpu_seconds")]
            print(f"{name:<24}" + "".join(f"{cell:>12}" for cell in [*cells, f"{figures['bytes'] / 1e6:.1f}"]))


def spread(interval: Sequence[float | None], digits: int) -> str:
    """A value with its interval."""
    value, low, high = ("?" if one is None else f"{one:.{digits}f}" for one in interval)
    return f"{value} ({low}-{high})"


def tuning(work: Work, folder: Path) -> dict[str, Figures | None]:
    """Our index with each of the settings tried, beside its defaults."""
    for graph in TRIED:
        name = f"{graph.dtype}, {graph.connectivity} links, add {graph.expansion_add}"
        WAYS[name] = lambda folder, vectors, tenants, graph=graph: Ours(folder, vectors, tenants, graph)  # type: ignore[misc]
    return measure(work, ["proveout", *list(WAYS)[-len(TRIED) :]], folder)


def main() -> None:
    """Print the tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=1_200)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--tune", action="store_true", help="compare settings of our index on vectors of another seed")
    options = parser.parse_args()
    if not THREADS.items() <= os.environ.items():
        # Libraries read these when they are loaded.
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | THREADS)  # noqa: S606  itself again
    work = made(options.rows, options.queries, TUNE_SEED if options.tune else SEED)
    with tempfile.TemporaryDirectory() as folder:
        found = tuning(work, Path(folder)) if options.tune else measure(work, list(WAYS), Path(folder))
    facts = {"rows": options.rows, "dimensions": DIMENSIONS, "queries": options.queries, "k": K, "found": found}
    print(json.dumps(facts)) if options.json else show(found)


if __name__ == "__main__":
    main()
