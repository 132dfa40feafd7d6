"""Take a model's reasoning out of its text.

Servers with a reasoning parser send it in a field of its own (`reasoning_content`, `reasoning`). Others leave it in the
text, between tags that depend on the model, and often without the opening tag, which their chat template puts at the
end of the prompt. Nothing of it is an answer.
"""

import re

#: Tags around reasoning, opening and closing: DeepSeek-R1, Qwen 3, GLM and most others; prompts that ask for steps;
#: Magistral; Kimi; Seed-OSS; Open-Thoughts.
_TAGS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<analysis>", "</analysis>"),
    ("<reflection>", "</reflection>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<seed:think>", "</seed:think>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
)
_OPENING = re.compile(r"\s*(?:" + "|".join(re.escape(opening) for opening, _ in _TAGS) + ")", re.I)
_CLOSING = re.compile("|".join(re.escape(closing) for _, closing in _TAGS), re.I)

#: The closing tags of those whose opening tag chat templates put at the end of the prompt.
_UNOPENED = re.compile(
    "|".join(re.escape(tag) for tag in ("</think>", "</thinking>", "[/THINK]", "◁/think▷", "</seed:think>"))
)

#: The channels of gpt-oss: https://cookbook.openai.com/articles/openai-harmony. Where a server strips the special
#: tokens, their names stay in the text ("analysis…assistantfinal…").
_FINAL_CHANNEL = re.compile(
    r"<\|channel\|>\s*final\b[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>|assistant\s?final(?=[^\W_a-z]|[*\[\"“¿¡])"
)
_OTHER_CHANNEL = re.compile(r"^\s*(?:<\|start\|>\s*assistant\s*)?<\|channel\|>|^\s*(?:analysis|commentary)(?=[A-Z])")

#: Special tokens of chat templates that some servers leave in the text, and tags around an answer as a whole.
_SPECIAL = re.compile(
    r"<\|(?:end|return|call|start|message|eot_id|eom_id|im_end|im_start|endoftext|end_of_text|end_header_id"
    r"|begin_of_solution|end_of_solution|assistant|user|system)\|>|<end_of_turn>|<｜end▁of▁sentence｜>"
    r"|^\s*<(?:answer|final_answer)>|(?:</(?:s|answer|final_answer)>\s*)+$"
)
_LONGEST_TAG = max(len(tag) for pair in _TAGS for tag in pair) + 2


def without_reasoning(text: str, *, whole: bool) -> str:
    """Return the part of a model's text that is its answer.

    Args:
        text: the text so far, from its beginning.
        whole: the text is complete. Otherwise its end may be the beginning of a tag, which is held back.

    Returns:
        The answer. As `text` grows, it grows too, except when a closing tag without its opening tag appears: what
        stood before it was reasoning, and the answer begins anew.
    """
    if "<" not in text and "[" not in text and "◁" not in text and not _OTHER_CHANNEL.match(text):
        return text
    finals = list(_FINAL_CHANNEL.finditer(text))
    if finals and ("<|channel|>" in text or _OTHER_CHANNEL.match(text)):
        text = text[finals[-1].end() :]
    elif _OTHER_CHANNEL.match(text):
        return ""
    while (opening := _OPENING.match(text)) is not None:
        closing = _CLOSING.search(text, opening.end())
        text = text[closing.end() :] if closing is not None else ""
    for closing in list(_UNOPENED.finditer(text))[-1:]:
        text = text[closing.end() :]
    text = _SPECIAL.sub("", text)
    return text if whole else text[: _held_from(text)]


def has_reasoning(text: str) -> bool:
    """Whether a text has reasoning in it, finished or not."""
    return bool(_OPENING.match(text) or _UNOPENED.search(text) or _OTHER_CHANNEL.match(text))


def lacks_opening(text: str) -> bool:
    """Whether a text has reasoning without the tag that opens it."""
    return _UNOPENED.search(text) is not None and _OPENING.match(text) is None


def _held_from(text: str) -> int:
    """Return where the end of a text begins that may become a tag; its length when there is none."""
    for start in range(max(0, len(text) - _LONGEST_TAG), len(text)):
        if text[start] in "<[◁" and not re.search(r"[>\]▷\s]", text[start:]):
            return start
    return len(text)
