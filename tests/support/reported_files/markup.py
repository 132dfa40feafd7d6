"""reStructuredText, MDX and AsciiDoc."""

from tests.support.reported_files import reported


@reported(
    ".rst",
    "https://github.com/dzhu/rstfmt/pull/19",
    ["Prior research", "According to nutt2009"],
    lacks=["Unknown", ":cite"],
)
def role_of_an_extension() -> bytes:
    return b"######################\n Prior research\n######################\n\nAccording to :cite:t:`nutt2009`\n"


@reported(
    ".rst",
    "https://github.com/dzhu/rstfmt/issues/30",
    ["Setup", "See the guide.", "Also this."],
    lacks=["Unknown directive"],
)
def directive_see_also() -> bytes:
    return b"Setup\n=====\n\n.. seealso::\n\n   See the guide.\n\nAlso this.\n"


@reported(
    ".rst", "https://github.com/teemtee/tmt/issues/4130", ["Options", "Was added for teams."], lacks=["No directive"]
)
def directive_version_added() -> bytes:
    return b"Options\n=======\n\nText.\n\n.. versionadded:: 1.20\n   Was added for teams.\n"


@reported(
    ".rst",
    "https://github.com/dzhu/rstfmt/issues/7",
    ["Guide", "Then restart."],
    lacks=["root:"],
    counted={"unread_parts": 3},
)
def files_included() -> bytes:
    return (
        b"Guide\n=====\n\n.. literalinclude:: test.txt\n\n.. include:: /etc/passwd\n\n.. raw:: html\n"
        b"   :file: /etc/passwd\n\nThen restart.\n"
    )


@reported(
    ".rst",
    "https://github.com/sphinx-doc/sphinx/issues/9047",
    ["Changes", "Fixed export, see 123 and the manual."],
    lacks=["WARNING"],
)
def roles_of_sphinx() -> bytes:
    return b"Changes\n=======\n\nFixed export, see :ticket:`123` and :doc:`the manual </manual>`.\n"


@reported(
    ".rst",
    "https://github.com/dzhu/rstfmt/issues/30",
    ["Install", "On Linux", "Use the package.", "Service", "Express", "9"],
)
def tabs_and_a_table() -> bytes:
    return (
        b"Install\n=======\n\n.. tabs::\n\n   .. tab:: On Linux\n\n      Use the package.\n\n"
        b"======= =====\nService Price\n======= =====\nExpress 9\n======= =====\n"
    )


@reported(
    ".rst",
    "https://github.com/dzhu/rstfmt/pull/19",
    ["Broken", "Still read."],
    lacks=["Title underline too short", "ERROR"],
)
def underline_that_is_too_short() -> bytes:
    return b"Broken title\n====\n\nStill read. `open link <x\n"


@reported(
    ".mdx",
    "https://github.com/mdx-js/mdx/pull/81",
    ["Hello World", "Welcome to my first blogpost"],
    lacks=["import", "export", "meta"],
)
def imports_and_exports() -> bytes:
    return (
        b"import { Chart } from '../components/chart'\nimport {\n  Tabs,\n  Tab,\n} from 'ui'\n\nexport const meta = {\n"
        b"  title: 'Hello World'\n}\n\n# Hello World\n\nWelcome to my first blogpost\n\n<Chart year={2026} color=\"#fcb32c\" />\n"
    )


@reported(
    ".mdx",
    "https://github.com/mdx-js/mdx/pull/39",
    ["Returns", "You have 30 days.", "Label", "Print it at home."],
    lacks=["Callout", "type=", "TabItem"],
)
def components_around_text() -> bytes:
    return (
        b'# Returns\n\n<Callout type="info">\n  You have **30 days**.\n</Callout>\n\n<Tabs>\n  <TabItem value="a" label="Label">\n\n'
        b"  Print it at home.\n\n  </TabItem>\n</Tabs>\n"
    )


@reported(
    ".mdx",
    "https://github.com/frontarm/mdx-util/issues/18",
    ["Limits", "Send a <Parcel> tag.", "const a = 1"],
    lacks=["internal note"],
)
def comments_and_code() -> bytes:
    return b"# Limits\n\n{/* internal note */}\n\nSend a `<Parcel>` tag.\n\n```js\nconst a = 1\n```\n"


_ADOC = "https://docs.asciidoctor.org/asciidoc/latest/syntax-quick-reference/"


@reported(
    ".adoc", _ADOC, ["Handbook", "Returns", "Free for 30 days.", "Pack it.", "Send it."], lacks=["==", ":toc:", "* "]
)
def headings_attributes_and_lists() -> bytes:
    return (
        b"= Handbook\nAnn Example <ann@shop.example>\n:toc:\n:days: 30\n\n== Returns\n\nFree for {days} days.\n\n"
        b"* Pack it.\n* *Send* it.\n"
    )


@reported(
    ".adoc",
    _ADOC,
    ["Note", "Keep the receipt.", "See the guide or Shipping."],
    lacks=["https://", "<<", "[#", "internal"],
)
def admonitions_links_and_comments() -> bytes:
    return (
        b"= Guide\n\n// internal remark\n////\ninternal block\n////\n\nNOTE: Keep the receipt.\n\n[#ship]\n== Shipping\n\n"
        b"See https://shop.example/guide[the guide] or <<ship,Shipping>>.\n"
    )


@reported(
    ".adoc", _ADOC, ["Prices", "Service", "Price", "Express", "9", "curl -X POST"], lacks=["|===", "----", "[source"]
)
def table_and_code() -> bytes:
    return b"= Prices\n\n|===\n|Service |Price\n\n|Express |9\n|===\n\n[source,sh]\n----\ncurl -X POST\n----\n"


@reported(".adoc", _ADOC, ["Guide", "After it."], lacks=["include::", "passwd"], counted={"unread_parts": 1})
def file_included_by_asciidoc() -> bytes:
    return b"= Guide\n\ninclude::/etc/passwd[]\n\nAfter it.\n"
