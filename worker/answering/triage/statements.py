"""Messages that go on with a conversation and ask nothing new: acknowledgements, and details such as a number."""

import re

from kb import sentences
from worker.answering import customer_language
from worker.answering.question import Question
from worker.states import Role
from worker.translations import translate

_MAX_CHARACTERS = 160

#: A question in so many last characters of an answer is one that the assistant waits for.
_ASKED_AT_THE_END = 200
_NO_WORDS = re.compile(r"[^\w']+")

#: Whole sentences by which customers end a conversation, by language.
_ENDS = {
    "en": r"""(?:that|this|it)(?:['’]s|\s(?:is|was|did|has|all)?)?\s?(?:really\s|all\s|now\s)?(?:worked
        |works(?:\snow)?|helped|helps|help|solved(?:\sit)?|did\sit|did\sthe\strick|fixed\sit|perfect|great|good|fine|clear(?:\snow)?|all|what\si\sneeded
          |all\si\sneeded(?:\sto\sknow)?|good\sto\sknow|helpful|very\shelpful|makes\ssense|it|everything|sorted|resolved)
        |(?:i\s)?(?:just\s)?(?:got\sit|understood|understand|see|found\sit|figured\sit\sout|have\sit)(?:\snow)?|makes\ssense|noted
        |(?:ok(?:ay)?|alright|sure|fine|right|perfect|great|cool|super|awesome|brilliant|excellent|lovely|wonderful|nice|amazing)
        |(?:i(?:['’]ll|\swill)\s|will\s|gonna\s|going\sto\s|let\sme\s)(?:try|do|check|test|give)(?:\s(?:that|it|this|so|them
          |a\s(?:try|go)))?(?:\s(?:out|now|later|tomorrow|tonight|today|at\shome|and\s(?:get\sback\sto|let)\syou(?:\sknow)?|right\saway|when\si(?:['’]m|\sam)\shome))*
        |no(?:pe)?\s(?:that(?:['’]s|\sis|\swas)\s(?:all|it|everything)|nothing\selse|i(?:['’]m|\sam)\s(?:good|fine|all\sset|ok))
        |(?:i(?:['’]ll|\swill)\s|will\s)(?:ask|tell|talk\sto|speak\sto|check\swith|inform)\s(?:my|our|the)\s\w+
        |nothing\selse|(?:that|it)(?:['’]s|\sis|\swas)?\sall(?:\sfor\snow)?|all\s(?:good|set|clear|done|sorted)(?:\snow)?
        |(?:you\s(?:are|were)|you['’]re)\s(?:the\sbest|awesome|great|amazing|very\shelpful|a\sstar|a\slife\s?saver)
        |you\s(?:have\s)?(?:saved|made)\smy\s(?:day|week|weekend|life|evening|night)|life\s?saver
        |good\sto\sknow|perfect\sanswer|problem\ssolved|never\s?mind|forget\sit|no\sworries
        |(?:have\sa\s(?:nice|good|great|lovely)\s(?:day|evening|weekend|one|night))|(?:good)?bye|see\sya|take\scare|cheers
        |works|no\sthank(?:s|\syou)|working\s(?:now|again|fine)|it\sis\sworking(?:\snow)?|yay|phew|wow""",
    "de": r"""(?:(?:das|es)\s)?(?:hat\s(?:geholfen|funktioniert|geklappt)
        |funktioniert(?:\sjetzt)?|klappt(?:\sjetzt)?|hilft(?:\smir)?)
        |alles\sklar|verstanden|verstehe|ok(?:ay)?|super|prima|perfekt|gut|klasse|toll|passt
        |(?:ich\s)?(?:probiere|versuche|mache|teste)(?:\sich)?(?:\s(?:es|das))?(?:\s(?:mal|gleich|später|morgen|heute|aus))*
        |nein\s(?:das\s(?:war|wars|wär['’]?s)(?:\salles)?|sonst\snichts)|das\swar['’]?s|sonst\snichts
        |(?:schönen|einen\sschönen)\s(?:tag|abend)(?:\snoch)?|tschüss|auf\swiedersehen|hat\ssich\serledigt""",
    "fr": r"""(?:ça|cela)\s(?:marche|fonctionne|m['’]a\saidée?)(?:\smaintenant)?
        |c['’]est\s(?:bon|parfait|clair|noté|tout)|compris
        |d['’]accord|parfait|super|génial|entendu|ok|(?:je\svais\s)?(?:essayer|tester)(?:\s(?:ça|cela|demain|ce\ssoir))*
        |je\svais\s(?:essayer|tester|faire\s(?:ça|cela))|non\s(?:c['’]est\stout|rien\sd['’]autre)|bonne\s(?:journée|soirée)|au\srevoir""",
    "es": r"""(?:ya\s)?(?:funciona|funcionó|está|lo\stengo|me\ssirvió|me\sayudó)(?:\sahora)?
        |entendido|perfecto|vale|de\sacuerdo|genial
        |ok|(?:lo\s)?(?:voy\sa\s)?(?:probar|intentar|probaré|intentaré)(?:lo)?(?:\s(?:mañana|luego|ahora))?
        |no\s(?:eso\ses\stodo|nada\smás)|eso\ses\stodo|nada\smás|buen\sdía|hasta\sluego|adiós""",
    "it": r"""(?:ora\s)?funziona|ha\sfunzionato|capito|perfetto|va\sbene|ottimo|ok
        |(?:ci\s)?prover[òo](?:\sdomani)?|ci\sprovo
        |no\s(?:è\stutto|nient['’]altro)|è\stutto|buona\s(?:giornata|serata)|arrivederci""",
    "nl": r"""(?:het|dat)\s(?:werkt|heeft\sgeholpen|is\sgelukt)(?:\snu)?|begrepen|duidelijk|prima|perfect|top|oké?
        |(?:ik\s)?(?:ga\s)?(?:het\s)?(?:proberen|probeer\s(?:het|dat))(?:\s(?:morgen|straks))?
        |nee\s(?:dat\s(?:is|was)\s(?:alles|het)|verder\sniets)|dat\swas\shet|fijne\s(?:dag|avond)|tot\sziens""",
    "pt": r"""(?:já\s)?(?:funcionou|funciona|deu\scerto|resolveu|ajudou)|entendi|perfeito|certo|ótimo|tudo\sbem|ok
        |vou\s(?:tentar|testar)(?:\samanhã)?|não\s(?:é\s(?:só|tudo)(?:\sisso)?|mais\snada)|é\ssó\sisso|bom\sdia|até\slogo""",
    "pl": r"""(?:już\s)?działa|zadziałało|pomogło|rozumiem|jasne|dobrze|super|świetnie|ok|spróbuję(?:\sjutro)?
        |nie\s(?:to\s(?:już\s)?wszystko|nic\swięcej)|to\swszystko|miłego\sdnia|do\swidzenia""",
}
_PATTERNS = {language: re.compile(ends, re.I | re.X) for language, ends in _ENDS.items()}

#: What may stand before or between such sentences.
_FILLER = re.compile(
    r"""ok(?:ay)?|ah+|oh+|so|and|yay|well|thanks?(?:\s(?:you|a\slot|so\smuch|very\smuch|again|anyway))*
        |thank\syou(?:\s(?:so\smuch|very\smuch|again|anyway))*|thx|ty|cheers|many\sthanks|danke(?:\s(?:schön|sehr))?|vielen\sdank
        |merci(?:\sbeaucoup)?|(?:muchas\s)?gracias|grazie(?:\smille)?|bedankt|dank\s(?:je|u)(?:\swel)?|obrigad[oa]|dziękuję
        |(?:for|für|pour|por|per|voor)\s(?:(?:your|the|ihre|votre|su)\s)?(?:quick\s|fast\s)?(?:help|answer|reply|hilfe|aide|ayuda)
        |no,?\s(?:thanks|thank\syou)|a\slot|then|now|already|for\snow|again|today|all""",
    re.I | re.X,
)
_MAX_WORDS = 16

#: Why a human takes over where a message gives nothing else.
DETAILS = "The customer gives a number or an address, which a human has to look up."

#: A number that stands for an order, a parcel, an account and the like; an e-mail address; a telephone number.
_REFERENCE = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.]+|(?<!\w)#?[A-Z]{0,5}[-/ ]?(?=[\dA-Z/-]*\d{3})[\dA-Z]+(?:[-/ ]?\d+)*(?!\w)"
    r"|\+?\d[\d ()/-]{5,}\d"
)

#: Words around such a number that ask nothing.
_ABOUT_REFERENCES = sentences.content(
    "order orders number numbers no nr num id ids tracking parcel package shipment dhl ups dpd gls fedex usps "
    "hermes evri royal mail reference ref invoice customer account contract policy claim ticket case booking "
    "confirmation code serial "
    "phone mobile telephone email e-mail mail address name postcode zip iban here there mine last digits ends ending "
    "registered under found sorry forgot requested asked yes please thanks today yesterday "
    "bestellnummer bestellung nummer sendungsnummer kundennummer rechnungsnummer vertragsnummer lautet meine "
    "hier ist die "
    "numéro commande suivi client facture voici mon numero pedido número cliente factura seguimiento aquí ordine "
    "fattura "
    "codice spedizione ecco klantnummer ordernummer factuurnummer zaknummer mijn encomenda fatura zamówienia "
    "zamówienie "
    "numer klienta przesyłki oto"
)
_ASKS = re.compile(
    r"\b(?:where|when|why|how|what|which|who|wo|wann|warum|wie|was|où|quand|comment|pourquoi|quoi|dónde|cuándo|cómo|qué"
    r"|por qué"
    r"|dove|quando|come|perché|waar|wanneer|hoe|onde|gdzie|kiedy|jak)\b",
    re.I,
)
_NAME = re.compile(r"(?<=\w )[A-ZÀ-Ž][\w'’-]+")


def acknowledges(question: Question) -> str | None:
    """Return the reply to a message that only acknowledges an answer, such as "ok, will try"; None for any other.

    Only after an answer, and not where the assistant waits for a "yes" or a choice.
    """
    last = question.turns[-1] if question.turns else None
    if last is None or last.role != Role.ASSISTANT or question.clarified or "?" in last.content[-_ASKED_AT_THE_END:]:
        return None
    if len(question.content) > _MAX_CHARACTERS or "?" in question.content:
        return None
    words = _NO_WORDS.sub(" ", question.content.replace("’", "'")).split()
    if not 0 < len(words) <= _MAX_WORDS:
        return None
    languages = [language for language in _PATTERNS if _ends(words, language)]
    if not languages:
        return None
    language = customer_language.among(languages, question)
    return translate("Glad to help. Write again whenever you need us.", language)


def gives_details(question: Question) -> bool:
    """Whether a message only gives a number or an address, such as "it is DHL number 003404", and asks nothing."""
    text = question.content
    if len(text) > _MAX_CHARACTERS or "?" in text or _ASKS.search(text) or not _REFERENCE.search(text):
        return False
    left = _NAME.sub(" ", _REFERENCE.sub(" ", text))
    return all(word.isdigit() or word in _ABOUT_REFERENCES for word in sentences.content(left))


def _ends(words: list[str], language: str) -> bool:
    """Whether words are sentences of a language that end a conversation, with fillers between them."""
    reached = {0: False}  # how many words are read, and whether one of the sentences is among them
    for start in range(len(words)):
        if start not in reached:
            continue
        for end in range(len(words), start, -1):
            text = " ".join(words[start:end])
            if _PATTERNS[language].fullmatch(text):
                reached[end] = True
            elif _FILLER.fullmatch(text):
                reached[end] = reached.get(end, False) or reached[start]
    return reached.get(len(words), False)
