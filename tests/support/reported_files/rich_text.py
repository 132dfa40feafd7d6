"""RTF."""

from tests.support.reported_files import reported


@reported(".rtf", "https://github.com/joshy/striprtf/issues/53", ["[HEADER]", "根据真实故事创作"])
def chinese_by_the_charset_of_the_font() -> bytes:
    return (
        rb"{\rtf1\fbidis\ansi\ansicpg1252\deff0\nouicompat\deflang1033{\fonttbl{\f0\fnil\fcharset0 Microsoft Sans Serif;}"
        rb"{\f1\fswiss\fcharset134 Microsoft YaHei;}}\viewkind4\uc1 \pard\ltrpar\f0\fs17 [HEADER]\par "
        rb"\f1\'b8\'f9\'be\'dd\'d5\'e6\'ca\'b5\'b9\'ca\'ca\'c2\'b4\'b4\'d7\'f7\f0\par}"
    )


@reported(".rtf", "https://github.com/joshy/striprtf/issues/48", ["A ➔ B"])
def arrow_beyond_the_code_page() -> bytes:
    return rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}}\f0 A \u10132? B\par}"


@reported(".rtf", "https://github.com/joshy/striprtf/issues/27", ["Before after"])
def zero_width_space() -> bytes:
    return rb"{\rtf1\ansi\ansicpg1252 Before\u8203? after\par}"


@reported(".rtf", "https://github.com/joshy/striprtf/issues/24", ["cafe\u0301 at nine".replace("e\u0301", "é")])
def combining_accent() -> bytes:
    return rb"{\rtf1\ansi\ansicpg1252 cafe\u769? at nine\par}"


@reported(
    ".rtf",
    "https://github.com/yfedoseev/office_oxide/issues/305",
    ["Refunds take five days."],
    lacks=["500 euros"],
    counted={"hidden_text": 1},
)
def hidden_text() -> bytes:
    return rb"{\rtf1\ansi Refunds take five days.{\v  Internal: up to 500 euros.}\par}"


@reported(
    ".rtf",
    "https://github.com/joshy/striprtf/pull/43",
    ["Service", "Price", "Express", "9\u20ac".replace("\u20ac", " €")],
    lacks=["ServicePrice", "PriceExpress"],
)
def table() -> bytes:
    return (
        rb"{\rtf1\ansi\ansicpg1252 \trowd\cellx3000\cellx6000 Service\cell Price\cell\row"
        rb"\trowd\cellx3000\cellx6000 Express\cell 9\~\'80\cell\row\pard Done.\par}"
    )


@reported(
    ".rtf", "https://github.com/joshy/striprtf/issues/11", ["See the guide for more."], lacks=["HYPERLINK", "d0cf11e0"]
)
def link_and_an_embedded_object() -> bytes:
    return (
        rb'{\rtf1\ansi See {\field{\*\fldinst{HYPERLINK "https://shop.example"}}{\fldrslt the guide}} for more.'
        rb"{\object\objemb{\*\objdata d0cf11e0a1b11ae1}}\par}"
    )


@reported(".rtf", "https://github.com/joshy/striprtf/issues/36", ["Größe 42", "Line two"], lacks=["Arial", "Riched"])
def tables_of_fonts_and_generators() -> bytes:
    return (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fnil Arial;}}{\colortbl;\red0\green0\blue0;}{\*\generator Riched20;}"
        rb"{\info{\author Ann}}Gr\'f6\'dfe 42\line Line two\par}"
    )
