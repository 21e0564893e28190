"""The official client against the gateway: models, chat, stream, completions, errors."""

import openai

client = openai.OpenAI(max_retries=0)
MESSAGES = [{"role": "user", "content": "Name one vitamin."}]

models = [m.id for m in client.models.list()]
assert models == ["ward"], models

whole = client.chat.completions.create(model="ward", messages=MESSAGES, temperature=0, max_tokens=12)
assert whole.choices[0].message.role == "assistant"
assert whole.usage.completion_tokens <= 12
assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens

stream = client.chat.completions.create(
    model="ward", messages=MESSAGES, temperature=0, max_tokens=12, stream=True,
    stream_options={"include_usage": True},
)
text, usage = "", None
for chunk in stream:
    if chunk.choices:
        text += chunk.choices[0].delta.content or ""
    usage = chunk.usage or usage
assert text == whole.choices[0].message.content, (text, whole.choices[0].message.content)
assert usage.completion_tokens == whole.usage.completion_tokens

sampled = [
    client.chat.completions.create(
        model="ward", messages=MESSAGES, temperature=0.9, top_p=0.9, seed=11, max_tokens=12
    ).choices[0].message.content
    for _ in range(2)
]
assert sampled[0] == sampled[1], sampled

logprobs = client.chat.completions.create(
    model="ward", messages=MESSAGES, temperature=0, max_tokens=4, logprobs=True, top_logprobs=3
).choices[0].logprobs.content
assert len(logprobs) == 4 and all(len(t.top_logprobs) == 3 for t in logprobs)
assert all(t.logprob <= 0 and t.token == t.top_logprobs[0].token for t in logprobs)

completion = client.completions.create(
    model="ward", prompt="Once upon a time, in a small village by the sea,", temperature=0, max_tokens=8,
    extra_body={"return_token_ids": True},
)
assert completion.choices[0].text
assert completion.choices[0].token_ids[:4] == [665, 436, 253, 9357], completion.choices[0].token_ids

raw = client.chat.completions.with_raw_response.create(model="ward", messages=MESSAGES, max_tokens=2)
assert raw.headers["x-cloister-record"] and raw.headers["x-cloister-model-digest"].startswith("sha256:")

for kind, call in [
    (openai.AuthenticationError, lambda: openai.OpenAI(api_key="clk_wrong", max_retries=0).models.list()),
    (openai.BadRequestError, lambda: client.chat.completions.create(model="ward", messages=MESSAGES, temperature=9)),
    (openai.BadRequestError, lambda: client.chat.completions.create(model="ward", messages=[])),
]:
    try:
        call()
    except kind as error:
        assert error.body["message"], error.body
    else:
        raise AssertionError(f"{kind.__name__} was expected")
try:
    client.chat.completions.create(model="nonesuch", messages=MESSAGES)
except (openai.NotFoundError, openai.PermissionDeniedError) as error:
    assert "nonesuch" in error.body["message"], error.body

print("all checks passed")
