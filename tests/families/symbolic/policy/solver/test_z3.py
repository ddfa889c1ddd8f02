from __future__ import annotations

import sys

import pytest

from proveout.errors import ExtraMissing
from proveout.families.symbolic.policy import Policy
from proveout.families.symbolic.policy._reasoner import Reasoner
from proveout.families.symbolic.policy._z3 import z3_module


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch, desk: Policy) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    for use in (z3_module, lambda: Reasoner(desk)):
        with pytest.raises(ExtraMissing) as error:
            use()
        assert error.value.fix == 'pip install "proveout[symbolic]"'
