"""A task's inputs from the text of a message, and its outputs checked before they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import RequestInvalid

if TYPE_CHECKING:
    from proveout.task import Task

__all__ = ["InputReader", "OutputGuard", "fits_form"]

Json = dict[str, Any]
LONGEST = 200
# A schema that says no more than these of an object with one text needs no validator: reading makes it true.
PLAIN_OBJECT = {"type", "required", "properties", "additionalProperties", "title", "description", "$schema"}
PLAIN_TEXT = {"type", "title", "description"}


class InputReader:
    """Reads the inputs of one task: the message itself for one text field, a JSON object for several fields.

    Example:
        >>> from proveout.testing import make_task
        >>> InputReader(make_task()).read("my card is lost", "messages")
        {'text': 'my card is lost'}
    """

    def __init__(self, task: Task) -> None:
        self._fields = task.input_fields
        self._text = _text_field(task)
        self._validator = None if self._text and _is_plain(task.input, self._text) else _validator(task.input)

    def read(self, text: str, param: str) -> Json:
        """The inputs.

        Args:
            text: of the last user message.
            param: the request's parameter that it stood in.

        Raises:
            RequestInvalid: it is no JSON object where there are several fields, or not of the task's input schema; the
                path of what is wrong is named.
        """
        inputs = {self._text: text} if self._text else self._object(text, param)
        problem = _problem_of(self._validator, inputs) if self._validator is not None else ""
        if problem:
            fix = "correct the message"
            raise RequestInvalid(
                "the input is not of the task's schema", why=problem, fix=fix, about=param, param=param
            )
        return inputs

    def _object(self, text: str, param: str) -> Json:
        fields = ", ".join(self._fields)
        fix = f"send one JSON object with {fields} as the last user message"
        what = "the last user message holds no inputs"
        try:
            found = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            why = "it is nested too deeply" if isinstance(error, RecursionError) else f"it is not JSON: {error}"
            raise RequestInvalid(what, why=why[:LONGEST], fix=fix, about=param, param=param) from error
        if not isinstance(found, dict):
            raise RequestInvalid(what, why="it is no JSON object", fix=fix, about=param, param=param)
        strange = [name for name in found if name not in self._fields]
        if strange:
            why = f"the task has no field {strange[0][:40]!r}"
            raise RequestInvalid(what, why=why, fix=fix, about=param, param=param)
        return found


class OutputGuard:
    """Checks outputs of one task against its schema.

    Example:
        >>> from proveout.testing import make_task
        >>> guard = OutputGuard(make_task())
        >>> guard.problem({"intent": "card"}), guard.problem({"intent": "no such label"}) == ""
        ('', False)
    """

    def __init__(self, task: Task) -> None:
        self._validator = _validator(task.output)

    def problem(self, output: Json) -> str:
        """Why an output is not of the schema; "" when it is."""
        return _problem_of(self._validator, output)


def _problem_of(validator: Any, value: Any) -> str:
    """The first thing that is wrong with a value, and where; "" when nothing is."""
    error = next(iter(validator.iter_errors(value)), None)
    return "" if error is None else f"{error.json_path}: {error.message}"[:LONGEST]


def fits_form(form: Json, output: Any) -> str:
    """Why an output is not of a schema that a request asked for; "" when it is.

    Args:
        form: a schema that `conflict` let through, so that it holds no pattern or reference that is not the task's own.
        output: of the task.
    """
    return _problem_of(_validator(form), output)


def _validator(schema: Json) -> Any:
    import jsonschema  # noqa: PLC0415  slow to import, and a gateway without tasks never needs it

    return jsonschema.Draft202012Validator(schema)


def _text_field(task: Task) -> str:
    """The only field, where it takes a text; "" where inputs have to come as a JSON object."""
    if len(task.input_fields) != 1:
        return ""
    (field,) = task.input_fields
    stated = task.input["properties"][field].get("type", "string")
    return field if "string" in ([stated] if isinstance(stated, str) else stated) else ""


def _is_plain(schema: Json, field: str) -> bool:
    return schema.keys() <= PLAIN_OBJECT and schema["properties"][field].keys() <= PLAIN_TEXT
