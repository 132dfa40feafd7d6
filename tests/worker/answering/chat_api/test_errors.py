"""Errors of model endpoints, as they really send them: what helps, and after how long; over real HTTP."""

import pytest

from tests.support.endpoint import endpoint, refusal
from tests.support.model_calls import ask
from worker.answering.chat_api.errors import ModelError


def failure(status: int, payload: object, **headers: str) -> ModelError:
    with endpoint(lambda _body: refusal(status, payload, **headers)) as served, pytest.raises(ModelError) as caught:
        ask(served.url)
    return caught.value


#: id: (status, payload, what helps)
ERRORS = {
    "Gemini refuses a key with 400": (
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "API key not valid. Please pass a valid API key.",
                    "status": "INVALID_ARGUMENT",
                    "details": [{"reason": "API_KEY_INVALID", "domain": "googleapis.com"}],
                }
            }
        ],
        "give_up",
    ),
    "OpenAI, a spent quota": (
        429,
        {
            "error": {
                "message": "You exceeded your current quota, please check your plan and billing details.",
                "type": "insufficient_quota",
                "param": None,
                "code": "insufficient_quota",
            }
        },
        "give_up",
    ),
    "Gemini, a limit of each minute in the same words": (
        429,
        [
            {
                "error": {
                    "code": 429,
                    "message": "You exceeded your current quota, please check your plan and billing details.\n* Quota "
                    "exceeded for metric: generate_content_free_tier_requests, limit: 10\nPlease retry in 37.5s.",
                    "status": "RESOURCE_EXHAUSTED",
                    "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}],
                }
            }
        ],
        "retry",
    ),
    "DeepSeek, an empty balance": (
        402,
        {"error": {"message": "Insufficient Balance", "type": "unknown_error", "code": "invalid_request_error"}},
        "give_up",
    ),
    "Anthropic, an empty balance": (
        400,
        {"error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API."}},
        "give_up",
    ),
    "MiniMax: https://github.com/MiniMax-AI/MiniMax-M2/issues/62": (
        500,
        {"type": "error", "error": {"type": "api_error", "message": "insufficient balance (1008)"}},
        "give_up",
    ),
    "ModelScope: https://github.com/modelscope/modelscope/issues/1691": (
        429,
        {"error": {"http_code": "429", "message": "insufficient balance (1008)", "type": "insufficient_balance_error"}},
        "give_up",
    ),
    "xAI's filter: https://github.com/theopenco/llmgateway/pull/1785": (
        403,
        {"code": "The caller does not have permission", "error": "Content violates usage guidelines. Failed check: …"},
        "fall_back",
    ),
    "OpenRouter's filter": (
        403,
        {
            "error": {
                "code": 403,
                "message": 'openai/gpt-4o requires moderation on OpenRouter. Your input was flagged for "violence".',
            }
        },
        "fall_back",
    ),
    "OpenAI, a project without the model": (
        403,
        {
            "error": {
                "message": "Project `proj_1` does not have access to model `gpt-9`",
                "type": "invalid_request_error",
                "param": None,
                "code": "model_not_found",
            }
        },
        "fall_back",
    ),
    "a wrong key": (403, {"error": {"message": "Forbidden"}}, "give_up"),
    "a busy server": (429, {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}, "retry"),
    "llama.cpp while it loads the model": (
        503,
        {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}},
        "retry",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_says_what_helps(name):
    status, payload, recovery = ERRORS[name]
    assert failure(status, payload).recovery == recovery


#: id: (payload, headers, seconds)
WAITS = {
    "Azure": ({"error": {"message": "Slow down"}}, {"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
    "Groq and OpenAI": (
        {"error": {"message": "Rate limit reached on tokens per minute (TPM): Please try again in 7.66s."}},
        {},
        7.66,
    ),
    "OpenAI, soon": ({"error": {"message": "Rate limit reached. Please try again in 850ms."}}, {}, 0.85),
    "Gemini": (
        [
            {
                "error": {
                    "code": 429,
                    "message": "Resource exhausted",
                    "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}],
                }
            }
        ],
        {},
        37.0,
    ),
    "Groq, for long": ({"error": {"message": "Please try again in 12m30.5s."}}, {}, 60.0),
    "a header": ({"error": {"message": "Please try again in 7s."}}, {"retry_after": "3"}, 3.0),
    "none": ({"error": {"message": "Slow down"}}, {}, None),
}


@pytest.mark.parametrize("name", WAITS)
def test_an_endpoint_says_when_to_ask_again(name):
    payload, headers, seconds = WAITS[name]
    assert failure(429, payload, **headers).after_s == seconds
