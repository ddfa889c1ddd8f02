from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from proveout.families import fit_embedder

TEXTS = ["where is my card", "hi", "please tell me in as many words as it takes why my refund has not come yet", "card"]


@pytest.mark.parametrize("name", ["minilm-int8", "minilm"])
def test_a_vector_does_not_depend_on_the_texts_beside_it(name: str, tmp_path: Path) -> None:
    encoder = fit_embedder(name, (), tmp_path)
    together = encoder.embed(TEXTS)
    apart = np.concatenate([encoder.embed([text]) for text in TEXTS])
    if name == "minilm-int8":
        np.testing.assert_array_equal(together, apart)
    np.testing.assert_allclose(together, apart, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_vectors(tmp_path: Path) -> None:
    assert len(fit_embedder("minilm-int8", (), tmp_path).embed([])) == 0
