// The official Node client against BASE_URL. Prints one line of JSON a case: its name, and its error when it failed.
import assert from "node:assert/strict";
import OpenAI from "openai";

const keys = JSON.parse(process.env.KEYS);
const options = { baseURL: process.env.BASE_URL, maxRetries: 0, timeout: 20000 };
const client = new OpenAI({ ...options, apiKey: keys.any });
const model = "fake-large";
const messages = [{ role: "user", content: "Hello" }];
const words = Array.from({ length: 18 }, (_, number) => `word${number} `).join("");
const city = {
  type: "object",
  properties: { name: { type: "string" }, population: { type: "integer" } },
  required: ["name", "population"],
  additionalProperties: false,
};
const tools = ["weather", "tide"].map((name) => ({ type: "function", function: { name, parameters: city } }));
const functions = tools.map((tool) => ({ type: "function", strict: false, ...tool.function }));

// The list of models is a page, and pages have no id.
async function refused(kind, status, call, id = true) {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
    assert.equal(error.status, status);
    assert.ok(error.error.message && error.error.type && (error.requestID || !id));
    return true;
  });
}

const chat = (parts, of = client) => of.chat.completions.create({ model, messages, ...parts });

const cases = {
  "a chat is answered": async () => {
    const got = await chat();
    assert.equal(got.choices[0].message.content, words);
    assert.deepEqual([got.usage.prompt_tokens, got.usage.completion_tokens], [20, 18]);
  },
  "a stream says the same": async () => {
    let said = "";
    for await (const chunk of await chat({ stream: true })) said += chunk.choices[0].delta.content ?? "";
    assert.equal(said, words);
  },
  "a stream ends with its usage when asked": async () => {
    const chunks = [];
    for await (const chunk of await chat({ stream: true, stream_options: { include_usage: true } })) chunks.push(chunk);
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.equal(chunks.at(-1).usage.total_tokens, 38);
  },
  "streamed tool calls are whole": async () => {
    const whole = await chat({ tools });
    const streamed = await client.chat.completions.stream({ model, messages, tools }).finalChatCompletion();
    const calls = (got) => got.choices[0].message.tool_calls.map((call) => [call.id, call.function.name, call.function.arguments]);
    assert.deepEqual(calls(streamed), calls(whole));
    assert.equal(calls(whole).length, 2);
  },
  "an answer follows its schema": async () => {
    const got = await client.chat.completions.parse({
      model, messages, response_format: { type: "json_schema", json_schema: { name: "city", strict: true, schema: city } },
    });
    assert.deepEqual(JSON.parse(got.choices[0].message.content), { name: "text", population: 7 });
  },
  "n, seed and logprobs arrive": async () => {
    const got = await chat({ n: 2, seed: 5, logprobs: true });
    assert.deepEqual(got.choices.map((choice) => choice.index), [0, 1]);
    assert.equal(got.system_fingerprint, "fp_5");
    assert.equal(got.choices[1].logprobs.content[0].logprob, -0.25);
  },
  "a response is answered": async () => {
    const got = await client.responses.create({ model, input: "Hello" });
    assert.equal(got.output_text, words);
    assert.equal(got.usage.output_tokens, 18);
  },
  "a response streams typed events": async () => {
    const events = [];
    for await (const event of await client.responses.create({ model, input: "Hello", stream: true })) events.push(event);
    assert.equal(events[0].type, "response.created");
    assert.equal(events.at(-1).type, "response.completed");
    const deltas = events.filter((event) => event.type === "response.output_text.delta");
    assert.equal(deltas.map((event) => event.delta).join(""), words);
  },
  "a response calls functions": async () => {
    const got = await client.responses.stream({ model, input: "Hello", tools: functions }).finalResponse();
    assert.deepEqual(got.output.map((item) => item.name), ["weather", "tide"]);
    assert.deepEqual(JSON.parse(got.output[0].arguments), { name: "text", population: 7 });
  },
  "embeddings are the same as numbers and as base64": async () => {
    const ask = (parts) => client.embeddings.create({ model: "fake-embedding", input: ["one", "two"], ...parts });
    const [decoded, floats] = [await ask(), await ask({ encoding_format: "float" })];
    assert.deepEqual(decoded.data.map((row) => Array.from(row.embedding)), floats.data.map((row) => row.embedding));
  },
  "models are listed and retrieved": async () => {
    const names = [];
    for await (const found of client.models.list()) names.push(found.id);
    assert.ok(names.includes("fake-small"));
    assert.equal((await client.models.retrieve("fake-small")).id, "fake-small");
    await refused(OpenAI.NotFoundError, 404, () => client.models.retrieve("no-such-model"), false);
  },
  "400": () => refused(OpenAI.BadRequestError, 400, () => chat({ model: "fault-400" })),
  "401": () => refused(OpenAI.AuthenticationError, 401, () => chat({}, new OpenAI({ ...options, apiKey: keys.wrong }))),
  "404": () => refused(OpenAI.NotFoundError, 404, () => chat({ model: "fault-no-such-thing" })),
  "429 of the provider": () => refused(OpenAI.RateLimitError, 429, () => chat({ model: "fault-429" })),
  "5xx": () => assert.rejects(() => chat({ model: "fault-500" }), OpenAI.InternalServerError),
  "a client that goes away leaves the server well": async () => {
    const stream = await chat({ stream: true });
    for await (const _ of stream) break;
    stream.controller.abort();
    assert.equal((await chat()).choices[0].message.content, words);
  },
};

// Of the gateway alone.
const own = {
  "a task answers as a model does": async () => {
    const asked = { model: "desk", messages: [{ role: "user", content: "my card 77 is lost" }] };
    const whole = (await chat(asked)).choices[0].message.content;
    assert.deepEqual(JSON.parse(whole), { intent: "card" });
    let said = "";
    for await (const chunk of await chat({ ...asked, stream: true })) said += chunk.choices[0]?.delta.content ?? "";
    assert.equal(said, whole);
    const got = await client.responses.create({ model: "desk", input: "please refund order 7" });
    assert.deepEqual(JSON.parse(got.output_text), { intent: "refund" });
  },
  "403": () => refused(OpenAI.PermissionDeniedError, 403, () => chat({}, new OpenAI({ ...options, apiKey: keys.small }))),
  "413": () => assert.rejects(
    () => chat({ messages: [{ role: "user", content: "x".repeat(Number(process.env.MOST_BODY)) }] }),
    (error) => error instanceof OpenAI.APIError && error.status === 413,
  ),
  "429 of a limit": async () => {
    const few = new OpenAI({ ...options, apiKey: keys.few });
    await assert.rejects(async () => { for (let count = 0; count < 50; count += 1) await chat({}, few); }, (error) => {
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.ok(Number(error.headers.get("retry-after")) >= 1);
      return true;
    });
  },
};

for (const [name, check] of Object.entries({ ...cases, ...(keys.small ? own : {}) })) {
  let failed = "";
  try {
    await check();
  } catch (error) {
    failed = error.stack || String(error);
  }
  console.log(JSON.stringify({ name, failed }));
}
