"""BERT weights as an ONNX graph, without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.errors import ExtraMissing
from proveout.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["bert_to_onnx"]

OPSET = 17
IR_VERSION = 9


def bert_to_onnx(weights: Path, config: Path, target: Path) -> None:
    """Write the encoder of Devlin et al. (2019) as ONNX: ids, mask and types in, the last hidden state out.

    Args:
        weights: a safetensors file with the names of Hugging Face's ``BertModel``.
        config: its ``config.json``.
        target: where the graph goes; it appears whole or not at all.

    Raises:
        ExtraMissing: the package ``onnx`` is not installed.
    """
    try:
        import onnx  # noqa: PLC0415  an extra
    except ImportError as error:
        fix = 'pip install "proveout[convert]"; or use the embedder minilm-int8, which is ONNX already'
        raise ExtraMissing("an extra is missing", why=f"no module {error.name}", fix=fix, about="convert") from error
    from safetensors.numpy import load_file  # noqa: PLC0415

    graph = _Graph(onnx, load_file(weights), msgspec.json.decode(config.read_bytes()))
    write_atomic(target, graph.model().SerializeToString())


class _Graph:
    """Collects nodes and constants; every method returns the name of its result."""

    def __init__(self, onnx: Any, weights: dict[str, Any], config: dict[str, Any]) -> None:
        self._onnx = onnx
        self._weights = {name.removeprefix("bert."): value for name, value in weights.items()}
        self._config = config
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def model(self) -> Any:
        """The whole network."""
        helper, kind = self._onnx.helper, self._onnx.TensorProto
        hidden = self._embeddings()
        bias = self._mask()
        for layer in range(self._config["num_hidden_layers"]):
            hidden = self._layer(f"encoder.layer.{layer}", hidden, bias)
        self._nodes.append(helper.make_node("Identity", [hidden], ["last_hidden_state"]))
        shape = ["batch", "tokens"]
        names = ("input_ids", "attention_mask", "token_type_ids")
        inputs = [helper.make_tensor_value_info(name, kind.INT64, shape) for name in names]
        width = self._config["hidden_size"]
        output = helper.make_tensor_value_info("last_hidden_state", kind.FLOAT, [*shape, width])
        graph = helper.make_graph(self._nodes, "bert", inputs, [output], list(self._initializers()))
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        self._onnx.checker.check_model(made)
        return made

    def _initializers(self) -> Iterator[Any]:
        for name, value in self._constants.items():
            yield self._onnx.numpy_helper.from_array(value, name)

    def _op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def _weight(self, name: str, *, transposed: bool = False) -> str:
        value = self._weights[name]
        self._constants[name] = np.ascontiguousarray(value.T if transposed else value)
        return name

    def _constant(self, value: Any, dtype: Any) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants[name] = np.array(value, dtype=dtype)
        return name

    def _linear(self, name: str, hidden: str) -> str:
        product = self._op("MatMul", hidden, self._weight(f"{name}.weight", transposed=True))
        return self._op("Add", product, self._weight(f"{name}.bias"))

    def _norm(self, name: str, hidden: str) -> str:
        scale, shift = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        epsilon = self._config["layer_norm_eps"]
        return self._op("LayerNormalization", hidden, scale, shift, axis=-1, epsilon=epsilon)

    def _embeddings(self) -> str:
        words = self._op("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        types = self._op("Gather", self._weight("embeddings.token_type_embeddings.weight"), "token_type_ids")
        length = self._op("Gather", self._op("Shape", "input_ids"), self._constant(1, np.int64))
        places = self._op("Range", self._constant(0, np.int64), length, self._constant(1, np.int64))
        positions = self._op("Gather", self._weight("embeddings.position_embeddings.weight"), places)
        return self._norm("embeddings.LayerNorm", self._op("Add", self._op("Add", words, types), positions))

    def _mask(self) -> str:
        """0 where a token stands and a large negative number where padding does, shape (batch, 1, 1, tokens)."""
        mask = self._op("Cast", "attention_mask", to=self._onnx.TensorProto.FLOAT)
        absent = self._op("Sub", self._constant(1.0, np.float32), mask)
        wide = self._op("Unsqueeze", absent, self._constant([1, 2], np.int64))
        return self._op("Mul", wide, self._constant(-1e9, np.float32))

    def _layer(self, name: str, hidden: str, bias: str) -> str:
        attended = self._linear(
            f"{name}.attention.output.dense", self._attention(f"{name}.attention.self", hidden, bias)
        )
        hidden = self._norm(f"{name}.attention.output.LayerNorm", self._op("Add", attended, hidden))
        inner = self._gelu(self._linear(f"{name}.intermediate.dense", hidden))
        return self._norm(
            f"{name}.output.LayerNorm", self._op("Add", self._linear(f"{name}.output.dense", inner), hidden)
        )

    def _attention(self, name: str, hidden: str, bias: str) -> str:
        heads = self._config["num_attention_heads"]
        width = self._config["hidden_size"] // heads
        query, key, value = (
            self._heads(self._linear(f"{name}.{part}", hidden), heads, width) for part in ("query", "key", "value")
        )
        scores = self._op("MatMul", query, self._op("Transpose", key, perm=[0, 1, 3, 2]))
        scaled = self._op("Div", scores, self._constant(np.sqrt(width), np.float32))
        weights = self._op("Softmax", self._op("Add", scaled, bias), axis=-1)
        joined = self._op("Transpose", self._op("MatMul", weights, value), perm=[0, 2, 1, 3])
        return self._op("Reshape", joined, self._constant([0, 0, heads * width], np.int64))

    def _heads(self, hidden: str, heads: int, width: int) -> str:
        split = self._op("Reshape", hidden, self._constant([0, 0, heads, width], np.int64))
        return self._op("Transpose", split, perm=[0, 2, 1, 3])

    def _gelu(self, hidden: str) -> str:
        scaled = self._op("Div", hidden, self._constant(np.sqrt(2.0), np.float32))
        shifted = self._op("Add", self._op("Erf", scaled), self._constant(1.0, np.float32))
        return self._op("Mul", self._op("Mul", hidden, shifted), self._constant(0.5, np.float32))
