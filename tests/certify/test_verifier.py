from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proveout import certify
from proveout.certify import _verifier

FUZZED = 2000
LEAVES = st.none() | st.booleans() | st.floats() | st.text()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@pytest.mark.parametrize("claim", ["agreement", "non-inferiority"])
@pytest.mark.parametrize(
    "kind",
    [{}, {"segments": ("a", "b", "c")}, {"sessions": 350}, {"unlabelled": 0.2}, {"wrong": 0.4}, {"wrong": 0.0}],
    ids=str,
)
def test_what_was_issued_verifies(made: Any, write: Any, claim: str, kind: dict[str, Any]) -> None:
    plan = made.plan(made.rows(700, seed=5, **kind), claim=claim, alpha=0.04)
    path = write(*made.certificate(plan, made.rows(900, **kind)))
    assert certify.verify_certificate(path, key=made.key) == []
    assert certify.verify_certificate(path) == []


def small(made: Any) -> tuple[certify.Certificate, bytes]:
    """A certificate of few bytes, so that each can be changed."""
    rows = made.rows(30, wrong=0.0)
    grid = certify.Grid(claim="agreement", alpha=0.2, delta=0.05, thresholds=(0.6, 0.1))
    certificate, evidence = made.certificate(msgspec.structs.replace(made.plan(rows), grid=grid), rows)
    assert certificate.certified
    return certificate, evidence


def verified(content: bytes, evidence: bytes) -> list[str]:
    return _verifier._verify(content, lambda _: evidence, None)


def test_every_changed_byte_is_rejected(made: Any) -> None:
    certificate, evidence = small(made)
    content = certify.certificate_bytes(certificate)
    assert verified(content, evidence) == []
    for at in range(len(content)):
        changed = content[:at] + bytes([content[at] ^ (1 + at % 255)]) + content[at + 1 :]
        assert verified(changed, evidence) != [], f"byte {at} of the certificate"
    for at in range(len(evidence)):
        changed = evidence[:at] + bytes([evidence[at] ^ (1 + at % 255)]) + evidence[at + 1 :]
        assert verified(content, changed) != [], f"byte {at} of the evidence"


def test_fuzzed_bytes_are_rejected(made: Any) -> None:
    certificate, evidence = small(made)
    content, chance = certify.certificate_bytes(certificate), random.Random(0)
    for at in range(FUZZED):
        pair = (mutated(content, chance), evidence) if at % 3 else (content, mutated(evidence, chance))
        assert verified(*pair) != []


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Cut, doubled, swapped or overwritten somewhere; never what it was."""
    while True:
        at, width = chance.randrange(len(content)), chance.randrange(1, 40)
        piece = content[at : at + width]
        changed = chance.choice(
            [
                content[:at],
                content[:at] + content[at + width :],
                content[:at] + piece + content[at:],
                content[:at] + chance.randbytes(width) + content[at + width :],
                content[:at] + chance.choice([b" ", b"\n", b"0", b"null", b"1e999"]) + content[at:],
            ]
        )
        if changed != content:
            return changed


def resigned(certificate: dict[str, Any], made: Any) -> bytes:
    """As somebody who holds the key would write it."""
    del certificate["signature"]
    content = json.dumps(certificate, sort_keys=True, indent=1).encode() + b"\n"
    certificate["signature"] = made.sign(content).hex()
    return json.dumps(certificate, sort_keys=True, indent=1).encode() + b"\n"


@pytest.mark.parametrize(
    "change",
    [
        {"coverage": 0.99},
        {"certified": False},
        {"alpha": 0.3},
        {"rows": 31},
        {"id": "certificate@0"},
        {"parts": []},
        {"plan_hash": "0"},
    ],
    ids=str,
)
def test_a_figure_that_does_not_follow_is_rejected_though_it_is_signed(
    made: Any, write: Any, change: dict[str, Any]
) -> None:
    path = write(*small(made))
    path.write_bytes(resigned(json.loads(path.read_bytes()) | change, made))
    assert certify.verify_certificate(path) != []


@pytest.mark.parametrize("field", ["threshold", "passed", "bound", "served", "worse", "units", "level", "coverage_low"])
def test_a_part_that_does_not_follow_is_rejected_though_it_is_signed(made: Any, write: Any, field: str) -> None:
    path = write(*small(made))
    document = json.loads(path.read_bytes())
    document["parts"][0][field] += 0.01 if isinstance(document["parts"][0][field], float) else 1
    path.write_bytes(resigned(document, made))
    assert certify.verify_certificate(path) == ["the outcome does not follow from the evidence"]


def test_another_key_is_not_trusted(made: Any, write: Any) -> None:
    path = write(*small(made))
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    assert certify.verify_certificate(path, key=other) != []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_json_is_answered_and_never_raises(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "certificate.json"
    path.write_bytes(json.dumps(value, sort_keys=True, indent=1).encode() + b"\n")
    assert certify.verify_certificate(path) != []


def test_it_shares_no_code_with_the_issuer_and_is_short() -> None:
    source = Path(_verifier.__file__).read_text(encoding="utf-8")
    assert "proveout." not in source
    assert "import proveout" not in source
    assert source.count("\n") < 200


def test_rows_that_stand_twice_are_rejected_though_they_are_signed(made: Any, write: Any) -> None:
    rows = made.rows(30, wrong=0.0)
    grid = certify.Grid(claim="agreement", alpha=0.2, delta=0.05, thresholds=(0.6, 0.1))
    plan = msgspec.structs.replace(made.plan(rows), grid=grid)
    copies = [msgspec.structs.replace(row, unit=f"copy {row.unit}") for row in rows]
    assert certify.verify_certificate(write(*made.certificate(plan, [*rows, *copies]))) == [
        "an input counts more than once"
    ]


@pytest.mark.parametrize("change", [{"spent": 0.01}, {"budget": 0.04}, {"before": 0.02}], ids=str)
def test_a_budget_that_does_not_add_up_is_rejected_though_it_is_signed(
    made: Any, write: Any, change: dict[str, Any]
) -> None:
    path = write(*small(made))
    document = json.loads(path.read_bytes())
    document["spending"] |= change
    path.write_bytes(resigned(document, made))
    assert certify.verify_certificate(path) == ["more error is spent than stated"]
