"""Reads .dmn files (OMG DMN 1.1 to 1.5) into the JSON form of a decision model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from proveout.errors import DecisionModelInvalid
from proveout.families.symbolic.dmn._json import from_json
from proveout.families.symbolic.dmn._markup import Element, read_markup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from proveout.families.symbolic.dmn._execute import DecisionModel

__all__ = ["dmn_json", "load_dmn"]

SPACES = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
DEEPEST = 40
Json = dict[str, Any]


def load_dmn(source: str | Path | bytes) -> DecisionModel:
    """A decision model from a .dmn file, or from its bytes.

    Document types and entities are refused. Imports of other models, decision services and functions in other
    languages are not supported.

    Raises:
        DecisionModelInvalid: it cannot be read, is no DMN of 1.1 to 1.5, or a text in it is no FEEL; says where.

    Example:
        >>> load_dmn(b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="empty"/>').name
        'empty'
    """
    return from_json(dmn_json(source))


def dmn_json(source: str | Path | bytes) -> Json:
    """The JSON form of a .dmn file, as `from_json` reads it.

    Raises:
        DecisionModelInvalid: as `load_dmn`.

    Example:
        >>> dmn_json(b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="empty"/>')["decisions"]
        []
    """
    if isinstance(source, bytes):
        return _definitions(read_markup(source, "DMN"), "DMN")
    path = Path(source)
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise _invalid(str(error), str(path)) from None
    return _definitions(read_markup(data, str(path)), str(path))


def _invalid(why: str, about: str) -> DecisionModelInvalid:
    return DecisionModelInvalid("the DMN cannot be read", why=why, fix="correct the model", about=about)


def _definitions(root: Element, about: str) -> Json:
    if root.name != "definitions" or root.space not in SPACES:
        raise _invalid(f"its root is {root.name!r} of {root.space!r} and no definitions of DMN 1.1 to 1.5", about)
    if root.first("import") is not None:
        raise _invalid("it imports other models, which is not supported", about)
    ids = {
        one.attributes["id"]: _name(one, about)
        for kind in ("inputData", "decision", "businessKnowledgeModel")
        for one in root.all(kind)
        if "id" in one.attributes
    }
    return {
        "model": root.attributes.get("name") or about,
        "inputs": [{"name": _name(one, about), "type": _variable(one)} for one in root.all("inputData")],
        "decisions": [_decision(one, ids, about) for one in root.all("decision")],
        "business_knowledge": [_knowledge(one, about) for one in root.all("businessKnowledgeModel")],
        "types": {_name(one, about): _item(one, 0, about) for one in root.all("itemDefinition")},
    }


def _name(element: Element, about: str) -> str:
    name = " ".join(element.attributes.get("name", "").split())
    if not name:
        raise _invalid(f"a {element.name} has no name", about)
    return name


def _variable(element: Element) -> str | None:
    variable = element.first("variable")
    return _type_of(variable) if variable is not None else None


def _type_of(element: Element) -> str | None:
    """A type's name without the prefix that DMN 1.1 puts before FEEL's own."""
    found = element.attributes.get("typeRef")
    return found.rpartition(":")[2].strip() or None if found else None


def _text(element: Element | None) -> str | None:
    """What the ``text`` within an element says."""
    inner = element.first("text") if element is not None else None
    return inner.text or None if inner is not None else None


def _item(element: Element, depth: int, about: str) -> Json:
    if depth > DEEPEST:
        raise _invalid(f"types are nested more than {DEEPEST} deep", about)
    reference = element.first("typeRef")
    base = reference.text if reference is not None else element.attributes.get("typeRef")
    return {
        "base": base.rpartition(":")[2].strip() or None if base else None,
        "collection": element.attributes.get("isCollection") == "true",
        "allowed": _text(element.first("allowedValues")) or _text(element.first("typeConstraint")),
        "components": {_name(one, about): _item(one, depth + 1, about) for one in element.all("itemComponent")},
    }


def _decision(element: Element, ids: dict[str, str], about: str) -> Json:
    name = _name(element, about)
    needs = list(dict.fromkeys(_needs(element, ids, name)))
    logic = _expression_in(element, name, 0)
    return {"name": name, "requires": needs, "type": _variable(element), "logic": logic}


def _needs(element: Element, ids: dict[str, str], about: str) -> Iterator[str]:
    for kind in ("informationRequirement", "knowledgeRequirement"):
        for requirement in element.all(kind):
            for one in requirement.children:
                reference = one.attributes.get("href", "").rpartition("#")[2]
                if reference not in ids:
                    raise _invalid(f"it requires {reference!r}, which the model lacks", about)
                yield ids[reference]


def _knowledge(element: Element, about: str) -> Json:
    name = _name(element, about)
    logic = element.first("encapsulatedLogic")
    if logic is None:
        raise _invalid("a business knowledge model has no logic", name)
    return {"name": name, "logic": _function(logic, name, 0)}


def _expression_in(element: Element | None, about: str, depth: int) -> Json | None:
    """The boxed expression among an element's children."""
    found = [one for one in element.children if one.name in EXPRESSIONS] if element is not None else []
    if depth > DEEPEST:
        raise _invalid(f"logic is nested more than {DEEPEST} deep", about)
    return EXPRESSIONS[found[0].name](found[0], about, depth + 1) if found else None


def _needed(element: Element | None, about: str, depth: int) -> Json:
    found = _expression_in(element, about, depth)
    if found is None:
        raise _invalid("an expression is missing" + (f" in a {element.name}" if element is not None else ""), about)
    return found


def _literal(element: Element, about: str, _: int) -> Json:
    language = element.attributes.get("expressionLanguage", "")
    if language and "feel" not in language.lower():
        raise _invalid(f"expressions in {language!r} are not supported", about)
    text = _text(element)
    if text is None:
        raise _invalid("a literal expression has no text", about)
    return {"feel": text}


def _table(element: Element, about: str, _: int) -> Json:
    return {
        "decision_table": {
            "hit_policy": element.attributes.get("hitPolicy", "UNIQUE"),
            "aggregation": element.attributes.get("aggregation"),
            "inputs": [_input(one, about) for one in element.all("input")],
            "outputs": [_output(one) for one in element.all("output")],
            "rules": [_rule(one) for one in element.all("rule")],
        }
    }


def _input(element: Element, about: str) -> Json:
    expression = element.first("inputExpression")
    text = _text(expression)
    if expression is None or text is None:
        raise _invalid("an input of a decision table has no expression", about)
    return {"expression": text, "type": _type_of(expression), "allowed": _text(element.first("inputValues"))}


def _output(element: Element) -> Json:
    return {
        "name": element.attributes.get("name"),
        "type": _type_of(element),
        "values_in_priority_order": _text(element.first("outputValues")),
        "default": _text(element.first("defaultOutputEntry")),
    }


def _rule(element: Element) -> Json:
    return {
        "if": [_text(one) for one in element.all("inputEntry")],
        "then": [_text(one) for one in element.all("outputEntry")],
    }


def _context(element: Element, about: str, depth: int) -> Json:
    entries = []
    for one in element.all("contextEntry"):
        variable = one.first("variable")
        name = _name(variable, about) if variable is not None else None
        entries.append({"name": name, "type": _variable(one), "value": _needed(one, about, depth)})
    return {"context": entries}


def _invocation(element: Element, about: str, depth: int) -> Json:
    bindings = []
    for one in element.all("binding"):
        parameter = one.first("parameter")
        if parameter is None:
            raise _invalid("a binding has no parameter", about)
        bindings.append({"parameter": _name(parameter, about), "value": _needed(one, about, depth)})
    return {"invoke": _needed(element, about, depth), "bindings": bindings}


def _function(element: Element, about: str, depth: int) -> Json:
    if element.attributes.get("kind", "FEEL") != "FEEL":
        raise _invalid(f"functions of kind {element.attributes['kind']!r} are not supported", about)
    parameters = [{"name": _name(one, about), "type": _type_of(one)} for one in element.all("formalParameter")]
    return {"parameters": parameters, "body": _needed(element, about, depth)}


def _list(element: Element, about: str, depth: int) -> Json:
    return {"list": [EXPRESSIONS[one.name](one, about, depth) for one in element.children if one.name in EXPRESSIONS]}


def _relation(element: Element, about: str, depth: int) -> Json:
    rows = [_list(row, about, depth)["list"] for row in element.all("row")]
    return {"relation": {"columns": [_name(one, about) for one in element.all("column")], "rows": rows}}


def _conditional(element: Element, about: str, depth: int) -> Json:
    return {key: _needed(element.first(key), about, depth) for key in ("if", "then", "else")}


def _iteration(body: str) -> Callable[[Element, str, int], Json]:
    def read(element: Element, about: str, depth: int) -> Json:
        variable = element.attributes.get("iteratorVariable", "item")
        inner = {"in": element.first("in"), "body": element.first(body)}
        return {element.name: variable, **{key: _needed(one, about, depth) for key, one in inner.items()}}

    return read


EXPRESSIONS: dict[str, Callable[[Element, str, int], Json]] = {
    "literalExpression": _literal,
    "decisionTable": _table,
    "context": _context,
    "invocation": _invocation,
    "functionDefinition": _function,
    "list": _list,
    "relation": _relation,
    "conditional": _conditional,
    "for": _iteration("return"),
    "some": _iteration("satisfies"),
    "every": _iteration("satisfies"),
    "filter": _iteration("match"),
}
