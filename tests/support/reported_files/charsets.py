"""Plain text in the charsets that people still save in, without a word on which it is."""

from tests.support.reported_files import reported

_TEXTS = {
    "russian": "Возврат возможен в течение тридцати дней после получения посылки. Деньги возвращаются за пять дней.",
    "russian_short": "Возврат товара в течение 30 дней.",
    "bulgarian": "Връщането е безплатно в срок от тридесет дни след получаване на пратката.",
    "ukrainian": "Повернення можливе протягом тридцяти днів після отримання посилки. Гроші повертаються за п'ять днів.",
    "czech": "Zboží můžete vrátit do třiceti dnů od doručení. Peníze vám pošleme zpět během pěti dnů.",
    "polish": "Zwrot jest możliwy w ciągu trzydziestu dni od dostarczenia. Pieniądze zwrócimy w ciągu pięciu dni.",
    "hungarian": "A terméket a kézbesítéstől számított harminc napon belül küldheti vissza. Őszintén köszönjük.",
    "french": "Bonjour, je suis à la recherche d'une aide sur les retours. Le délai est de trente jours après réception.",
    "german": "Die Rücksendung ist innerhalb von dreißig Tagen möglich. Größe und Farbe können Sie tauschen.",
    "german_short": "Größe",
    "euro": "Der Versand kostet 4,95 € – in die Schweiz 9 €.",
    "turkish": "Ürünü teslimattan sonraki otuz gün içinde iade edebilirsiniz. Ücret beş gün içinde geri ödenir.",
    "greek": "Μπορείτε να επιστρέψετε το προϊόν εντός τριάντα ημερών από την παράδοση.",
    "hebrew": "ניתן להחזיר את המוצר תוך שלושים יום ממועד קבלת החבילה.",
    "arabic": "يمكنك إرجاع المنتج خلال ثلاثين يومًا من استلام الطرد.",
    "thai": "คุณสามารถคืนสินค้าได้ภายในสามสิบวันหลังจากได้รับพัสดุ",
    "simplified": "您可以在收到包裹后三十天内退货。退款将在五个工作日内到账。",
    "simplified_short": "退货需在三十天内提出。",
    "traditional": "您可以在收到包裹後三十天內退貨。退款將在五個工作天內入帳。",
    "japanese": "商品は到着後三十日以内に返品できます。返金には五営業日かかります。",
    "japanese_short": "返品は三十日以内です。",
    "korean": "상품은 수령 후 삼십 일 이내에 반품할 수 있습니다. 환불은 영업일 기준 닷새가 걸립니다.",
    "vietnamese": "Bạn có thể trả hàng trong vòng ba mươi ngày.",
    "baltic": "Prekę galite grąžinti per trisdešimt dienų nuo pristatymo. Pinigus grąžinsime per penkias dienas.",
}

_CN = "https://github.com/jawah/charset_normalizer/issues"
_SAVED: tuple[tuple[str, str, str], ...] = (
    ("russian", "cp1251", f"{_CN}/731"),
    ("russian", "koi8_r", "https://github.com/rspeer/python-ftfy/pull/234"),
    ("russian", "cp866", "https://github.com/rspeer/python-ftfy/pull/234"),
    ("russian_short", "cp1251", "https://github.com/chardet/chardet/issues/132"),
    ("bulgarian", "cp1251", f"{_CN}/371"),
    ("ukrainian", "cp1251", "https://github.com/BYVoid/uchardet/issues/16"),
    ("czech", "iso8859_2", f"{_CN}/571"),
    ("czech", "cp1250", "https://github.com/PyYoshi/cChardet/issues/101"),
    ("polish", "cp1250", "https://github.com/PyYoshi/cChardet/issues/101"),
    ("hungarian", "cp1250", f"{_CN}/571"),
    ("french", "cp1252", f"{_CN}/371"),
    ("german", "cp1252", f"{_CN}/371"),
    ("german_short", "cp1252", f"{_CN}/371"),
    ("euro", "cp1252", f"{_CN}/371"),
    ("german", "cp850", "https://github.com/martinrusev/imbox/issues/113"),
    ("german", "mac_roman", f"{_CN}/104"),
    ("turkish", "cp1254", f"{_CN}/524"),
    ("greek", "cp1253", f"{_CN}/104"),
    ("hebrew", "cp1255", "https://github.com/Unstructured-IO/unstructured/issues/801"),
    ("arabic", "cp1256", f"{_CN}/174"),
    ("thai", "cp874", "https://github.com/modoboa/modoboa/issues/944"),
    ("simplified", "gbk", f"{_CN}/365"),
    ("simplified", "gb18030", "https://github.com/NEKOparapa/AiNiee/pull/998"),
    ("simplified_short", "gbk", f"{_CN}/365"),
    ("traditional", "big5", f"{_CN}/365"),
    ("japanese", "cp932", f"{_CN}/605"),
    ("japanese", "euc_jp", f"{_CN}/605"),
    ("japanese", "iso2022_jp", f"{_CN}/605"),
    ("japanese_short", "cp932", f"{_CN}/605"),
    ("korean", "cp949", f"{_CN}/104"),
    ("vietnamese", "utf_8", f"{_CN}/174"),
    ("baltic", "cp1257", f"{_CN}/371"),
    ("german", "utf_16", "https://github.com/raphaelmansuy/code2prompt/issues/30"),
    ("german", "utf_16_le", "https://github.com/Alexey-T/ATSynEdit/issues/208"),
    ("german", "utf_16_be", "https://github.com/Alexey-T/ATSynEdit/issues/208"),
    ("simplified", "utf_16_le", "https://github.com/Alexey-T/ATSynEdit/issues/208"),
    ("german", "utf_32", "https://github.com/owasp-noir/noir/pull/2427"),
    ("german", "utf_8_sig", "https://github.com/plaintextaccounting/hledger/issues/2189"),
)


def _register(text: str, charset: str, report: str) -> None:
    def make() -> bytes:
        return _TEXTS[text].encode(charset)

    make.__name__ = f"{text}_in_{charset}"
    reported(".txt", report, [_TEXTS[text]])(make)


for _text, _charset, _report in _SAVED:
    _register(_text, _charset, _report)


@reported(".txt", f"{_CN}/516", ["Die Rücksendung ist möglich.", "Danke"])
def utf_8_with_one_broken_byte() -> bytes:
    return "Die Rücksendung ist möglich. Größe und Farbe können Sie tauschen. ".encode() + b"\xff Danke\n"


@reported(".html", f"{_CN}/32", ["返品は三十日以内です。"])
def page_that_names_its_charset() -> bytes:
    return '<html><head><meta charset="shift_jis"></head><body><p>返品は三十日以内です。</p></body></html>'.encode(
        "shift_jis"
    )


@reported(".csv", f"{_CN}/605", ["返品はできますか", "三十日以内にできます。"])
def table_saved_by_excel_in_japan() -> bytes:
    return "question,answer\r\n返品はできますか,三十日以内にできます。\r\n".encode("cp932")


@reported(".md", f"{_CN}/365", ["退货", "三十天内可以退货。"])
def markdown_saved_in_china() -> bytes:
    return "# 退货\n\n三十天内可以退货。\n".encode("gbk")
