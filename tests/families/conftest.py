"""A built workspace, an incumbent behind a fake endpoint, and a BERT small enough to train in a test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout import loop
from proveout.data import SelectSplit, TrainSplit
from proveout.task import Example, Incumbent, Task


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a task of two intents."""
    texts = {"card": "my card {} is lost", "refund": "please refund order {}"}
    for name, numbers in (("train.csv", range(60)), ("test.csv", range(60, 80))):
        rows = [f"{text.format(number)},{intent}" for number in numbers for intent, text in texts.items()]
        (tmp_path / name).write_text("\n".join(["text,intent", *rows]), encoding="utf-8")
    examples, test = [tmp_path / "train.csv"], [tmp_path / "test.csv"]
    loop.new(tmp_path / "desk", kind="classify", examples=examples, test=test, inputs=["text"], outputs=["intent"])
    return tmp_path / "desk"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Incumbent]:
    """An incumbent at a URL, with a key."""
    monkeypatch.setenv("PROVEOUT_TEST_KEY", "sk-secret")

    def make(url: str) -> Incumbent:
        return Incumbent(
            mode="endpoint",
            base_url=url,
            model="m",
            api_key_env="PROVEOUT_TEST_KEY",
            timeout_seconds=10.0,
            examples_shown=4,
            usd_per_million_in=1.0,
            usd_per_million_out=2.0,
        )

    return make


@pytest.fixture
def booking() -> tuple[Task, tuple[TrainSplit, SelectSplit]]:
    """A task of kind ``extract`` with a text, texts, a number, a closed set and a boolean, and its rows."""
    text = {"type": "string"}
    fields = {
        "city": text,
        "guests": {"type": "array", "items": text},
        "nights": {"type": "integer"},
        "room": {"enum": ["single", "double"]},
        "refundable": {"type": "boolean"},
    }
    schema = {"type": "object", "properties": {"text": text}}
    task = Task(name="t", kind="extract", input=schema, output={"type": "object", "properties": fields})
    rows = tuple(_booking(number) for number in range(150))
    return task, (
        TrainSplit(snapshot="0" * 64, examples=rows[:120]),
        SelectSplit(snapshot="0" * 64, examples=rows[120:]),
    )


CITIES = ("Bonn", "New York", "Zürich", "Rio de Janeiro", "東京", "Lyon", "Ulm")
GUESTS = ("Ann", "Bo", "Cleo Li", "Dan", "Eve")


def _booking(number: int) -> Example:
    city, nights = CITIES[number % 7], 1 + number % 6
    first, second = GUESTS[number % 5], GUESTS[(number + 2) % 5]
    guests, refundable = [first, second] if number % 2 else [first], number % 3 == 0
    room, note = "double" if number % 2 else "single", "free cancellation" if refundable else "no refund"
    shape = number // 3
    texts = (
        f"book a stay in {city} for {' and '.join(guests)} , {nights} nights , {note} please",
        f"{nights} nights in {city.upper()} for {' and '.join(guests)} with {note}",
        f"I need a place for {' and '.join(guests)} in {city} ( {nights} nights , {note} )",
    )
    expected = {"city": city, "guests": guests, "nights": nights, "room": room, "refundable": refundable}
    return Example(id=str(number), inputs={"text": texts[shape % 3]}, expected=expected)


WORDS = ["my", "card", "is", "lost", "please", "refund", "order", "where", "the", "shop", "opens", "on", "day"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
CONFIG: dict[str, Any] = {
    "vocab_size": 0,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 128,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "hidden_act": "gelu",
}


def write_tokenizer(path: Path) -> int:
    """A WordPiece tokenizer of a few words and all letters; gives the size of its vocabulary."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors  # noqa: PLC0415  an extra

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = [*special, *LETTERS, *(f"##{letter}" for letter in LETTERS), *WORDS]
    entries = {token: number for number, token in enumerate(dict.fromkeys(vocabulary))}
    tokenizer = Tokenizer(models.WordPiece(entries, unk_token="[UNK]"))  # noqa: S106  a token of text
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(token, entries[token]) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    tokenizer.save(str(path))
    return len(entries)


def write_encoder(folder: Path, seed: int = 0) -> Path:
    """A random BERT as ``model.safetensors``, ``config.json`` and ``tokenizer.json``."""
    import torch  # noqa: PLC0415  an extra
    import transformers  # noqa: PLC0415  an extra
    from safetensors.torch import save_file  # noqa: PLC0415  needs torch

    folder.mkdir(parents=True)
    config = CONFIG | {"vocab_size": write_tokenizer(folder / "tokenizer.json")}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = transformers.BertModel(
            transformers.BertConfig(**config, initializer_range=0.2), add_pooling_layer=False
        )
    save_file(model.state_dict(), folder / "model.safetensors")
    return folder


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny random encoder; nobody changes it."""
    return write_encoder(tmp_path_factory.mktemp("encoders") / "tiny")


@pytest.fixture
def encoder_files(encoder_folder: Path) -> dict[str, Path]:
    """Its files, by their names."""
    return {path.name: path for path in encoder_folder.iterdir()}
