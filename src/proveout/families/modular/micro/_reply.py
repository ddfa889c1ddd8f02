"""Replies from templates whose every placeholder was checked when they were built."""

from __future__ import annotations

import re
import tomllib
from string import Formatter
from typing import TYPE_CHECKING, Any, Literal, Self

import msgspec

from proveout.errors import TaskInvalid
from proveout.families.modular.micro._formats import FORMATS, ValueType, written
from proveout.families.modular.micro._kinds import MicroModel, Parameters, checked_parameters, micro_kind
from proveout.families.modular.micro._rules import RulesModel
from proveout.families.modular.micro._types import Reply
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from proveout.families.modular.micro._encoders import Encoders
    from proveout.families.modular.micro._kinds import MicroRun
    from proveout.families.modular.micro._rows import MicroRows

__all__ = ["OTHERWISE", "Known", "ReplyKind", "ReplyModel", "ReplyParameters", "Template", "parse_templates"]

STATE = "reply.json"
# The template of labels that have none of their own.
OTHERWISE = "*"
NAME = re.compile(r"[a-z_][a-z0-9_]*", re.IGNORECASE | re.ASCII)
Kind = Literal["literal", "placeholder"]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A value that templates may show: its type, and whether it may be missing."""

    type: ValueType = "text"
    optional: bool = False


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """A part of a template: words as they stand, or the name of a value and how it is written."""

    kind: Kind
    text: str
    format: str = ""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """The reply for one label, and what stands for each value that may be missing."""

    pieces: tuple[Piece, ...]
    missing: dict[str, str] = {}


class ReplyParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of kind ``reply``.

    Attributes:
        templates: a TOML text: ``[replies.LABEL]`` with ``text = "..."`` and, for values that may be missing,
            ``missing = { NAME = "..." }``; ``[replies."*"]`` is for labels without one.
        labels: that need a reply; decisions of a ``rules`` model among the needs are added.
        values: that templates may show; facts of a ``rules`` model among the needs are added.
    """

    templates: str
    labels: tuple[str, ...] = ()
    values: dict[str, Known] = msgspec.field(default_factory=dict)


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored: templates in pieces, so that a later version reads them as this one checked them."""

    templates: dict[str, Template]
    values: dict[str, Known]


class ReplyModel:
    """Fills the template of a label."""

    def __init__(self, state: _State) -> None:
        self._state = state

    @property
    def chosen(self) -> dict[str, Any]:
        """The labels that have a template; nothing is chosen from rows."""
        return {"labels": sorted(self._state.templates)}

    def __call__(self, label: str, values: dict[str, Any]) -> Reply:
        """The reply for one label.

        A value that is not given, None, or of another type than was declared is missing, and its fallback stands.
        What a value holds is put in as it is: braces in it are no placeholders.

        Raises:
            TaskInvalid: a value that must be there is missing, or no template is for the label.
        """
        name = label if label in self._state.templates else OTHERWISE
        if name not in self._state.templates:
            fix = f'add [replies.{label}], or [replies."{OTHERWISE}"] for all other labels'
            raise TaskInvalid("no reply", why=f"no template is for {label!r}", fix=fix, about="reply")
        template = self._state.templates[name]
        shown = [self._shown(piece, template, values) for piece in template.pieces]
        missing = dict.fromkeys(piece.text for piece, text in zip(template.pieces, shown, strict=True) if text is None)
        text = "".join(
            template.missing[piece.text] if text is None else text
            for piece, text in zip(template.pieces, shown, strict=True)
        )
        return Reply(text=text, template=name, missing=tuple(missing))

    def _shown(self, piece: Piece, template: Template, values: Mapping[str, Any]) -> str | None:
        """A piece as text; None where its value is missing and a fallback stands for it."""
        if piece.kind == "literal":
            return piece.text
        found = written(self._state.values[piece.text].type, piece.format, values.get(piece.text))
        if found is None and piece.text not in template.missing:
            fix = f"give it, or declare it optional with a fallback in missing.{piece.text}"
            why = f"{piece.text} is {values.get(piece.text)!r}"
            raise TaskInvalid("a value of a reply is missing", why=why, fix=fix, about="reply")
        return found

    def save(self, folder: Path) -> None:
        """Write the templates."""
        (folder / STATE).write_bytes(canonical_json(self._state))

    @classmethod
    def load(cls, folder: Path, encoders: Encoders) -> Self:
        """Read what `save` wrote."""
        del encoders
        return cls(msgspec.json.decode((folder / STATE).read_bytes(), type=_State))


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One template as it is written."""

    text: str
    missing: dict[str, str] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The templates as they are written."""

    replies: dict[str, _Written]


def parse_templates(text: str, values: Mapping[str, Known], about: str = "reply") -> dict[str, Template]:
    """Templates by label, every placeholder checked.

    A placeholder is ``{name}`` or ``{name:format}`` and nothing else: no attribute, index or conversion, and no
    expression. ``{{`` and ``}}`` are braces.

    Args:
        text: TOML, as `ReplyParameters.templates` has it.
        values: that templates may show.
        about: names the text in errors.

    Raises:
        TaskInvalid: it is not TOML of that form; a placeholder is no plain name, names no value, or has a format its
            type does not know; or a value that may be missing has no fallback.

    Example:
        >>> text = 'replies.yes.text = "We refund {price}."'
        >>> found = parse_templates(text, {"price": Known(type="money")})
        >>> [piece.text for piece in found["yes"].pieces]
        ['We refund ', 'price', '.']
    """
    try:
        file = msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        fix = 'write [replies.LABEL] with text = "..." and missing = { NAME = "..." }'
        raise TaskInvalid("templates cannot be read", why=str(error), fix=fix, about=about) from error
    return {label: _template(one, values, f"{about}: {label}") for label, one in sorted(file.replies.items())}


def _template(said: _Written, values: Mapping[str, Known], about: str) -> Template:
    pieces: list[Piece] = []
    try:
        parts = list(Formatter().parse(said.text))
    except ValueError as error:
        fix = "write {{ for a brace that is no placeholder"
        raise TaskInvalid("a brace too many or too few", why=str(error), fix=fix, about=about) from error
    for literal, name, form, conversion in parts:
        if literal:
            pieces.append(Piece("literal", literal))
        if name is not None:
            pieces.append(_placeholder(name, form or "", conversion, values, about))
    _check_missing(said, {piece.text for piece in pieces if piece.kind == "placeholder"}, values, about)
    return Template(pieces=tuple(pieces), missing=dict(sorted(said.missing.items())))


def _placeholder(name: str, form: str, conversion: str | None, values: Mapping[str, Known], about: str) -> Piece:
    if conversion is not None or not NAME.fullmatch(name):
        fix = "write {name} or {name:format}"
        raise TaskInvalid("a placeholder is no plain name", why=f"it is {{{name}}}", fix=fix, about=about)
    if name not in values:
        fix = f"use one of: {', '.join(sorted(values)) or 'none are known'}"
        raise TaskInvalid("unknown placeholder", why=f"no value is called {name!r}", fix=fix, about=about)
    known = FORMATS[values[name].type]
    if form not in known:
        fix = f"use one of: {', '.join(sorted(known)) or 'none'}"
        why = f"{name} is of type {values[name].type}, which cannot be written as {form!r}"
        raise TaskInvalid("unknown format", why=why, fix=fix, about=about)
    return Piece("placeholder", name, form)


def _check_missing(said: _Written, used: set[str], values: Mapping[str, Known], about: str) -> None:
    bare = sorted(name for name in used if values[name].optional and name not in said.missing)
    if bare:
        fix = f'add missing = {{ {bare[0]} = "..." }}'
        raise TaskInvalid("no fallback", why=f"{bare[0]} may be missing", fix=fix, about=about)
    stray = sorted(said.missing.keys() - used)
    if stray:
        why, fix = f"{stray[0]} is not in the text", "remove it from missing, or show it"
        raise TaskInvalid("a fallback for nothing", why=why, fix=fix, about=about)


@micro_kind("reply")
class ReplyKind:
    """Written by people: no row is learned from."""

    name = "reply"
    model: type[MicroModel] = ReplyModel
    reads: frozenset[str] = frozenset()

    def settled(self, given: dict[str, Any], run: MicroRun) -> dict[str, Any]:
        """Parameters, checked."""
        del run
        return dict(msgspec.to_builtins(checked_parameters(given, ReplyParameters, self.name)))

    def build(
        self, parameters: dict[str, Any], rows: MicroRows, run: MicroRun, needs: Mapping[str, MicroModel]
    ) -> ReplyModel:
        """Check every template against the values and labels there are.

        Raises:
            TaskInvalid: a label has no template, or as `parse_templates`.
        """
        del rows, run
        asked = checked_parameters(parameters, ReplyParameters, self.name)
        labels, values = set(asked.labels), dict(asked.values)
        for model in needs.values():
            if isinstance(model, RulesModel):
                labels |= set(model.policy.decisions)
                values = _facts(model) | values
        templates = parse_templates(asked.templates, values)
        absent = sorted(labels - templates.keys())
        if absent and OTHERWISE not in templates:
            fix = f"add [replies.{absent[0]}]"
            raise TaskInvalid("a label has no reply", why=f"no template is for {absent[0]!r}", fix=fix, about=self.name)
        stray = sorted(templates.keys() - labels - {OTHERWISE}) if labels else []
        if stray:
            fix = f"use one of: {', '.join(sorted(labels))}"
            raise TaskInvalid("a reply for no label", why=f"no label is {stray[0]!r}", fix=fix, about=self.name)
        return ReplyModel(_State(templates=templates, values=values))


def _facts(model: RulesModel) -> dict[str, Known]:
    """The facts of a policy; any of them may be unknown."""
    return {fact.name: Known(type=_TYPES[fact.type], optional=True) for fact in model.policy.facts}


_TYPES: dict[str, ValueType] = {
    "boolean": "boolean",
    "number": "number",
    "money": "money",
    "duration": "number",
    "date": "date",
    "enum": "text",
    "text": "text",
}
