"""Words by which greetings, closings and what software adds are told, in the languages that are read.

English, German, French, Spanish, Italian, Dutch, Portuguese, Polish. All patterns are for a whole line.
"""

import re

_NAME = (
    r"(?:[ ,]+(?:(?-i:[A-ZÀ-Ž])[\w.'’-]*|there|all|team|everyone|folks|sir|madam|or|and|und|et|y|e|customer"
    r"|service|support"
    r"|dear|zusammen|an alle|alle|à tous|tous|a todos|todos|equipo|tutti|team|klantenservice|assistenza|clienti|equipa"
    r"|państwo|pani|panie)){0,6}"
)

_GREETINGS = (
    r"hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|greetings|to whom it may concern",
    r"hallo|guten (?:tag|morgen|abend)|sehr geehrte[rs]?|liebe[rs]?|moin|servus|grüezi|werte[rs]?",
    r"bonjour|bonsoir|salut|ch(?:er|ère)s?|madame|monsieur",
    r"hola|buen[oa]s (?:días|dias|tardes|noches)|estimad[oa]s?|querid[oa]s?",
    r"buon ?giorno|buona ?sera|salve|ciao|gentil[ei](?:ssim[aei])?|egregi[oa]?|spett(?:abile|\.le)",
    r"beste|geachte|goede(?:morgen|middag|navond|dag)|dag|hoi",
    r"olá|ola|oi|bo[am] (?:dia|tarde|noite)|car[oa]s?|prezad[oa]s?|exm[oa]s?\.?",
    r"dzień dobry|witam|witajcie|cześć|szanown[iay](?: pan(?:ie|i|stwo))?",
)
GREETING = re.compile(rf"(?:{'|'.join(_GREETINGS)})\b{_NAME}\s*[,:!.–-]{{0,2}}", re.I)

_REGARDS = (
    r"(?:with )?(?:my |our )?(?:best|kind|kindest|warm|warmest|many|friendly) (?:regards|wishes|greetings)",
    r"regards|rgds|cheers|br|kr|(?:yours )?(?:sincerely|faithfully|truly)(?: yours)?|best|all the best|take care",
    r"(?:mit )?(?:(?:freundlich|best|viel|lieb|herzlich|schön)e[nmr]? )?(?:grü(?:ß|ss)en?|gru(?:ß|ss)|gruessen?)"
    r"|(?:freundliche|viele|liebe|beste|herzliche|schöne)[rn]? gr(?:ü|ue)(?:ß|ss)e?n?",
    r"mfg|lg|vg|hochachtungsvoll",
    r"(?:bien |très )?cordialement|bien à vous|cdlt|(?:mes |sincères |meilleures )?salutations(?: distinguées)?"
    r"|bonne (?:journée|soirée)|respectueusement",
    r"(?:un )?(?:cordial )?saludos?(?: cordial(?:es)?)?|atentamente|atte\.?|cordialmente|un abrazo",
    r"(?:(?:cordiali|distinti|cari|(?:i )?migliori) )?saluti|un (?:caro )?saluto|buona (?:giornata|serata)",
    r"(?:met )?(?:(?:vriendelijke|hartelijke|beste) )?groet(?:en|jes)?|mvg|hoogachtend",
    r"(?:com )?(?:os )?(?:melhores )?cumprimentos|(?:atenciosa|cordial)mente|abraços?",
    r"z (?:poważaniem|wyrazami szacunku)|pozdrawiam(?: serdecznie)?|(?:serdeczne )?pozdrowienia",
)
_THANKS = (
    r"(?:many )?thanks(?: again| in advance| so much| a lot)?|thank you(?: very much| in advance| so much)?|thx",
    r"(?:vielen |besten |herzlichen )?dank(?:e)?(?: schön| im voraus)?",
    r"merci(?: d['’]avance| beaucoup| par avance)?",
    r"(?:muchas )?gracias(?: de antemano)?",
    r"grazie(?: mille| in anticipo)?",
    r"(?:alvast )?(?:hartelijk )?(?:bedankt|dank)(?: alvast)?",
    r"(?:muito )?obrigad[oa](?: desde já)?|desde já(?: obrigad[oa]| agradeço)?",
    r"dziękuję(?: z góry)?|z góry dziękuję",
)
CLOSING = re.compile(
    rf"(?:(?:{'|'.join(_REGARDS)})(?:[ ,]+(?:[A-ZÀ-Ž][\w.'’-]*[ ]?){{1,4}})?"
    rf"|(?:{'|'.join(_THANKS)})(?: (?:and|und|et|y|e|en|i) (?:{'|'.join(_REGARDS)}))?)\s*[,.!–-]{{0,2}}".replace(
        "[A-ZÀ-Ž]", "(?-i:[A-ZÀ-Ž])"
    ),
    re.I,
)
POSTSCRIPT = re.compile(r"\s*p\.? ?s\.?\s*[:.,-]?\s+\S", re.I)
DELIMITER = re.compile(r"\s*(?:--|—|__)\s*")

DEVICE = re.compile(
    r"\s*(?:sent from (?:my |mail\b|outlook|yahoo|samsung|gmail|proton|the )|sent (?:with|via|using) |get outlook for "
    r"|von mein\S+ .*gesendet|gesendet (?:von|mit|über) |diese nachricht wurde von meinem .* gesendet"
    r"|outlook für (?:ios|android)"
    r"|envoyé (?:de|depuis|à partir de|avec) |(?:obtenez|obtenir|télécharger) outlook"
    r"|enviado (?:desde|con|do|a partir do|pelo|com) |obten(?:er|ga) outlook|obter o outlook"
    r"|inviato (?:da|dal|con) |(?:scarica|ottieni) outlook"
    r"|(?:verzonden|verstuurd) (?:vanaf|met|via) |outlook voor (?:ios|android)|download outlook"
    r"|wysłan[eoy] (?:z|za pomocą) |pobierz .{0,20}outlook).{0,120}",
    re.I,
)

_LEGAL = (
    r"confidential|privileged",
    r"intended (?:solely|only|recipient)|solely for the|addressee",
    r"(?:received|receive) (?:it|this|the)\b.{0,40} in error|notify the sender|delete (?:it|this)",
    r"vertraulich|rechtlich geschützt",
    r"richtige[rn]? adressat|irrtümlich|versehentlich erhalten",
    r"informieren sie .{0,30}absender|vernichten|unbefugte|nicht gestattet",
    r"confidentiel",
    r"destinataires?",
    r"par erreur|détruire|expéditeur",
    r"confidencial|confidenciais",
    r"destinat[aá]ri[oa]",
    r"por (?:error|engano|erro)\b|remitente|remetente|elimin[ea]",
    r"riservat[eio]",
    r"per errore|cancellarl[oa]|mittente",
    r"vertrouwelijk",
    r"geadresseerde|uitsluitend bestemd",
    r"ten onrechte|afzender|te verwijderen",
    r"poufn[eya]",
    r"adresat[ae]?",
    r"omyłkowo|nadawc[yęa]|usunięcie",
)
_OF_MESSAGE = re.compile(r"e-?mail|message|nachricht|mensaje|messaggio|bericht|mensagem|wiadomość", re.I)
_MIN_LEGAL_CHARACTERS = 80
_LEGAL_SIGNS = tuple(re.compile(sign, re.I) for sign in _LEGAL)

NOTICE = re.compile(
    r"(?:[\[(*<]{1,3}\s?(?:external e-?mail|external|extern|externe)\b.{0,300}"
    r"|(?:external e-?mail|external|extern|externe)\s?[:!–-].{0,60}(?:originat|outside|do not click|links"
    r"|absender|außerhalb|expéditeur|extérieur).{0,240}"
    r"|\W{0,3}(?:caution|warning|achtung|attention)\s*:\s*this (?:e-?mail|message) (?:originated|was sent|came) from"
    r" outside.{0,300}"
    r"|.{0,60}consider the environment.{0,80}|.{0,40}environnement avant d['’]imprimer.{0,60}"
    r"|.{0,40}umwelt.{0,40}(?:drucken|ausdrucken).{0,40}|.{0,60}medio ?ambiente antes de imprimir.{0,60}"
    r"|.{0,60}ambiente prima di stampare.{0,60}|.{0,40}milieu voordat .{0,40}print.{0,40}"
    r"|.{0,60}ambiente antes de imprimir.{0,60}|.{0,60}środowisk.{0,60}wydruk.{0,60}"
    r"|.{0,60}(?:checked|scanned) for viruses.{0,80}|virus-?free\b.{0,80}|virenfrei\b.{0,80}|.{0,40}sans virus\b.{0,80}"
    r"|.{0,40}libre de virus\b.{0,80}|.{0,40}privo di virus\b.{0,80}|.{0,20}virusvrij\b.{0,80}"
    r"|.{0,20}livre de vírus.{0,80}"
    r"|.{0,20}wolna od wirusów.{0,80}"
    r"|sent with (?:mailtrack|mailsuite|streak|superhuman)\b.{0,120}"
    r"|.{0,120}\bunsubscribe\b.{0,20}https?://\S+|(?:unsubscribe"
    r"|view (?:this e-?mail )?in (?:your )?browser)\W*(?:https?://\S+)?"
    r"|if you no longer wish to receive .{0,160})",
    re.I | re.S,
)

_CONTACT = (
    r"\s*(?:t|tel|tél|phone|telefon|téléphone|teléfono|telefono|m|mob|mobile|mobil|fax|f|d|direct)\b\s?[.:]{0,2}\s*"
    r"[+(]?\d[\d ()./-]{5,}",
    r"\s*\+\d[\d ()./-]{7,}",
    r"\s*(?:https?://|www\.)\S+\s*",
    r"\s*(?:e-?mail\s?:?\s*)?\S+@\S+\.\S+\s*",
    r".{2,80}\b(?:gmbh|ag|kg|ohg|ltd|llc|inc|plc|sarl|sas|s\.?a\.?|s\.?l\.?|s\.?r\.?l\.?|s\.?p\.?a\.?|b\.?v\.?|lda"
    r"|sp\. z o\.o)\b.{0,40}",
    r".{2,50}\s\|\s.{2,50}",
    r"\s*(?:geschäftsführer|sitz der gesellschaft|amtsgericht|ust-?id|registergericht|handelsregister|kvk|siret|nip"
    r"|partita iva|p\. ?iva|vat)\b.{0,120}",
)
_CONTACT_SIGNS = tuple(re.compile(sign, re.I) for sign in _CONTACT)


def is_legal(paragraph: str) -> bool:
    """Whether a paragraph is a notice of confidentiality: it speaks of the message, and as such notices do."""
    if len(paragraph) < _MIN_LEGAL_CHARACTERS or not _OF_MESSAGE.search(paragraph):
        return False
    return sum(bool(sign.search(paragraph)) for sign in _LEGAL_SIGNS) >= 2


def contact_signs(lines: list[str]) -> int:
    """Return how many of these lines are what a block of contact data has: numbers, addresses, a company."""
    return sum(any(sign.fullmatch(line) for sign in _CONTACT_SIGNS) for line in lines)
