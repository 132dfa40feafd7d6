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
_DROPS = r"(?:ignore|disregard|forget|override|bypass)"
_RULES = r"(?:instructions?|rules?|prompts?|guidelines|restrictions?|polic(?:y|ies)|programming|directions)"
_MACHINE = (
    r"(?:ai(?: assistants?| models?)?|llms?|language models?|chat ?bots?|gpt|(?:the |any |every )"
    r"(?:bot|assistant|model))"
)
_PERSON = r"(?:the|every|each|all|any) (?:user|customer|reader|human|visitor)s?"
_HIDDEN = (
    r"(?:(?:your|the|its|my) (?:whole |entire |full |hidden |secret |initial |original )*(?:system |developer )"
    r"(?:prompt|message|instructions?)|your (?:own |hidden |secret |initial |original )*(?:prompt|instructions?)|"
    r"hidden rules"
    r"|instructions you\b|(?:the )?text above)"
)
#: Words that are dictated: a quotation of several words, an address of the web, a telephone number.
_DICTATED = r"(?:[\"“'‘][^\"”'’]{3,}\s[^\"”'’]{2,}[\"”'’]|https?://)"

#: Sentences that speak to a machine, by what they say. Those that speak about instructions to people stay: "ignore the
#: instructions on the leaflet" and "write exactly RESET" name a thing in the world, or a field.
_PATTERNS = (
    # the rules that came before are to be dropped
    rf"\b{_DROPS}\b[^.!?]{{0,15}}\b(?:previous|prior|above|earlier|preceding|foregoing|former|system|your|these|other)"
    rf"(?: (?:previous|prior|system|own|given))* {_RULES}\b",
    rf"\b{_DROPS} (?:all|any|every)(?: of)?(?: the| your)? {_RULES}\s*(?:$|[.,;:!]|and\b|above|before|you\b|given)",
    rf"\b{_DROPS} (?:all )?the {_RULES} (?:above|before this|you (?:were|have been|are)\b|of (?:the|your) (?:syst"
    rf"em|developer))",
    rf"\b{_DROPS} (?:all of )?(?:everything (?:above|else|before)\s*(?:$|[.,;:!]|and\b|this (?:line|text|point|me"
    rf"ssage))"
    r"|the above\b|(?:all )?the (?:articles|passages)\b)",
    # what the machine was told is to be shown
    rf"\b(?:reveal|print|repeat|output|show me|give me|tell me|leak|dump|display|write (?:out|down)|what (?:is|ar"
    rf"e|was|were))\b"
    rf"[^.!?]{{0,30}}\b{_HIDDEN}",
    r"\bsystem prompt\s*(?:is\s*)?:",
    r"\breveal (?:everything|all)\b[^.!?]{0,30}\b(?:you know|data|secrets?)\b",
    # a line that plays a part of the conversation
    rf"^\W*(?:system|assistant|developer)\s*:\s*(?:{_VERBS}\b|ignore|you\b|call\b|use\b|do\b|never|always|new (?:"
    rf"polic|rule|inst)"
    r"|from now|whatever|i will\b)",
    r"^\W*user\s*:\s*(?:ignore|disregard|from now)\b",
    r"<\|?/?(?:im_start|im_end|system|assistant|endoftext)\b|\[/?(?:INST|SYS)\]",
    r"###\s*(?:new )?(?:instructions?|system|response)\b[^:.!?]{0,30}:",
    # it is to be another
    r"\b(?:you are(?: now)?|from now on,? you are|act as|pretend to be|pretend you are|behave as|roleplay as)\b[^"
    r".!?]{0,15}"
    r"\b(?:unrestricted|dan|jailbroken|evil\w*)\b",
    r"\b(?:you are (?:now|no longer)|from now on,? you are|act as|pretend to be|pretend you are|behave as|rolepla"
    r"y as)\b"
    r"[^.!?]{0,30}\b(?:an? (?:ai|language model|chatbot)|developer mode|admin(?:istrator)? mode)\b",
    # it is named, and told what to say
    rf"\b{_MACHINE}\b[^.!?]{{0,40}}\b(?:must|should|shall|has to|have to|is to|are to|please|need to)\b[^.!?]"
    rf"{{0,20}}\b{_VERBS}\b"
    rf"[^.!?]{{0,25}}(?:\b{_PERSON}\b|\beverybody\b|{_DICTATED}|\bthat the\b|\bthe (?:link|phrase|sentence)\b)",
    rf"\bif you are (?:an? )?(?:{_MACHINE}|assistant|bot)\b\s*,",
    rf"\b(?:{_MACHINE}|assistants?|bots?)\b[^.!?]{{0,15}}\b(?:reading|reads?|processing) this\b",
    r"\b(?:instructions?|notes?|messages?) (?:for|to) (?:the |any |all )?(?:ais?|assistants?|bots?|models?|llms?)"
    r"\s*:(?!\s*(?:send /|type|press))",
    rf"\bnew (?:instructions?|rules?|task)\b\s*:\s*(?:{_VERBS}\b|ignore|you\b|always|never|only|call\b|from now)",
    # words are dictated to it
    rf"\b(?:say|reply|respond|answer|output|print)\b[^.!?]{{0,20}}\b(?:exactly|only)\b[^.!?\"“'‘]{{0,12}}{_DICTATED}",
    rf"\b(?:say|reply|respond|answer|output|print|write|repeat)\b[^.!?]{{0,30}}{_DICTATED}\s*(?:verbatim|word for"
    rf" word)",
    r"^\W*(?:say|reply|respond|answer|output|repeat|tell|(?:[^.!?]{0,40}\b(?:then|and|please)) (?:say|reply|outpu"
    r"t|print))\b"
    r"[^.!?\"“]{0,40}[\"“][^\"”]{3,}\s[^\"”]{2,}[\"”]\W*$",
    rf"\b(?:in|to|end|begin|start|finish) (?:your|every|each|all) (?:answer|reply|response)s?\b[^!?]{{0,30}}"
    rf"{_DICTATED}",
    rf"{_DICTATED}[^!?]{{0,30}}\b(?:in|to) (?:your|every|each|all) (?:answer|reply|response)s?\b",
    # customers are to be told, or given, something
    rf"\b(?:tell|inform|assure|answer|say to|show|reply to) (?:{_PERSON}|everybody|everyone)\b\s*(?:that\b|[\"“])",
    r"\b(?:say|answer|tell|give|show|send|print|output)\b[^.!?]{0,60}\bto (?:the (?:user|customer)|everybody)(?: "
    r"that\b|\W*$| as\b)",
    rf"\b(?:do not|don't|never) (?:tell|inform|warn) {_PERSON} (?:about|that|of)\b",
    rf"\b(?:do not|don't|never) (?:mention|reveal)\b[^.!?]{{0,30}}\bto {_PERSON}\b",
    r"\b(?:send|forward|append|insert|reveal|give|show|print)\b[^.!?]{0,20}\b(?:customer|user)s?(?:['’]s)? "
    r"(?:that\b|[\w-]+ )?(?:data|details|history|e-?mail|number|card|address)\b[^!?]{0,30}(?:https?://|\S+@\S|\bw"
    r"ithout asking)",
    r"!\[[^\]]*\]\([^)\s]*[?&]\w+=",
    # a tool is to be called, a passage to be cited
    r"\b(?:call|invoke|use|run|execute|trigger)\b[^.!?]{0,20}\b[a-z]+_[a-z_]+\b[^.!?]{0,20}(?:"
    r"\{|\bwith \{|\bfor the (?:user|customer))",
    r"\bcite\s+(?:\[\d+\]|(?:passage|source|number)\s+\[?\d+)",
    r"\b(?:do not|don't) use the other (?:passages|articles)\b|\banswer only from this (?:text|passage)\b",
)
_INJECTION = re.compile("|".join(_PATTERNS), re.I)

#: A quotation that a person is told to type, or that the text only reports.
_MENTIONED = re.compile(
    r"\b(?:paste|types?|enter|writes?|like|such as|e\.g\.|phrases?|words?|called|means)\s*[\"“][^\"”]{3,80}[\"”]("
    r"?=\s+\w|[,;])",
    re.I,
)
_SUSPECT = re.compile(
    r"ignore|disregard|forget|overrid|bypass|system|assistant|developer|instruct|<\||\[/?(?:inst|sys)\]|###|you are"
    r"|act as|pretend|behave|roleplay|\bai\b|llm|model|bot\b|gpt|exactly|verbatim|word for word|following|prompt"
    r"|respond|say |output|print|everybody|everyone|reveal|passages|api key|secret|password|customer|user|answer|"
    r"reply|response|tool|function|_|cite|rules|task|reader|visitor|human|text above|!\[",
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
        if _INJECTION.search(_MENTIONED.sub("", text[start:end])):
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
