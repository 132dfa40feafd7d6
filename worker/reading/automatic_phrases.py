"""Signs of automatic mail, in the languages that are read. docs/answering.md says how they are weighed."""

import re
from collections.abc import Mapping


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.I)


#: Subjects that software writes, from their first character on: a person's answer to one begins with `Re:`.
SUBJECTS: Mapping[str, re.Pattern[str]] = {
    "out_of_office": _any(
        r"(?:automatic reply|auto(?:matic)?[- ]?(?:reply|response)|out[- ]of[- ](?:the )?office|ooo)\s*:",
        r"automatische antwort\s*:|abwesenheitsnotiz\b|abwesenheit\s*:|autoantwort\s*:",
        r"réponse automatique\s*:|absence du bureau\b|absent\(?e?\)? du bureau\s*:",
        r"respuesta automática\s*:|fuera de (?:la )?oficina\s*:|risposta automatica\s*:|fuori ufficio\s*:",
        r"automatisch (?:antwoord|bericht)\s*:|afwezigheidsassistent\b|afwezig(?:heid)?\s*:|niet op kantoor\s*:",
        r"resposta automática\s*:|ausência (?:do|temporária)\b.{0,20}:|autoodpowiedź\s*:|odpowiedź automatyczna\s*:",
    ),
    "bounce": _any(
        r"undelivered mail returned to sender|delivery status notification|undeliverable\s*:|mail delivery failed"
        r"|mail delivery (?:subsystem|system)|returned mail\s*:|failure notice|message (?:delivery )?failure\s*:",
        r"unzustellbar\s*:|non remis\s*:|échec de remise\s*:|no se puede entregar\s*:|non recapitabile\s*:"
        r"|onbestelbaar\s*:|não é possível entregar\s*:|não entregue\s*:|niedostarczalne\s*:|nie można dostarczyć\s*:",
    ),
    "delivery_report": _any(
        r"delivery delayed\s*:|(?:warning: )?(?:message|mail) delayed|(?:not )?(?:read|delivered|relayed)\s*:"
        r"|(?:un)?gelesen\s*:|übermittelt\s*:|(?:non )?lu\s*:|leído\s*:|letto\s*:|gelezen\s*:|lida?\s*:"
        r"|przeczytano\s*:",
    ),
}

#: Lines that only software writes: one at the beginning of a line is enough.
LINES: Mapping[str, re.Pattern[str]] = {
    "bounce": _any(
        r"this is the mail system at host|hi\. this is the qmail-send program"
        r"|this message was created automatically by mail delivery software"
        r"|i'?m sorry to have to inform you that your message could not be delivered"
        r"|delivery has failed to these recipients|delivery to the following recipients? (?:has )?failed"
        r"|your message wasn'?t delivered to \S+@|the following message to <?\S+@\S+ was undeliverable",
        r"fehler bei der nachrichtenzustellung an folgende|ihre nachricht .{0,40}konnte nicht zugestellt werden an"
        r"|échec de la remise (?:pour ces|aux) destinataires|votre message n'a pas pu être remis à \S+@"
        r"|(?:no se pudo entregar el mensaje|error al entregar) a (?:los siguientes|estos) destinatarios"
        r"|impossibile recapitare il messaggio ai seguenti destinatari"
        r"|het bezorgen aan de volgende (?:ontvangers|geadresseerden)"
        r"|falha na entrega a estes destinatários|a sua mensagem não foi entregue a \S+@"
        r"|dostarczenie do następujących (?:adresatów|odbiorców)",
    ),
    "delivery_report": _any(
        r"was read on \w+day,|wurde am .{6,60} gelesen\.|your message has been delivered to the following recipients"
        r"|this is a warning message only|delivery to the following recipients? has been delayed",
    ),
}

_AUTOMATED = _any(
    r"this is an? automat(?:ic|ed|ically)|this (?:e-?mail|message) (?:was|is|has been) (?:generated "
    r"|sent )?automatically"
    r"|automated (?:message|notification|e-?mail|response)|automatic (?:message|notification) (?:from|by)",
    r"automatisch (?:generiert|erstellt|erzeugt|versendet|versandt)|automatische (?:e-?mail|nachricht)\b",
    r"(?:message|e-?mail|courriel) (?:automatique|généré automatiquement|envoyé automatiquement)",
    r"(?:mensaje|correo) (?:automático|generado automáticamente)",
    r"messaggio (?:automatico|generato automaticamente)|e-?mail generata automaticamente",
    r"automatisch (?:gegenereerd|bericht|verzonden)|automatische e-?mail",
    r"mensagem (?:automática|gerada automaticamente)|e-?mail (?:automático|gerado automaticamente)",
    r"wygenerowana automatycznie|wiadomość automatyczna|automatycznie wygenerowan",
)
_NO_REPLY = _any(
    r"(?:please )?do not (?:reply|respond) (?:directly )?to this|mailbox is not monitored|not (?:a )?monitored",
    r"(?:antworten sie (?:bitte )?nicht (?:darauf|auf diese)|nicht auf diese (?:e-?mail|nachricht) (?:zu )?antworten)",
    r"merci de ne pas (?:y )?répondre|ne pas répondre à ce|no responda a este|non rispondere a quest|di non rispondere"
    r"|non rispondere",
    r"niet op (?:te )?antwoorden|niet op dit bericht (?:te )?(?:antwoorden|reageren)|reageren op dit bericht is niet"
    r"|não responda a est|não responder a est|prosimy (?:na nią )?nie odpowiadać|nie odpowiadać na",
)

#: Signs of a kind, by what they say; the first is needed, and one more of any.
SIGNS: Mapping[str, tuple[re.Pattern[str], ...]] = {
    "out_of_office": (
        _any(
            r"\bi(?: am|'m|’m) (?:currently |presently )?(?:out of (?:the )?office|away from (?:my desk|the office)"
            r"|on (?:\w+ )?(?:leave|vacation|holiday|business travel)|travelling)|\bi no longer work (?:at|for)"
            r"|our office (?:is|will be) closed",
            r"(?:ich bin|ich befinde mich|bin ich) .{0,60}(?:nicht im (?:büro|haus)|im urlaub|in elternzeit|abwesend"
            r"|außer haus)|(?:unser büro ist|wir haben) .{0,60}geschlossen",
            r"je suis (?:actuellement )?(?:absente?|en (?:congés?|vacances|déplacement))|\babsente? jusqu'au"
            r"|absent jusqu",
            r"(?:estaré|estoy|me encuentro) (?:fuera de la oficina|de vacaciones|ausente)",
            r"(?:sono|sarò) (?:in ferie|fuori (?:ufficio|sede)|assente)",
            r"ik ben .{0,40}(?:niet op kantoor|met vakantie|op vakantie|afwezig)",
            r"(?:estou|estarei|encontro-me) (?:ausente|de férias|fora do escritório)",
            r"(?:jestem|przebywam) (?:poza biurem|na urlopie|nieobecn)",
        ),
        _any(
            r"(?:limited|no|without) access to (?:my )?e-?mails?|will (?:not )?be forwarded"
            r"|(?:reply|respond|answer|get back to (?:you|your \w+)).{0,40}(?:when|once|after|upon|as soon)"
            r"|upon my return",
            r"nicht weitergeleitet|wieder (?:erreichbar|im büro|im haus|für sie da)|keinen zugriff auf"
            r"|nach meiner rückkehr",
            r"à mon retour|pas accès à (?:ma|mes)|sin acceso al correo|a mi regreso|al mio rientro|non ho accesso",
            r"lees mijn (?:e-?)?mail niet|\bben ik (?:weer )?terug|weer (?:op kantoor|aanwezig)",
            r"sem acesso ao e-?mail|quando regressar|no meu regresso|nie mam dostępu do poczty|po powrocie",
        ),
        _any(
            r"(?:for|in) urgent (?:matters|cases|enquiries|requests)|if (?:it|this) (?:can'?t|cannot) wait"
            r"|in my absence|please direct (?:all )?",
            r"in dringenden fällen|meine vertretung|en cas d'urgence|merci de contacter",
            r"(?:asuntos|casos) urgentes|per urgenze|potete contattare|dringende zaken"
            r"|contact opnemen met mijn collega",
            r"em caso de urgência|contacte (?:a minha|o meu)|w pilnych sprawach|proszę o kontakt z",
        ),
        _any(
            r"thank(?:s| you) for your (?:e-?mail|message)|(?:vielen )?dank für ihre (?:e-?mail|nachricht|mail)"
            r"|merci pour votre (?:message|e-?mail|courriel)|gracias por su (?:mensaje|correo)"
            r"|grazie per (?:il|la sua|il suo) (?:messaggio|mail)|bedankt voor uw (?:bericht|e-?mail)"
            r"|obrigad[oa] pela sua (?:mensagem)|dziękuję za wiadomość",
        ),
        _AUTOMATED,
    ),
    "acknowledgement": (
        _any(
            r"(?:we have|we've) received your (?:request|enquiry|inquiry|message|e-?mail|ticket)"
            r"|your (?:request|ticket|case|enquiry) .{0,20}(?:has been|was) (?:received|created|registered|logged)",
            r"wir haben ihre (?:nachricht|anfrage|e-?mail) (?:erhalten|empfangen)"
            r"|ihre anfrage ist (?:bei uns )?eingegangen",
            r"nous avons bien reçu votre (?:demande|message)|votre demande .{0,30}enregistrée",
            r"hemos recibido su (?:solicitud|mensaje|consulta)|su solicitud ha sido registrada",
            r"abbiamo ricevuto (?:la sua|il suo|la tua)|wij hebben uw (?:verzoek|bericht|vraag) ontvangen",
            r"recebemos o seu (?:pedido|contacto)|o seu pedido foi registado|otrzymaliśmy państwa",
        ),
        _any(
            r"(?:ticket|case|request|reference)\s?(?:number|no\.?|id|#)|\(\d{4,}\)|\[#?\d{4,}\]|ticketnummer"
            r"|vorgangsnummer"
            r"|(?:sous le|el|con el|con il|onder|com o) (?:numéro|número|numero|nummer) \d+|nadaliśmy mu numer",
        ),
        _any(
            r"(?:will|shall) (?:get back to|respond to|contact|reply to) you|being reviewed"
            r"|reply to this e-?mail to add"
            r"|to add additional comments",
        ),
        _AUTOMATED,
        _NO_REPLY,
    ),
    "notification": (_AUTOMATED, _NO_REPLY),
    "newsletter": (
        _any(
            r"\bunsubscribe\b|newsletter abbestellen|\babmelden\b|se désabonner|se désinscrire|darse de baja"
            r"|annulla(?:re)? l'?iscrizione|disiscriviti|afmelden|uitschrijven|cancelar (?:a )?subscrição|wypisz się",
        ),
        _any(
            r"you (?:are|'re) receiving this (?:e-?mail|message|newsletter)|you received this (?:e-?mail"
            r"|message) because",
            r"sie erhalten diese[nr]? (?:newsletter|e-?mail)|vous recevez cet? (?:e-?mail|newsletter)",
            r"recibe este (?:correo|mensaje) porque|ricevi questa (?:e-?mail|newsletter)"
            r"|u ontvangt deze (?:e-?mail|nieuws)",
            r"recebeu este e-?mail porque|otrzymujesz tę wiadomość",
        ),
        _any(
            r"view (?:this e-?mail )?(?:in|online|in your) (?:browser)|im browser (?:ansehen|öffnen)"
            r"|voir dans le navigateur|ver en el navegador|visualizza nel browser|bekijk in (?:de|je) browser"
            r"|ver no navegador|zobacz w przeglądarce",
        ),
    ),
}

#: One of these is enough when the sender takes no replies.
OF_MACHINES = (_AUTOMATED, _NO_REPLY)
