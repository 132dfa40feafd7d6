"""The patterns of escalation, one a line with an example that it matches.

All are applied to one clause at a time, regardless of case. A pattern looks for a statement about oneself ("my account
was hacked"), not for a word ("hacked"). `tests/data/desk/escalation.tsv` is the set that they are measured on; run
`answerback eval` after a change.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple


class Pattern(NamedTuple):
    """A regular expression and a text that it matches; a test checks that it does."""

    regex: str
    example: str


def compiled(patterns: Sequence[Pattern]) -> re.Pattern[str]:
    """Return one expression that matches what any of the patterns matches; of several, the first one counts."""
    return re.compile("|".join(pattern.regex for pattern in patterns), re.I)


# Parts of patterns: anyone who might answer, those who are surely a human, and the words before them; what is the
# customer's own.
PERSON = (
    r"(?:human(?: being)?s?|person|people|agents?|representatives?|rep|operators?|advis[eo]rs?|manager"
    r"|supervisor|someone|somebody|anyone|anybody|staff|colleague|employee|customer (?:service|support"
    r"|care|assistance)|support team|service desk|help ?desk|mensch(?:en)?|mitarbeiter(?:in)?|personne"
    r"|humain|conseiller|persona|humano|agente)"
)
_HUMAN = (
    r"(?:(?:human(?: being)?|live|real|actual)(?: (?:human|person|agent|operator|being|representative))*"
    r"|agent|representative|operator|advis[eo]r|manager|supervisor|someone real|customer (?:service"
    r"|support) (?:agent|representative|person))"
)
_ARTICLES = (
    r"(?:(?:a|an|the|your|one of your|some|any|actual|real|live|human|free|support|service|different"
    r"|senior|your own|with) ){0,8}"
)
_OWN = r"(?:my|our)"
_POSSESSION = (
    r"(?:account|card|credit|bank|profile|e-?mail|password|phone|name|identity|details|log-?in|money"
    r"|paypal|wallet|points|subscription|behalf|pin|address)"
)

#: The customer asks for a human: to be put in touch, to have one, to be called; also in German, French and Spanish.
ASKS_FOR_HUMAN = (
    Pattern(
        r"\b(?:talk|speak|chat|connect|transfer|escalat|hand|pass|put|forward|redirect|get|reach"
        r"|communicat|assist\w* to speak)\w*\b(?: me| us| this| it| my (?:call|chat|case|ticket|request"
        r"|question|issue|problem|complaint)| directly| over| in touch| urgently| now| please)* (?:to"
        rf"|with|through to|through with|hold of|on to) {_ARTICLES}{PERSON}\b(?! else)",
        "Can I talk to a real person",
    ),
    Pattern(rf"^\W*(?:live )?{_HUMAN}\W*(?:please|now)?\W*$", "Agent please"),
    Pattern(
        rf"\b{_ARTICLES}{PERSON} (?:should|must|has to|needs to|to|can|could|please) (?:call|phone|ring"
        r"|contact) me\b",
        "Your manager should call me",
    ),
    Pattern(r"\b(?:call|phone|ring) me back\b", "Please call me back"),
    Pattern(
        r"\bmit (?:einem|einer|jemandem|dem|der)\b.{0,30}\b(?:menschen?|mitarbeiter\w*|person"
        r"|kundenservice|kundendienst)\b",
        "Ich möchte mit einem Mitarbeiter sprechen",
    ),
    Pattern(
        r"\b(?:parler|discuter|échanger)\b.{0,20}\b(?:humain|conseiller\w*|personne|agent|quelqu'un)\b",
        "Je veux parler à un conseiller",
    ),
    Pattern(
        r"\bhablar con\b.{0,25}\b(?:persona|humano|agente|alguien|operador\w*|representante)\b",
        "Quiero hablar con una persona",
    ),
    Pattern(
        r"\b(?:get|give|want|need|like|prefer|let me have|looking for|bring|find)\b(?: me| us| to have|"
        rf" to see)? {_ARTICLES}{_HUMAN}\b",
        "I need a human agent",
    ),
    Pattern(rf"\bis (?:there|this) {_ARTICLES}{_HUMAN}\b", "Is there a human I can write to"),
    Pattern(
        rf"\bare you {_ARTICLES}(?:human|person|robot|bot|machine)\b.{{0,20}}\bwant\b",
        "Are you a robot? I want a person",
    ),
    Pattern(rf"\b(?:talk|speak) {_HUMAN}\b", "I want to speak human"),
    Pattern(r"\bhuman (?:help|support|assistance)\b", "I want human support"),
    Pattern(
        rf"\b(?:rather|prefer to) (?:deal|talk|speak|chat) (?:to|with) {_ARTICLES}{_HUMAN}\b",
        "I would rather speak to a human",
    ),
    Pattern(r"\b(?:a )?real (?:person|human)(?:,)? please\b", "A real person please"),
    Pattern(
        r"\b(?:can|could|will|would) (?:someone|somebody|anyone|anybody|a person) (?:please )?(?:call"
        r"|phone|ring) me\b",
        "Could someone call me",
    ),
)

#: A report of danger, by category.
REPORTS: dict[str, tuple[Pattern, ...]] = {
    "self_harm": (
        Pattern(r"\b(?:kill(?:ing)?|hurt(?:ing)?|harm(?:ing)?|cut(?:ting)?) my ?self\b", "I am going to kill myself"),
        Pattern(r"\bsuicid\w+\b", "I feel suicidal"),
        Pattern(r"\bend(?:ing)? (?:my (?:own )?life|it all|it tonight)\b", "I want to end my life"),
        Pattern(r"\b(?:can't|cannot|can not) go on living\b", "I can't go on living"),
        Pattern(r"\bself[- ]?harm\w*\b", "I think about self-harm"),
        Pattern(r"\b(?:want|wish|ready|going) to die\b", "I want to die"),
        Pattern(
            r"\b(?:don't|do not) want to (?:live|be alive)\b(?! (?:in|at|on|near|abroad|without)\b| with"
            r" (?:my|a|the|your)\b)",
            "I don't want to live",
        ),
        Pattern(r"\bno (?:reason|point) (?:to|in) liv(?:e|ing)\b", "There is no reason to live"),
        Pattern(r"\btake my own life\b", "I will take my own life"),
        Pattern(r"\bbetter off (?:dead|without me)\b", "They are better off without me"),
    ),
    "safety": (
        Pattern(r"\b(?:electric(?:al)?) shock\b", "It gave me an electric shock"),
        Pattern(
            r"\bsmok(?:e|ing) (?:is |was |started )?(?:coming|pour\w*|com\w*) (?:out|from)\b",
            "There is smoke coming out of it",
        ),
        Pattern(r"\b(?:started|began|is|was) (?:to )?smok(?:e|ing)\b", "It began to smoke"),
        Pattern(r"\bsmell\w* (?:of )?(?:gas|burning|burnt)\b", "It smells of burning"),
        Pattern(r"\b(?:allergic|anaphylactic) (?:reaction|shock)\b", "She had an allergic reaction"),
        Pattern(r"\b(?:burn(?:ed|t)|melted) (?:a )?(?:hole|through)\b", "It melted a hole in the carpet"),
        Pattern(r"\b(?:set|caught|went) (?:\w+ ){0,3}alight\b", "It set the curtains alight"),
        Pattern(r"\b(?:there is|there's|i see|i smell|we smell|smell of) smoke\b", "There is smoke"),
        Pattern(r"\bsmoke (?:in|from|out of) (?:my|our|the|your)\b", "There is smoke in my kitchen"),
        Pattern(
            r"\bbattery\b[^.!?]{0,20}\b(?:swell(?:s|ing|ed)?|swollen|bulging|hissing|leaking)\b",
            "The battery is swollen",
        ),
        Pattern(r"\bneeds? stitches\b", "The wound needs stitches"),
        Pattern(
            r"\b(?:overheat\w*|melt(?:ed|ing|s)?)\b.{0,40}\b(?:fire|danger\w*|burn\w*|hand|hot to touch)\b",
            "It overheats and is dangerous",
        ),
        Pattern(r"\bdangerous(?:ly)? hot\b", "It gets dangerously hot"),
        Pattern(r"\b(?:caught|catch(?:es|ing)?|on|started a) fire\b", "The charger caught fire"),
        Pattern(r"\bburst into flames\b", "It burst into flames"),
        Pattern(r"\b(?:exploded|blew up|electrocuted)\b", "The battery exploded"),
        Pattern(r"\bgot (?:a )?shock(?:ed)? (?:from|when|by)\b", "I got a shock from the lamp"),
        Pattern(
            r"\b(?:is|was|are|were|started|keeps|began|began to|starts) spark(?:ing|ed)?\b",
            "The plug keeps sparking",
        ),
        Pattern(r"\bsparks? (?:came|come|coming|flew|fly|flying|out)\b", "Sparks flew when I plugged it in"),
        Pattern(r"\bgas leak\b", "There is a gas leak in my kitchen"),
        Pattern(r"\bburn(?:ed|t|s)? (?:my|his|her|our|me|the (?:baby|child|skin))\b", "It burned my hand"),
        Pattern(
            r"\b(?:injur(?:ed|y|ies)|wounded|bleeding|poisoned|hospitali[sz]ed|choked|choking)\b",
            "My son was injured",
        ),
        Pattern(r"\bin (?:the )?hospital\b", "He is in hospital"),
        Pattern(
            r"\bcut (?:my|his|her|our) (?:hand|finger|arm|face|foot|leg)\w* (?:\w+ )?(?:badly|deep|open)",
            "It cut my finger badly",
        ),
        Pattern(
            r"\b(?:taken|went|rushed|had to go) to (?:the )?(?:hospital|emergency|er|a&e)\b",
            "She was taken to hospital",
        ),
        Pattern(r"\bswallowed (?:a|the|some|part|one)\b", "My son swallowed a part"),
    ),
    "account_compromise": (
        Pattern(
            rf"\b{_OWN} (?:(?!not\b)\w+ ){{0,3}}(?:has been|have been|was|were|got|been|is|has got|is being)"
            r" (?:(?!not\b)\w+ )?(?:hacked|hijacked|compromised|stolen|breached|taken over|used"
            r" (?:fraudulently|without)|accessed by)\b",
            "My account has been hacked",
        ),
        Pattern(
            r"\b(?:log-?ins?|sign-?ins?|devices?|transactions?|charges?|purchases?|orders?|payments?)"
            r"\b.{0,25}\b(?:i|we) (?:don't|do not|didn't|did not|can't) recogni[sz]e\b",
            "There is a login from Peru that I don't recognise",
        ),
        Pattern(
            r"\b(?:un-?authori[sz]ed|fraudulent|suspicious|unknown) (?:\w+ )?(?:charges?|transactions?"
            r"|purchases?|payments?|orders?|log-?ins?|sign-?ins?|access|activity|withdrawals?)\b",
            "There was an unauthorised charge",
        ),
        Pattern(
            r"\b(?:charges?|transactions?|purchases?|payments?|orders?|log-?ins?|withdrawals?)"
            r"\b.{0,30}\b(?:i|we) (?:didn't|did not|never|haven't) (?:make|made|place|placed|authori[sz]e"
            r"|authori[sz]ed|recogni[sz]e|order|do|done|made)\b",
            "There is a payment I never made",
        ),
        Pattern(
            r"\b(?:i|we) (?:don't|do not|didn't|did not|can't) recogni[sz]e (?:this|that|these|those|the|a"
            r"|any|some) (?:\w+ )?(?:log-?ins?|sign-?ins?|devices?|transactions?|charges?|purchases?|orders?"
            r"|payments?)\b",
            "I don't recognise this device",
        ),
        Pattern(
            r"\b(?:charges?|payments?|transactions?|orders?|purchases?)\b[^.!?]{0,20} (?:that |which )"
            r"?(?:isn't|aren't|is not|are not|wasn't|weren't) (?:mine|ours|me|from me)\b",
            "There is a charge which is not mine",
        ),
        Pattern(
            rf"\b(?:block|freeze|lock|stop) {_OWN} (?:\w+ )?(?:card|account)\b[^.!?]{{0,20}}\b(?:immediately"
            r"|now|at once|urgently|asap)\b",
            "Block my card immediately",
        ),
        Pattern(
            r"\b(?:i|we) (?:didn't|did not|never) (?:make|made|place|placed|authori[sz]ed?) (?:this|that"
            r"|these|those|the|any of) (?:\w+ )?(?:orders?|purchases?|payments?|transactions?|charges?)\b",
            "I did not place this order",
        ),
        Pattern(
            r"\b(?:i|we)(?:'ve| have|'m| am| was| were| got)? (?:been )?(?:hacked|phished|scammed|defrauded)"
            r"\b",
            "I was scammed",
        ),
        Pattern(
            r"\b(?:someone|somebody|some one|a stranger|a hacker|hackers|another person|a thief|they)(?:"
            r" else)?(?: has| have|'s| is| had)? (?:\w+ )?(?:hacked|got into|broken? into|logged in(?:to)?"
            r"|log(?:ged|ging)? on|access(?:ed|ing)|us(?:ed|ing)|chang(?:ed|ing)|stole|ordered|order(?:ing)?"
            rf"|bought|buying|spent|spending|made (?:\w+ ){{0,3}}(?:purchase|order|payment|transaction|charge"
            rf"|withdrawal)s?)\b.{{0,40}}\b{_OWN} (?:\w+ ){{0,2}}{_POSSESSION}\b",
            "Someone has ordered things with my card",
        ),
        Pattern(
            rf"\b{_OWN} (?:\w+ )?account (?:has been|have been|was|got|is being) broken into\b",
            "My account was broken into",
        ),
        Pattern(
            rf"\b(?:someone|somebody|a stranger)\b[^.!?]{{0,25}}\b(?:just )?(?:logged|signed) in(?:to)?"
            rf" {_OWN} account\b",
            "Someone just logged into my account",
        ),
        Pattern(r"\bidentity theft\b", "This is identity theft"),
        Pattern(r"\bstolen (?:credit |debit )?card\b", "It was paid with a stolen card"),
        Pattern(
            rf"\b{_OWN} (?:password|e-?mail(?: address)?|phone number) (?:was|has been|got)"
            rf" changed\b.{{0,40}}\b(?:not|wasn't|didn't|without)\b",
            "My email was changed and I did not do it",
        ),
    ),
    "legal": (
        Pattern(
            r"\b(?:lawsuit|legal action|legal steps|legal proceedings|class action|cease and desist|subpoena"
            r"|court order|small claims)\b",
            "I am taking legal action",
        ),
        Pattern(
            r"\b(?:ombudsman|trading standards|better business bureau|\bftc\b|consumer (?:protection|affairs"
            r"|rights (?:agency|office))|data protection (?:authority|commissioner)|attorney general)\b",
            "I will write to the ombudsman",
        ),
        Pattern(r"\breport(?:ing)? (?:you|your company) to\b", "I will report you to the authorities"),
        Pattern(
            r"\b(?:my|our|a|the) (?:lawyers?|attorneys?|solicitors?|legal (?:team|counsel|representative))\b",
            "My lawyer will write to you",
        ),
        Pattern(r"\bsu(?:e|ing) (?:you|your|the company|them|for)\b", "I am going to sue you"),
        Pattern(r"\b(?:see|meet) you in court\b", "I will see you in court"),
        Pattern(
            r"\b(?:take|taking|bring|go|going|off) (?:you |this |it )?(?:all )?to (?:court|the authorities"
            r"|the police|tribunal)\b",
            "I am going to court",
        ),
        Pattern(
            r"\breport(?:ing)? this to (?:the )?(?:police|authorit\w+|ombudsman|ftc|bbb|regulator|trading)\b",
            "I will report this to the police",
        ),
        Pattern(r"\b(?:press|pressing) charges\b", "I will press charges"),
        Pattern(r"\bfil(?:e|ing) charges against\b", "I am filing charges against you"),
        Pattern(r"\bi(?:'ll| will) sue\b", "I'll sue"),
        Pattern(r"\bbreach of contract\b", "This is a breach of contract"),
        Pattern(r"\bfiled? a (?:police report|complaint with)\b", "I filed a police report"),
    ),
}

#: Phrases that only look like a report, by category; a report that overlaps one does not count.
HARMLESS: dict[str, tuple[Pattern, ...]] = {
    "asked_for_person": (
        Pattern(
            r"\b(?:can|could|may) (?:i|we|one) (?:speak|talk|chat|call|reach)\b[^.!?]*\b(?:on|over|at|during)"
            r" (?:the )?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weekends?|(?:public |bank )?holidays?"
            r"|christmas|easter)\b",
            "Can I speak to someone on Saturday",
        ),
    ),
    "self_harm": (
        Pattern(r"\bsuicid\w+ (?:prevention|squad|songs?|film|movie|book|policy)\b", "suicide prevention leaflet"),
        Pattern(r"\b(?:songs?|films?|movies?|books?|guide) (?:about|on|against) suicid\w+", "a book about suicide"),
    ),
    "safety": (
        Pattern(r"\bfire (?:tv|stick|tablet|hd|sale|pit|place|wall)\b", "a fire TV"),
        Pattern(r"\bon fire (?:sale|deal)", "an on fire sale"),
        Pattern(r"\bburn (?:a |the )?(?:cds?|dvds?|disc)\b", "burn a CD"),
        Pattern(r"\bshock (?:absorb\w*|resist\w*|proof)\b", "shock absorber"),
        Pattern(r"\b(?:smoke|fire)[- ](?:free|alarm|detector)\b", "smoke detector"),
        Pattern(r"\bno injur\w+\b", "no injuries"),
    ),
    "account_compromise": (
        Pattern(r"\b(?:life|growth) hack", "a life hack"),
        Pattern(
            r"\b(?:package|parcel|bike|bicycle|order|case|bag|wallet|car) (?:was|got|has been) stolen\b",
            "my parcel was stolen",
        ),
        Pattern(
            r"\b(?:see|find|view|show)\b[^.!?]{0,20}\b(?:suspicious|unknown) activity\b",
            "Where can I see suspicious activity",
        ),
    ),
    "legal": (
        Pattern(
            r"\b(?:our|my) legal (?:team|department|counsel) (?:needs?|wants?|asks?|requires?|has to (?:have"
            r"|sign))\b",
            "Our legal team needs an invoice",
        ),
        Pattern(r"\bthe lawyers? (?:plan|version|edition|template|licen[cs]e)\b", "the lawyer plan"),
        Pattern(r"\b(?:i am|i'm) (?:a|an) (?:lawyer|attorney|solicitor)\b", "I am a lawyer"),
        Pattern(r"\bfor (?:a|my|our) (?:lawyer|attorney|solicitor)s?\b", "a gift for my lawyer"),
    ),
}

#: An earlier answer did not help.
FAILED_BEFORE = (
    Pattern(
        r"\bstill (?:does(?:n't| not)|is(?:n't| not)|not|can(?:'t|not)|won't|no|broken|failing|have the"
        r" same|the same)\b",
        "It still does not work",
    ),
    Pattern(
        r"\b(?:did(?:n't| not)|does(?:n't| not)|is(?:n't| not)) (?:\w+ )?(?:help|work|answer|solve|fix"
        r"|true|right)\w*\b",
        "That did not help",
    ),
    Pattern(r"\balready (?:tried|did|done|said|told|told you|explained|asked)\b", "I already tried that"),
    Pattern(
        r"\b(?:asked|told|tried|wrote|said) (?:\w+ )?(?:this |that |it |you )?(?:\w+ )?(?:twice|(?:two"
        r"|three|four|five|several|many|\d+) times|again and again)\b",
        "I asked you this twice",
    ),
    Pattern(r"\bsame (?:answer|reply|response|thing) (?:again|as before|every)\b", "The same answer again"),
    Pattern(
        r"\b(?:not|isn't|wasn't) (?:what i (?:asked|meant)|helpful|an answer|answering)\b",
        "That is not what I asked",
    ),
    Pattern(r"\buseless\b", "This is useless"),
    Pattern(r"\byou (?:keep|are) repeating\b", "You keep repeating yourself"),
    Pattern(r"\bdoes(?:n't| not) answer\b", "It does not answer it"),
)
