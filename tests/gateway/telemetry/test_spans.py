"""Records as spans: what they carry, what they do not, and whose they are."""

from __future__ import annotations

from collections.abc import Callable

from proveout.gateway._entries import RequestServed
from proveout.gateway._settings import Provider
from proveout.gateway.telemetry import child_traceparent, parse_traceparent, provider_names, spans_of

Make = Callable[..., RequestServed]
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_request_that_was_passed_through(served: Make) -> None:
    record = served(tokens_in=5, tokens_out=7, answered_by="gpt-5-mini-2026", usd=0.1, stream=True)
    (span,) = spans_of(record, providers={"main": "openai"})
    assert (span.name, span.client, span.failed) == ("chat gpt-5-mini", True, False)
    assert span.end - span.start == 50_000_000
    assert span.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.request.stream": True,
        "gen_ai.response.model": "gpt-5-mini-2026",
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 7,
        "http.response.status_code": 200,
        "proveout.api": "chat",
        "proveout.cost.usd": 0.1,
        "proveout.request": "w1-1",
        "proveout.route": "provider:main",
    }


def test_a_request_that_a_task_answered(served: Make) -> None:
    record = served(
        operation="responses",
        model="desk",
        task="desk",
        route="task:desk/cascade",
        candidate="retrieval@1",
        certificate="cert-1",
        experiment="b",
        cache="miss",
        tier="free",
        key="k1",
        confidence=0.9,
        documents=(("a.md", "v1"),),
        verdicts=(("pii", "clean"),),
    )
    (span,) = spans_of(record)
    assert not span.client
    assert span.attributes["gen_ai.provider.name"] == "proveout"
    assert span.attributes["gen_ai.operation.name"] == "chat"
    ours = {name: value for name, value in span.attributes.items() if name.startswith("proveout.")}
    assert ours == {
        "proveout.api": "responses",
        "proveout.cache": "miss",
        "proveout.candidate": "retrieval@1",
        "proveout.certificate": "cert-1",
        "proveout.confidence": 0.9,
        "proveout.cost.usd": 0.0,
        "proveout.documents": ["a.md@v1"],
        "proveout.experiment": "b",
        "proveout.guards": ["pii=clean"],
        "proveout.key": "k1",
        "proveout.request": "w1-1",
        "proveout.route": "task:desk/cascade",
        "proveout.task": "desk",
        "proveout.tier": "free",
    }


def test_a_failure_names_its_kind(served: Make) -> None:
    (span,) = spans_of(served(status=504, error="upstream_timeout"))
    assert span.failed
    assert span.attributes["error.type"] == "upstream_timeout"
    (span,) = spans_of(served(status=499))
    assert span.failed
    assert span.attributes["error.type"] == "499"


def test_tokens_that_nobody_counted_are_not_reported(served: Make) -> None:
    (span,) = spans_of(served(tokens_in=5, tokens_out=7, tokens_estimated=True))
    assert "gen_ai.usage.input_tokens" not in span.attributes
    assert span.attributes["proveout.tokens.estimated"] is True


def test_it_belongs_to_the_callers_trace_and_is_what_was_named_upstream(served: Make) -> None:
    (span,) = spans_of(served(trace=PARENT))
    sent = parse_traceparent(child_traceparent(PARENT, "w1-1"))
    assert sent is not None
    assert (span.trace, span.parent, span.remote) == ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True)
    assert (span.trace, span.span) == (sent.trace, sent.span)
    (alone,) = spans_of(served())
    own = parse_traceparent(child_traceparent("", "w1-1"))
    assert own is not None
    assert (alone.trace, alone.span, alone.parent, alone.remote) == (own.trace, own.span, "", False)


def test_what_the_caller_does_not_sample_is_not_sent(served: Make) -> None:
    assert spans_of(served(trace=PARENT[:-1] + "0")) == []


def test_stages_are_children_one_after_another(served: Make) -> None:
    stages = {"guard_in": 1_000, "upstream": 40_000, "first_token": 9_000, "guard_out": 100_000}
    root, *children = spans_of(served(trace=PARENT, stages=stages, stream=True))
    assert [child.name for child in children] == ["guard_in", "upstream", "guard_out"]
    assert all(child.parent == root.span and child.trace == root.trace and not child.remote for child in children)
    assert len({span.span for span in (root, *children)}) == 4
    assert [children[0].start, children[1].start, children[1].end] == [
        root.start,
        root.start + 1_000_000,
        root.start + 41_000_000,
    ]
    assert children[2].end == root.end
    assert root.attributes["gen_ai.response.time_to_first_chunk"] == 0.009


def test_content_is_carried_only_when_it_is_turned_on(served: Make) -> None:
    record = served(
        input={"messages": [{"role": "user", "content": "my secret"}]},
        answer='{"choices":[{"message":{"content":"the answer"}}]}',
    )
    assert "secret" not in repr(spans_of(record))
    assert "the answer" not in repr(spans_of(record))
    (span,) = spans_of(record, content=True)
    assert "my secret" in str(span.attributes["gen_ai.input.messages"])
    assert "the answer" in str(span.attributes["gen_ai.output.messages"])


def test_providers_have_the_well_known_name_of_their_host() -> None:
    urls = {
        "a": "https://api.openai.com/v1",
        "b": "https://desk.openai.azure.com/openai/v1",
        "c": "http://localhost:8000/v1",
        "d": "https://api.openai.com.evil.example/v1",
        "e": "https://bedrock-runtime.eu-west-1.amazonaws.com",
    }
    found = provider_names({name: Provider(base_url=url) for name, url in urls.items()})
    assert found == {"a": "openai", "b": "azure.ai.openai", "c": "c", "d": "d", "e": "aws.bedrock"}
