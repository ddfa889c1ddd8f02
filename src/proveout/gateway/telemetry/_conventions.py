"""Names of the OpenTelemetry semantic conventions that the gateway uses, all in this one place.

Pinned to version 1.41.1, the last that holds the conventions for generative AI; they have since moved to the
repository open-telemetry/semantic-conventions-genai, which has no stable release. Their status is Development: each
may change from one version to the next, and a change is then made here, in `VERSION` and in the tests of this module.
"""

from __future__ import annotations

__all__ = [
    "DURATION_BUCKETS",
    "ERROR_TYPE",
    "FIRST_TOKEN_BUCKETS",
    "HOSTS",
    "INPUT_MESSAGES",
    "INPUT_TOKENS",
    "OPERATION",
    "OPERATIONS",
    "OUTPUT_MESSAGES",
    "OUTPUT_TOKENS",
    "OWN",
    "PROVIDER",
    "REQUEST_DURATION",
    "REQUEST_MODEL",
    "REQUEST_STREAM",
    "RESPONSE_MODEL",
    "SCHEMA_URL",
    "STATUS",
    "TIME_TO_FIRST_CHUNK",
    "TIME_TO_FIRST_TOKEN",
    "TOKEN_BUCKETS",
    "TOKEN_TYPE",
    "TOKEN_USAGE",
    "VERSION",
]

VERSION = "1.41.1"
SCHEMA_URL = f"https://opentelemetry.io/schemas/{VERSION}"

# Attributes: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
ERROR_TYPE = "error.type"
INPUT_MESSAGES = "gen_ai.input.messages"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OPERATION = "gen_ai.operation.name"
OUTPUT_MESSAGES = "gen_ai.output.messages"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_STREAM = "gen_ai.request.stream"
RESPONSE_MODEL = "gen_ai.response.model"
STATUS = "http.response.status_code"
TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105  an attribute's name

# Metrics, with the boundaries advised: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
TOKEN_USAGE = "gen_ai.client.token.usage"  # noqa: S105  a metric's name
TOKEN_BUCKETS = tuple(4**power for power in range(14))
REQUEST_DURATION = "gen_ai.server.request.duration"
DURATION_BUCKETS = tuple(0.01 * 2**power for power in range(14))
TIME_TO_FIRST_TOKEN = "gen_ai.server.time_to_first_token"  # noqa: S105  a metric's name
FIRST_TOKEN_BUCKETS = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

# Well-known values of gen_ai.operation.name; both APIs for conversations are "chat".
OPERATIONS = {"chat": "chat", "responses": "chat", "embeddings": "embeddings"}
# gen_ai.provider.name of what the gateway answers itself.
OWN = "proveout"
# Well-known values of gen_ai.provider.name by the end of a base URL's host.
HOSTS = {
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "amazonaws.com": "aws.bedrock",
    "api.anthropic.com": "anthropic",
    "api.cohere.com": "cohere",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.moonshot.ai": "moonshot_ai",
    "api.openai.com": "openai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "inference.ai.azure.com": "azure.ai.inference",
    "ml.cloud.ibm.com": "ibm.watsonx.ai",
    "openai.azure.com": "azure.ai.openai",
}
