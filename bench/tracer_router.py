"""TRACER's router for bench/certify.py, run in an environment of its own: python tracer_router.py FOLDER TARGET.

FOLDER holds in.npz with vectors and labels to learn from, and fresh vectors; out.npz gets what was handled, the guess,
and the seconds of fitting. TRACER gets all rows instead of its 8,000 at most, no target but this one, and no gradient
boosting, which it advises against for many labels.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from tracer import FitConfig, api
from tracer.policy.artifacts import load_pipeline


def main() -> None:
    """Fit, and route the fresh rows."""
    folder, target = Path(sys.argv[1]), float(sys.argv[2])
    given = np.load(folder / "in.npz")
    traces = folder / "traces.jsonl"
    lines = [json.dumps({"input": str(at), "teacher": f"l{label}"}) for at, label in enumerate(given["labels"])]
    traces.write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = FitConfig(
        target_teacher_agreement=target,
        frontier_targets=(target,),
        max_fit_labels=len(lines),
        skip_candidates=("gbt",),
        verbose=False,
    )
    begun = time.perf_counter()
    fitted = api.fit(traces, folder / "router", embeddings=given["vectors"], config=config)
    seconds = time.perf_counter() - begun
    handled, guess = np.zeros(len(given["fresh"]), dtype=bool), np.full(len(given["fresh"]), -1)
    if fitted.manifest.selected_method is not None:
        router, kept = api.load_router(folder / "router"), load_pipeline(folder / "router")
        names = np.array([int(name[1:]) for name in kept["label_space"]])
        routed = router.predict_batch(given["fresh"])
        handled, codes = np.asarray(routed["handled"], dtype=bool), np.asarray(routed["preds"])
        guess = np.where(codes >= 0, names[np.maximum(codes, 0)], -1)
    np.savez(folder / "out.npz", handled=handled, guess=guess, seconds=seconds)


if __name__ == "__main__":
    main()
