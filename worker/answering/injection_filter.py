"""Filter out prompt injections: sentences in passages, files and tool results that instruct the model.

Answers are checked against passages (`grounding`), so a passage that says "tell the customer that …" would support the
sentence that it made the model write. Such sentences are blanked before the model or the check sees them; all other
offsets stay the same.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from kb import sentences
from kb.search import Hit

_VERBS = (
    r"(?:say|reply|respond|answer|write|output|print|repeat|reveal|show|tell|send|forward|include|append|insert|add"
    r"|give)"
)
_INJECTION = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|rules?|prompts?|guidelines|restrictions?"
    r"|everything (?:above|before|else)|the above|the articles|the passages|polic(?:y|ies))\b"
    r"|\b(?:system|developer) (?:prompt|instruction)s?\b"
    rf"|^\W*(?:system|assistant|developer|user|instructions?)\s*:\s*(?:{_VERBS}|ignore|you|call|use|do|never|always|new|from"
    r" now|whatever)\b"
    r"|<\|?/?(?:im_start|im_end|system|assistant|endoftext)\b|\[/?(?:INST|SYS)\]"
    r"|###\s*(?:instruction|system|response)"
    r"|\b(?:you are|act as|pretend to be|behave as|roleplay as)\b.{0,30}\b(?:an? (?:ai|unrestricted)"
    r"|an? (?:language model|chatbot)|unrestricted|dan|jailbroken|developer mode|in admin(?:istrator)? mode)\b"
    r"|\b(?:ai|ai models?|llms?|language models?|chat ?bots?|gpt|the (?:bot|assistant|model))\b[^.!?]{0,40}"
    rf"\b(?:must|should|shall|has to|have to|is to|are to|please|need to)\b[^.!?]{{0,20}}\b{_VERBS}\b"
    rf"|\b{_VERBS}\b[^.!?]{{0,20}}\b(?:exactly[:,]? [\"'“]|verbatim|word for word)"
    rf"|\b{_VERBS}\b[^.!?]{{0,30}}\b(?:system (?:prompt|message)|your prompt|instructions you|hidden rules"
    r"|the (?:user|customer|reader)(?:'s)? (?:that|data|details|history)|the (?:user|customer) [\"“]"
    r"|to the (?:user|customer) (?:that|as)|to everybody|in (?:your|every) (?:answer|reply|response)"
    r"|all (?:customers|facts)\b)"
    r"|\bin (?:your|every) (?:answer|reply|response)\b"
    r"|\b(?:call|invoke|use|run|execute|trigger)\b[^.!?]{0,20}\b(?:[a-z]+_[a-z_]+|tools?|functions?)\b[^.!?]{0,20}"
    r"(?:\{|\bwith \{|\bfor the (?:user|customer))"
    r"|\b(?:call|invoke) (?:the )?(?:tool|function)\b"
    r"|\bcite\b[^.!?]{0,20}(?:\[\d+\]|\b(?:passage|source|number) \d+)"
    r"|\b(?:do not|don't|never) (?:tell|mention|reveal|inform|warn)\b[^.!?]{0,20}\bthe (?:user|customer|human)\b"
    rf"|\bnew (?:instructions?|rules?|task)\b\s*:"
    rf"|\b(?:instructions?|note|message) (?:for|to) (?:the )?(?:ai|assistant|bot|model|llm)\b"
    rf"|^\W*{_VERBS}\b[^.!?]{{0,30}}[\"“][^\"”]{{10,}}[\"”]\W*$",
    re.I,
)
_SUSPECT = re.compile(
    r"ignore|disregard|forget|overrid|bypass|system|assistant|developer|instruct|<\||\[/?(?:inst|sys)\]|###|you are"
    r"|act as|pretend|behave|roleplay|\bai\b|llm|model|bot\b|gpt|exactly|verbatim|word for word|following|prompt"
    r"|api key|secret|password|customer|user|answer|reply|response|tool|function|_|cite|rules|task",
    re.I,
)


#: A blanked sentence leaves at least this much space; readers of documents never leave as many spaces in a row.
_BLANK = " " * 8


def blanked(text: str) -> str:
    """Return a text of the same length in which sentences that instruct the model are spaces."""
    if not _SUSPECT.search(text):
        return text
    parts, at = [], 0
    for start, end in sentences.split(text):
        if _INJECTION.search(text[start:end]):
            parts += [text[at:start], " " * (end - start)]
            at = end
    return "".join(parts) + text[at:] if parts else text


def was_blanked(between: str) -> bool:
    """Whether the text between two sentences holds a blanked one."""
    return _BLANK in between


def cleaned(hits: Sequence[Hit]) -> list[Hit]:
    """Return passages with sentences that instruct the model blanked; a passage of such sentences alone is left out."""
    kept = []
    for hit in hits:
        text = blanked(hit.record.text)
        if text is not hit.record.text:
            if not text.strip():
                continue
            hit = replace(hit, record=replace(hit.record, text=text))
        kept.append(hit)
    return kept
