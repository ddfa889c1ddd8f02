"""BM25 over the chunks of one generation, on tantivy."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from proveout.families.retrieval._extra import extra

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    Array = np.ndarray[Any, Any]

__all__ = ["TextIndex"]

BODY, AT, ANALYSER = "body", "at", "proveout"
# One thread and a heap that a generation fits in make one segment with documents in the order given, so that equal
# texts give equal statistics, equal scores and equal ties. The heap is taken as it fills.
HEAP_BYTES = 2_000_000_000
LONGEST_TERM = 40
MOST_TERMS = 256


class TextIndex:
    """Okapi BM25 (Robertson and Zaragoza 2009; k1 = 1.2, b = 0.75) over an immutable list of texts.

    Texts and queries are split at what is no letter or digit, lower-cased, stripped of accents and stemmed (Porter,
    for English). A text is named by its position in the list.
    """

    def __init__(self, index: Any) -> None:
        # Without a thread that watches the folder for commits: there are none.
        index.config_reader("manual")
        self._schema = index.schema
        self._searcher = index.searcher()

    @classmethod
    def build(cls, folder: Path, texts: Iterable[str]) -> Self:
        """Write the index of these texts into an empty folder.

        Raises:
            ExtraMissing: tantivy is not installed.
        """
        tantivy = extra("tantivy")
        schema = tantivy.SchemaBuilder()
        schema.add_text_field(BODY, tokenizer_name=ANALYSER, index_option="freq")
        schema.add_unsigned_field(AT, indexed=True, fast=True)
        index = tantivy.Index(schema.build(), path=str(folder))
        index.register_tokenizer(ANALYSER, _analyser())
        writer = index.writer(heap_size=HEAP_BYTES, num_threads=1)
        for at, text in enumerate(texts):
            document = tantivy.Document()
            document.add_text(BODY, text)
            document.add_unsigned(AT, at)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        return cls(index)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The index in a folder whose files were checked.

        Raises:
            ExtraMissing: tantivy is not installed.
            ValueError: tantivy cannot read it.
        """
        index = extra("tantivy").Index.open(str(folder))
        index.register_tokenizer(ANALYSER, _analyser())
        return cls(index)

    def search(
        self, text: str, count: int, mask: Array | None = None, only: Array | None = None
    ) -> tuple[Array, Array]:
        """Positions and BM25 scores of the best ``count`` texts, best first, ties by position; both of shape (m,).

        Args:
            text: the query.
            count: at most so many.
            mask: which texts may be found, shape (n,), bool; searched by asking for more until enough remain.
            only: positions that may be found; searched within these alone.
        """
        query = self._query(text, only)
        if query is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        if mask is None:
            return self._found(query, count)
        wanted = 4 * count
        while True:
            at, scores = self._found(query, wanted)
            kept = mask[at]
            if len(at) < wanted or int(np.count_nonzero(kept)) >= count:
                return at[kept][:count], scores[kept][:count]
            wanted *= 4

    def _found(self, query: Any, count: int) -> tuple[Array, Array]:
        hits = self._searcher.search(query, count, count=False).hits
        if not hits:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        at = np.array(self._searcher.fast_field_values(AT, [address for _, address in hits]), dtype=np.int64)
        scores = np.array([score for score, _ in hits])
        order = np.lexsort((at, -scores))
        return at[order], scores[order]

    def _query(self, text: str, only: Array | None) -> Any:
        tantivy = extra("tantivy")
        terms = list(dict.fromkeys(_analyser().analyze(text)))[:MOST_TERMS]
        if not terms:
            return None
        kind, occur, schema = tantivy.Query, tantivy.Occur, self._schema
        parts = [(occur.Should, kind.term_query(schema, BODY, term, "freq")) for term in terms]
        if only is None:
            return kind.boolean_query(parts)
        within = kind.const_score_query(kind.term_set_query(schema, AT, only.tolist()), 0.0)
        return kind.boolean_query([(occur.Must, kind.boolean_query(parts)), (occur.Must, within)])


@cache
def _analyser() -> Any:
    tantivy = extra("tantivy")
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    kind = tantivy.Filter
    for step in (kind.remove_long(LONGEST_TERM), kind.lowercase(), kind.ascii_fold(), kind.stemmer("english")):
        builder = builder.filter(step)
    return builder.build()
