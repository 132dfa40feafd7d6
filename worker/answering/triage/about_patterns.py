"""The forms in which customers ask an assistant about itself, by kind and language, one a line with an example."""

from typing import Final

from worker.answering.triage.escalation_patterns import Pattern, compiled
from worker.states import AboutAssistant

_BOT = (
    r"(?:(?:ro|chat[ -]?)?bots?|machines?|computers?|a\.?i\.?|artificial intelligence|llm|(?:language|ai) model"
    r"|programs?"
    r"|algorithm|software|auto(?:mated|matic|-?reply|-?responder)?|real|alive|sentient"
    r"|(?:automated|automatic|virtual|digital|ai|computer) (?:system|assistant|agent|chat ?bot|chat|bot|program|reply"
    r"|response)"
    r"|chat ?gpt|(?:chat)?gpt[- ]?[\d.]*\w?|open ?ai|claude|gemini|copilot|llama|mistral|siri|alexa)"
)
_HUMAN = (
    r"(?:human(?: being)?s?|(?:(?:real|actual|live|living|human) )+(?:person|human|being|agent|operator|people"
    r"|employee|one"
    r"|someone)|person|someone real|people)"
)
_WHO = rf"(?:(?:an?|the|just|really|actually|even|only|some(?: kind of)?|any|kind of|real) )*(?:{_BOT}|{_HUMAN})"
_EITHER = rf"{_WHO}(?:,? or (?:is (?:it|this) |are you )?(?:{_WHO}|what|not|something(?: (?:like that|similar))?))*"

#: What "is this …?" asks about the assistant and not about goods: without "real", "automatic" or "a machine".
_BOT_HERE = (
    r"(?:(?:ro|chat[ -]?)?bots?|a\.?i\.?|artificial intelligence|llm|chat ?gpt|gpt[- ]?[\d.]*\w?|claude|gemini|copilot"
    r"|(?:automated|automatic|virtual|digital|ai) (?:assistant|agent|chat ?bot|chat|bot|reply|response))"
)
_WHO_HERE = rf"(?:(?:an?|the|just|really|actually|only|some(?: kind of)?) )*(?:{_BOT_HERE}|{_HUMAN})"

_BOT_DE = r"(?:(?:ro|chat[ -]?)?bot|roboter|maschine|computer|ki|künstliche intelligenz|programm|automat|chat ?gpt)"
_HUMAN_DE = r"(?:(?:echter?n?|richtiger?n?|realer?n?|menschlicher?n?) )?(?:mensch(?:en)?|person|mitarbeiter(?:in)?)"
_WHO_DE = rf"(?:(?:eine?[mrn]?|nur|wirklich|echt|eigentlich|hier|jetzt|überhaupt) )*(?:{_BOT_DE}|{_HUMAN_DE}|echt)"

_WHO_FR = (
    r"(?:(?:une?|vraiment|bien|juste|avec|à|vrai|vraie) )*(?:robot|bot|chat ?bot|machine|ordinateur|ia|intelligence"
    r" artificielle|programme|humaine?|être humain|(?:vraie )?personne(?: réelle)?|chat ?gpt)"
)
_WHO_ES = (
    r"(?:(?:una?|realmente|de verdad|solo|con) )*(?:robot|bot|chat ?bot|máquina|maquina|ordenador|computadora|ia"
    r"|inteligencia artificial|programa|humanos?|ser humano|persona(?: real| de verdad)?|chat ?gpt)"
)
_WHO_IT = (
    r"(?:(?:una?|un'|davvero|veramente|solo|con) ?)*(?:robot|bot|chat ?bot|macchina|computer|ia"
    r"|intelligenza artificiale"
    r"|programma|umano|essere umano|persona(?: vera| reale)?|chat ?gpt)"
)
_WHO_NL = (
    r"(?:(?:een|echt|wel|gewoon|met|echte) )*(?:robot|bot|chat ?bot|machine|computer|ai|kunstmatige intelligentie"
    r"|programma|mens|persoon|medewerker|chat ?gpt)"
)
_WHO_PT = (
    r"(?:(?:uma?|mesmo|realmente|só|com) )*(?:robô|robot|bot|chat ?bot|máquina|computador|ia|inteligência artificial"
    r"|programa|humano|ser humano|pessoa(?: real| de verdade)?|chat ?gpt)"
)
_WHO_PL = (
    r"(?:(?:tylko|naprawdę|prawdziwym|z|jakimś|żywym) )*(?:bot(?:em)?|robot(?:em)?|chat ?bot(?:em)?|maszyną"
    r"|komputer(?:em)?"
    r"|ai|sztuczną inteligencją|program(?:em)?|człowiek(?:iem)?|osobą|chat ?gpt)"
)

#: By kind of question and language (ISO 639-1).
FORMS: Final[dict[tuple[AboutAssistant, str], tuple[Pattern, ...]]] = {
    (AboutAssistant.BOT, "en"): (
        Pattern(rf"(?:(?:are|r) )?(?:you|u) {_EITHER}", "Are you a real person or a bot?"),
        Pattern(
            rf"(?:(?:am|are) (?:i|we) (?:really |actually )?(?:talking|speaking|chatting|writing|typing)"
            rf"|do i (?:talk|speak"
            rf"|chat|write))(?: here)? (?:to|with) {_EITHER}(?: right now| rn| here)?",
            "Am I talking to a human?",
        ),
        Pattern(
            rf"is (?:this|that|it) {_WHO_HERE}(?:,? or (?:is it )?(?:{_WHO}|what|not))*(?: chat| answering"
            rf"| replying| writing| (?:that )?i(?:'m| am) (?:talking|chatting|"
            r"speaking) (?:to|with))?",
            "Is this a bot?",
        ),
        Pattern(
            rf"(?:you(?:'re| are)|this is|u r) (?:not )?{_WHO},? (?:right|correct|huh|yes|no|aren't you|are you"
            rf"|isn't it)",
            "You're a bot, right?",
        ),
        Pattern(
            r"(?:which|what)(?: kind of| sort of)? (?:ai|a\.i\.|model|llm|language model|bot|chatbot)(?: model)?"
            r" (?:are you|is this|do you use|are you using|(?:you are|you're) using|is behind (?:this|you)"
            r"|powers (?:this|you))"
            r"(?: based on)?",
            "Which AI model are you?",
        ),
        Pattern(
            r"who (?:made|built|created|developed|trained|programmed|coded) you|what are you"
            r"|do you run on (?:gpt\S*|chat ?gpt)"
            r"|are you (?:powered|made|run) by (?:chat ?gpt|gpt\S*|openai|google|ai|an ai)",
            "Who made you?",
        ),
        Pattern(
            r"is (?:this|the|your) (?:chat|conversation|reply|answer|message) (?:fully |completely )?(?:automated"
            r"|automatic"
            r"|ai|ai[- ]generated|written by (?:an? )?(?:ai|bot|machine|human))",
            "Is this chat automated?",
        ),
    ),
    (AboutAssistant.NAME, "en"): (
        Pattern(r"what(?:'s| is|s| was) (?:your|ur) name(?: again)?", "What's your name?"),
        Pattern(r"(?:what|how) (?:should|can|do|may) i call you", "What should I call you?"),
        Pattern(
            r"who (?:are you|is this|am i (?:talking|speaking|chatting|writing) (?:to|with))(?: here| today)?",
            "Who am I talking to?",
        ),
        Pattern(
            r"do you (?:even )?have a name|have you got a name|what are you called|your name", "Do you have a name?"
        ),
    ),
    (AboutAssistant.ABILITIES, "en"): (
        Pattern(
            r"what (?:all )?(?:can|could|do) you (?:do|answer|know|help(?: me"
            r"| us)?(?: with)?)(?: about)?(?: for (?:me|us))?"
            r"(?: here| exactly| today)?",
            "What can you help me with?",
        ),
        Pattern(
            r"how (?:can|could) you (?:help|assist|be of help)(?: me| us)?(?: here| today)?", "How can you help me?"
        ),
        Pattern(r"how do you work", "How do you work?"),
        Pattern(
            r"what (?:kinds? of |sort of )?(?:things |questions )?(?:can|could|may|should) (?:i|we) ask(?: you)?"
            r"(?: about| here)?|what (?:(?:kinds?|sorts?) of )?questions (?:can|do) you answer",
            "What can I ask you?",
        ),
        Pattern(
            r"what are you (?:good (?:at|for)|able to do|capable of|here for|for)"
            r"|what are your (?:abilities|capabilities|skills|functions|features)",
            "What are you capable of?",
        ),
    ),
    (AboutAssistant.PRIVACY, "en"): (
        Pattern(
            r"(?:do|will|does|are|is) (?:you|this chat|this bot|this|they|my (?:chats?|messages?)|our chat)(?: be)?"
            r" (?:store|stor(?:e|ing|ed)|sav(?:e|ing|ed)|record(?:ing|ed)?|keep(?:ing)?|kept|logg?(?:ing|ed)?|remember)"
            r"(?: (?:what|everything|anything|all) (?:i|we) (?:write|say|type|tell you)| (?:this|these|the|my|our)"
            r"(?: (?:chats?|conversations?|messages?))?| me| anywhere)?",
            "Do you store what I write?",
        ),
        Pattern(
            r"(?:who|can (?:anyone|someone|other people)) (?:can |else can )?(?:read|see|reads|sees) (?:this"
            r"|what i write"
            r"|(?:my|this|these|our) (?:chats?|messages?|conversations?))",
            "Who can read this chat?",
        ),
    ),
    (AboutAssistant.BOT, "de"): (
        Pattern(rf"(?:bist du|sind sie) {_WHO_DE}(?:,? oder {_WHO_DE})*", "Sind Sie ein Bot?"),
        Pattern(
            rf"(?:spreche|schreibe|rede|chatte) ich (?:hier |gerade "
            rf"|jetzt )?mit {_WHO_DE}(?:,? oder (?:mit )?{_WHO_DE})*",
            "Schreibe ich hier mit einem Menschen?",
        ),
        Pattern(rf"ist (?:das|dies)(?: hier)? {_WHO_DE}(?:,? oder {_WHO_DE})*", "Ist das hier ein Bot?"),
    ),
    (AboutAssistant.NAME, "de"): (
        Pattern(r"wie (?:heißt du|heisst du|heißen sie|heissen sie|ist (?:dein|ihr) name)", "Wie heißt du?"),
        Pattern(
            r"wer (?:bist du|sind sie)|mit wem (?:spreche|schreibe|chatte|rede) ich(?: hier| gerade)?",
            "Mit wem schreibe ich?",
        ),
    ),
    (AboutAssistant.ABILITIES, "de"): (
        Pattern(
            r"was (?:kannst du|können sie)(?: hier)?(?: alles)?(?: für mich)?(?: tun| machen| beantworten)?",
            "Was kannst du alles?",
        ),
        Pattern(
            r"(?:wobei|womit|wie) (?:kannst du|können sie) (?:mir |uns )?(?:weiter)?helfen", "Wobei können Sie helfen?"
        ),
        Pattern(r"was kann ich (?:dich|sie)(?: alles)? fragen|wie funktionierst du", "Was kann ich dich fragen?"),
    ),
    (AboutAssistant.BOT, "fr"): (
        Pattern(
            rf"(?:est-ce que )?(?:vous êtes|tu es|êtes-vous|es-tu|c'est|est-ce) {_WHO_FR}(?: ou {_WHO_FR})*",
            "Êtes-vous un robot ?",
        ),
        Pattern(
            rf"(?:est-ce que )?(?:je parle|parl[eé]-je|je discute|je suis en train de parler) (?:à|avec) {_WHO_FR}"
            rf"(?: ou {_WHO_FR})*",
            "Est-ce que je parle à une vraie personne ?",
        ),
    ),
    (AboutAssistant.NAME, "fr"): (
        Pattern(
            r"(?:quel est (?:votre|ton) (?:nom|prénom)|comment (?:vous appelez-vous|t'appelles-tu|tu t'appelles"
            r"|vous vous"
            r" appelez)|qui (?:êtes-vous|es-tu)|(?:vous êtes|tu es|c'est) qui)",
            "Comment vous appelez-vous ?",
        ),
    ),
    (AboutAssistant.ABILITIES, "fr"): (
        Pattern(
            r"(?:que (?:pouvez-vous|peux-tu|sais-tu|savez-vous) faire|qu'est-ce que (?:vous pouvez|tu peux"
            r"|tu sais) faire)"
            r"(?: pour moi)?|(?:comment|en quoi) (?:pouvez-vous|peux-tu) m'aider|que puis-je (?:vous|te) demander",
            "Que pouvez-vous faire ?",
        ),
    ),
    (AboutAssistant.BOT, "es"): (
        Pattern(rf"¿?(?:eres|es usted|es|sois|esto es) {_WHO_ES}(?: o {_WHO_ES})*", "¿Eres un robot?"),
        Pattern(
            rf"¿?(?:estoy hablando|hablo|estoy chateando) {_WHO_ES}(?: o {_WHO_ES})*",
            "¿Estoy hablando con una persona?",
        ),
    ),
    (AboutAssistant.NAME, "es"): (
        Pattern(
            r"¿?(?:c[oó]mo (?:te llamas|se llama(?: usted)?)|cu[aá]l es (?:tu|su) nombre|qui[eé]n (?:eres|es usted)"
            r"|con qui[eé]n hablo)",
            "¿Cómo te llamas?",
        ),
    ),
    (AboutAssistant.ABILITIES, "es"): (
        Pattern(
            r"¿?(?:qu[eé] (?:puedes|puede|sabes) hacer(?: por m[ií])?|(?:c[oó]mo|en qu[eé]) (?:me )?(?:puedes|puede)"
            r" ayudar(?:me)?|qu[eé] (?:te|le) puedo preguntar)",
            "¿Qué puedes hacer?",
        ),
    ),
    (AboutAssistant.BOT, "it"): (
        Pattern(rf"(?:sei|è|siete|questo è) {_WHO_IT}(?: o (?:sei )?{_WHO_IT})*", "Sei un robot?"),
        Pattern(rf"(?:sto parlando|parlo) {_WHO_IT}(?: o {_WHO_IT})*", "Sto parlando con una persona?"),
    ),
    (AboutAssistant.NAME, "it"): (
        Pattern(
            r"come (?:ti chiami|si chiama)|qual è il (?:tuo|suo) nome|chi (?:sei|è lei)|con chi (?:parlo|sto parlando)",
            "Come ti chiami?",
        ),
    ),
    (AboutAssistant.ABILITIES, "it"): (
        Pattern(
            r"(?:che )?cosa (?:puoi|può|sai) fare(?: per me)?|come (?:puoi|può) aiutarmi|cosa posso chiederti",
            "Cosa puoi fare?",
        ),
    ),
    (AboutAssistant.BOT, "nl"): (
        Pattern(rf"(?:ben je|bent u|is dit|ben jij) {_WHO_NL}(?: of {_WHO_NL})*", "Ben je een robot?"),
        Pattern(
            rf"(?:praat|spreek|chat) ik (?:hier |nu )?(?:met )?{_WHO_NL}(?: of {_WHO_NL})*",
            "Praat ik met een echt mens?",
        ),
    ),
    (AboutAssistant.NAME, "nl"): (
        Pattern(
            r"hoe (?:heet je|heet u|heet jij)|wat is (?:je|uw|jouw) naam|wie (?:ben je|bent u|ben jij)"
            r"|met wie (?:praat|spreek|chat) ik",
            "Hoe heet je?",
        ),
    ),
    (AboutAssistant.ABILITIES, "nl"): (
        Pattern(
            r"wat (?:kun je|kan je|kunt u|kun jij)(?: allemaal)?(?: voor mij)?(?: doen)?"
            r"|(?:waarmee|hoe) (?:kun je|kan je|kunt u) (?:me|mij) helpen|wat kan ik (?:je|u) vragen",
            "Wat kun je allemaal?",
        ),
    ),
    (AboutAssistant.BOT, "pt"): (
        Pattern(rf"(?:você é|tu és|és|é|isto é|isso é) {_WHO_PT}(?: ou {_WHO_PT})*", "Você é um robô?"),
        Pattern(rf"(?:estou falando|estou a falar|falo) {_WHO_PT}(?: ou {_WHO_PT})*", "Estou falando com uma pessoa?"),
    ),
    (AboutAssistant.NAME, "pt"): (
        Pattern(
            r"(?:qual (?:é )?(?:o )?(?:seu|teu) nome|como (?:você se chama|se chama|te chamas)|quem (?:é você|és tu|és)"
            r"|com quem (?:estou a falar|estou falando|falo))",
            "Qual é o seu nome?",
        ),
    ),
    (AboutAssistant.ABILITIES, "pt"): (
        Pattern(
            r"o que (?:você )?(?:pode|podes|sabe|sabes|consegue) fazer(?: por mim)?"
            r"|como (?:você )?(?:pode|podes) (?:me ajudar|ajudar-me)|o que posso (?:te |lhe )?perguntar",
            "O que você pode fazer?",
        ),
    ),
    (AboutAssistant.BOT, "pl"): (
        Pattern(rf"(?:czy )?(?:jesteś|jest pani?|to jest|to) {_WHO_PL}(?: czy {_WHO_PL})*", "Czy jesteś botem?"),
        Pattern(rf"(?:czy )?(?:rozmawiam|piszę) {_WHO_PL}(?: czy {_WHO_PL})*", "Czy rozmawiam z człowiekiem?"),
    ),
    (AboutAssistant.NAME, "pl"): (
        Pattern(r"jak (?:masz na imię|się nazywasz|się pani? nazywa)|kim jesteś|z kim rozmawiam", "Jak masz na imię?"),
    ),
    (AboutAssistant.ABILITIES, "pl"): (
        Pattern(
            r"co (?:potrafisz|możesz zrobić|umiesz)|(?:w czym|jak) możesz (?:mi )?pomóc"
            r"|o co mogę (?:cię )?(?:za)?pytać",
            "Co potrafisz?",
        ),
    ),
}

#: One expression for each kind and language.
PATTERNS = {about: compiled(forms) for about, forms in FORMS.items()}
