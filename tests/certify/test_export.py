from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proveout import certify


@pytest.mark.parametrize("wrong", [0.01, 0.4])
def test_the_bill_of_materials_is_valid_cyclonedx(made: Any, wrong: float) -> None:
    validation = pytest.importorskip("cyclonedx.validation.json")
    schema = pytest.importorskip("cyclonedx.schema")
    certificate, _ = made.certificate(made.plan(made.rows(500, seed=4)), made.rows(600, wrong=wrong))
    bom = certify.ml_bom(certificate, {"model.onnx": "ab" * 32}, version="0.1.0")
    found = validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(json.dumps(bom))
    assert found is None, found


def test_the_certificate_inside_verifies(made: Any, tmp_path: Path) -> None:
    certificate, evidence = made.certificate(made.plan(made.rows(500, seed=4)), made.rows(600))
    model = certify.ml_bom(certificate)["components"][0]
    properties = {one["name"]: one["value"] for one in model["properties"]}
    (tmp_path / "certificate.json").write_text(properties["proveout:certificate"], encoding="utf-8")
    (tmp_path / model["externalReferences"][1]["url"]).write_bytes(evidence)
    assert certify.verify_certificate(tmp_path / "certificate.json", key=made.key) == []
    metrics = model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert {one["type"] for one in metrics} == {"coverage", "disagreement"}


def test_the_model_card_says_what_the_certificate_does(made: Any) -> None:
    names = ("a|b", "c")
    plan = made.plan(made.rows(900, seed=4, wrong=0.0, segments=names))
    card = certify.model_card(made.certificate(plan, made.rows(900, wrong=0.0, segments=names))[0])
    assert card.startswith("# Model card: distilled@0123456789ab\n")
    assert "a\\|b" in card
    small = certify.model_card(made.certificate(plan, made.rows(40, segments=names))[0])
    assert small.count("not certified here, goes to the incumbent") == 2
