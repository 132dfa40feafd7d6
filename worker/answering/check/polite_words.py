"""The words of sentences that claim nothing, in the languages that the desk answers in.

A sentence that has no other words cannot say anything about the desk, its goods or the customer's case. So the lists
have no goods, prices, times, places or ways of contact, and no verb for what a desk does about a case. A denial is read
only in a fixed phrase ("don't hesitate").
"""

import re
from functools import lru_cache

from kb import sentences

#: By language: words that mark a polite sentence, words that may go with them, and fixed phrases that count as one.
_LANGUAGES: dict[str, tuple[str, str, str]] = {
    "en": (
        "hi hello hey dear thank thanks sorry apologies apologise apologize regret understand happy glad pleased hope "
        "help helps helped assist question questions know hesitate worry regards wishes sincerely welcome cheers "
        "appreciate patience sure certainly gladly day weekend evening team here else",
        "i we you your us our me my it that this these is are am be been have has had do can could may will would 'd "
        "a an the any some anything something everything if should when whenever once and or but so to for of with "
        "about from in on at there all morning afternoon good great nice lovely wonderful best kind warm very much "
        "really truly more again also further other another please just feel free always let reaching reach out "
        "contact contacting contacted writing write message reply inquiry enquiry inconvenience confusion trouble "
        "frustration frustrating annoying situation issue concern concerns how what need unclear clear ask asking "
        "answer answers answered way steps overview summary points details completely fully support customer service "
        "care i'm we're i'd we'd i'll we'll it's that's here's you'd you've understanding hear sincere yours have "
        "enjoy rest sounds explain look see",
        "(?:do not|don't) hesitate|(?:do not|don't) worry|not to worry|no (?:worries|problem)|feel free",
    ),
    "de": (
        "hallo guten liebe lieber geehrte geehrter danke dank bedanke bedanken leid entschuldigen entschuldigung "
        "entschuldige verstehe verstehen verständlich gern gerne freue freuen hoffe hoffen hilft helfen helfe "
        "weiterhelfen fragen frage wissen bescheid zögern grüße grüßen gruß wünsche wünschen schönen team "
        "kundenservice-team kundenservice support natürlich selbstverständlich sicher vergnügen funktioniert geht's "
        "geht hier bedauern",
        "ich wir sie du ihr ihre ihren ihrem ihrer ihnen dir dich deine deinen deiner mir mich uns unser unsere es "
        "das dies diese dass die der den dem des ein eine einen einem einer ist sind war haben hat hast habe kann "
        "können könnte könnten würde würden bitte noch weiter weitere weiteren weiterer sonst etwas alles wenn falls "
        "sollten solltest und oder aber so wie zu für mit bei an auf in im vom von zur zum sehr herzlich herzlichen "
        "herzliche vielen viele besten beste freundlichen freundliche schöne schönes tag abend wochenende morgen frau "
        "herr nachricht anfrage geduld verständnis unannehmlichkeiten umstände verwirrung ärger frustration "
        "schwierigkeiten problem situation unklar klar wenden gemeldet melden offen schreiben erneut wieder jederzeit "
        "lassen lass sagen gute guter wichtigsten punkte überblick schritte zusammenfassung antwort hoffentlich tun "
        "tut weiterhin auch da wichtigste sich machen übersicht geholfen beantwortet kontaktiert kontaktieren service",
        "zögern sie (?:bitte )?nicht|zögere (?:bitte )?nicht|kein(?:e)? (?:problem|sorge)|machen sie sich keine sorgen",
    ),
    "fr": (
        "bonjour bonsoir salut cher chère merci remercie remercions désolé désolée désolés excuses excuser excusez "
        "comprends comprenons ravi ravie ravis heureux heureuse plaisir aider aide aidera espère espérons question "
        "questions l'équipe hésitez hésite savoir cordialement souhaite souhaitons journée soirée équipe voici sûr "
        "certainement volontiers regrettons disposition",
        "je j'espère j'ai nous vous tu te toi votre vos ton ta tes notre nos mon ma mes le la les un une des de du "
        "d'autre d'autres d'avoir est sont suis sommes serais serions serai avez avons a ai ce cet cette cela ça "
        "c'est qu'il que qui quoi si et ou mais pour par à au aux avec dans en sur y bien très tout toute toutes "
        "toujours encore besoin chose quelque autre autres puis peux pouvons pouvez faire fait faites dites-moi "
        "dites-nous faites-nous faites-moi comment patience compréhension message demande contacté contactés "
        "contacter écrit écrire écrivez revenir vers désagrément désagréments gêne occasionnée frustration situation "
        "confusion inconvénient clair points étapes essentiels principaux résumé bonne excellente belle cordiales "
        "salutations meilleures client clients service support répondre réponse réponses n'hésitez poser restons "
        "reste votre entière sincèrement navré navrée navrés n'est peu plus madame monsieur",
        "n'(?:hésitez|hésite) pas|pas de (?:souci|problème)|n'est pas clair|ne vous inquiétez pas",
    ),
    "es": (
        "hola buenos buenas estimado estimada gracias agradecemos agradezco siento sentimos lamento lamentamos "
        "disculpa disculpe disculpas perdón entiendo entendemos comprendo comprendemos encantado encantada encantados "
        "gusto ayudar ayudarte ayudarle ayude ayuda espero esperamos pregunta preguntas dudes dude saludo saludos "
        "atentamente día equipo aquí claro supuesto quedo quedamos disposición avísame avísenos avíseme hágamelo "
        "hacerlo así",
        "yo tú usted te le lo la los las nos me mi su sus tu tus nuestro nuestra un una el al de del que es son está "
        "están estoy estaré estaremos estamos haya hay ha has he ser sea si y o pero por para en con a más otra otro "
        "otras algo alguna algún cosa necesita necesitas necesite puede puedo podemos pueda tardes noches días tenga "
        "tengas tiene tienes buen buena feliz excelente mucho muchas muy bien todo toda molestias molestia "
        "inconveniente inconvenientes confusión frustración situación paciencia comprensión mensaje consulta contacto "
        "ponerte ponerse contactar contactarnos contactado escribir escribirnos escríbenos escríbanos nuevo "
        "nuevamente como cómo se hace esto eso estos estas puntos pasos principales resumen atención cliente clientes "
        "servicio soporte cordial cordiales saber quieras quiera responder respuesta nosotros sirva útil cualquier "
        "duda dudas señor señora",
        "no dude(?:s|n)? en|no (?:te|se) preocupes?|no hay (?:problema|de qué)|sin problema",
    ),
    "it": (
        "ciao buongiorno buonasera salve gentile grazie ringrazio ringraziamo dispiace scusiamo scusi scusa scuse "
        "capisco capiamo comprendo comprendiamo felice lieto lieta lieti piacere aiutarla aiutarti aiutare aiuti "
        "aiuta spero speriamo domanda domande esiti esitare saluti cordialmente auguro auguriamo giornata team "
        "squadra certo certamente volentieri ecco disposizione sapere",
        "io noi lei tu le ti la lo li ci vi mi me suo sua suoi sue tuo tua nostro nostra un una uno il i gli di del "
        "della dei delle dell'assistenza che è sono sia siamo ha hai abbiamo ho se e o ma per con in su a al alla da "
        "faccia fammi facci altro altra altre altri c'è qualcosa bisogno posso possiamo può fare come così si buona "
        "ottima bella buon molto tanto bene tutto questo questa quello disagio inconveniente l'inconveniente il "
        "confusione frustrazione situazione pazienza comprensione messaggio richiesta averci contattato contattati "
        "contattarci contattare scriva scrivici scriverci scrivere scritto nuovo nuovamente ancora pure punti "
        "passaggi principali riepilogo assistenza clienti cliente servizio supporto distinti cordiali resto restiamo "
        "chiaro utile rispondere risposta signor signora serata",
        "non esiti a|non esitare a|nessun problema|non si preoccupi",
    ),
    "nl": (
        "hallo hoi beste goedemorgen goedemiddag goedenavond goededag bedankt dank spijt excuses sorry begrijp "
        "begrijpen graag blij help helpen helpt hoop hopen vraag vragen aarzel weten groet groeten fijne prettige "
        "team natuurlijk zeker hier zo werkt",
        "ik wij we je jij jou jouw u uw ons onze mij me mijn het dat dit deze die de een er is zijn was ben bent heb "
        "hebt heeft hebben kan kunt kunnen mag mocht zou zouden als en of maar om te voor van met bij in op aan naar "
        "nog meer verder iets anders alles wat hoe dag avond weekend goede goed heel erg veel vriendelijke hartelijke "
        "hartelijk ongemak verwarring frustratie situatie vervelend geduld begrip bericht contact opneemt opnemen "
        "opgenomen hebt schrijven schrijf weer opnieuw laat stel gerust nodig doen doe belangrijkste punten stappen "
        "overzicht samenvatting klantenservice klant service support antwoord duidelijk onduidelijk plezier ze",
        "aarzel niet om|aarzel (?:gerust )?niet|geen (?:probleem|zorgen)|maak je geen zorgen",
    ),
    "pt": (
        "olá bom boa oi caro cara prezado prezada obrigado obrigada agradecemos agradeço desculpa desculpas desculpe "
        "sinto sentimos lamento lamentamos entendo entendemos compreendo compreendemos prazer feliz ajudar ajude "
        "ajuda espero esperamos pergunta perguntas hesite avise-me avise-nos saber atenciosamente cumprimentos abraço "
        "dia equipe equipa aqui claro certamente fico ficamos disposição veja",
        "eu nós você vocês te lhe o a os as nos me meu minha seu sua seus suas nosso nossa um uma de do da dos das "
        "que é são está estão estou estamos terei teremos tem tenha tiver ter ser seja se e ou mas por para em no na "
        "com ao mais alguma algum algo coisa outra precisar precisa precise posso podemos pode fazer como assim tarde "
        "noite ótimo ótima excelente muito muita bem tudo toda isto isso este esta estes transtorno transtornos "
        "incómodo incômodo confusão frustração situação paciência compreensão mensagem contato contacto entrar "
        "entrado conosco connosco escrever escreva novamente só pontos passos principais resumo atendimento cliente "
        "clientes apoio suporte melhores pedimos peço ao pelo pela dúvida dúvidas responder resposta senhor senhora "
        "útil",
        "não hesite em|não se preocupe|sem problemas?|é só",
    ),
    "pl": (
        "dzień cześć witam witamy szanowny szanowna drogi droga dziękuję dziękujemy dzięki przykro przepraszam "
        "przepraszamy rozumiem rozumiemy chętnie miło pomogę pomożemy pomóc pomocy pomoże pomogło nadzieję pytanie "
        "pytania pytań poważaniem pozdrawiam pozdrawiamy pozdrowieniami życzę życzymy dnia zespół oczywiście jasne "
        "przyjemnością oto dać znać śmiało",
        "ja my pan pani państwo pana panu państwa panią panie mi mnie nam nas nasz nasza to ta ten te się jest są mam "
        "mamy może mogę możemy czy jeśli jeżeli gdyby w we z ze za na do o u i lub ale że aby jak co coś czegoś "
        "jeszcze inne innego dobry dobre dobrego miłego bardzo serdecznie serdeczne najlepsze powodu niedogodności "
        "zamieszanie frustrację sytuację kłopot problemu cierpliwość wyrozumiałość wiadomość wiadomości kontakt "
        "kontaktu zapytanie proszę prosimy pisać napisać ponownie znowu razie dalszych dodatkowych potrzebuje "
        "potrzebował zrobić działa najważniejsze informacje punkty kroki podsumowanie obsługi klienta wsparcia",
        "nie ma (?:sprawy|problemu)|proszę się nie martwić|nie wahaj się",
    ),
}

#: Words that begin a greeting, before a name.
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen|abend)|liebe[rs]?"
    r"|sehr geehrte[rs]?|bonjour|bonsoir|salut|cher|chère|hola|buen[oa]s (?:días|tardes|noches)|estimad[oa]|ciao"
    r"|buongiorno|buonasera|salve|gentile|beste|hoi|goede(?:morgen|middag|navond|ndag)|olá|oi|bom dia"
    r"|boa (?:tarde|noite)"
    r"|car[oa]|prezad[oa]|dzień dobry|cześć|witam|szanown[ya])",
    re.I,
)
_NAMED = re.compile(r",?(?: [A-ZÀ-Ž][^\W\d_]*(?:-[A-ZÀ-Ž][^\W\d_]*)?\.?){0,3}")


def claims_nothing(text: str) -> bool:
    """Whether a sentence has polite words of one language and no others, or greets somebody by name.

    Args:
        text: the sentence without marks at its edges, with straight apostrophes.
    """
    greeting = _GREETING.match(text)
    if greeting is not None and _NAMED.fullmatch(text[greeting.end() :]):
        return True
    return any(_is_polite(text.lower(), language) for language in _LANGUAGES)


def _is_polite(text: str, language: str) -> bool:
    polite, others, phrases = _vocabulary(language)
    rest = phrases.sub(" ", text)
    words = re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*", rest)
    has_polite = rest != text or any(word in polite for word in words)
    return has_polite and all(word in polite or word in others for word in words)


@lru_cache(maxsize=len(_LANGUAGES))
def _vocabulary(language: str) -> tuple[frozenset[str], frozenset[str], re.Pattern[str]]:
    polite, others, phrases = _LANGUAGES[language]
    return frozenset(polite.split()), frozenset(others.split()) - sentences.NEGATIONS, re.compile(rf"\b(?:{phrases})\b")
