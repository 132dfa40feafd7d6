"""Files in the encodings that spreadsheets and scripts write."""

import gzip

import pytest

from worker.backtest import files
from worker.errors import Invalid

TABLE = "question;reply\nWie teuer ist Größe L?;Fünf Euro – „günstig“, 5 €\n"


def read(path, data, **options):
    path.write_bytes(data)
    return files.read(path, chosen={}, **options)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_the_encoding_is_found(tmp_path, encoding):
    found = read(tmp_path / "t.csv", TABLE.encode(encoding))
    (ticket,) = found.tickets
    assert (ticket.question, ticket.reply) == ("Wie teuer ist Größe L?", "Fünf Euro – „günstig“, 5 €")
    assert found.encoding.replace("-sig", "") in (encoding.replace("-sig", ""), "utf-8")


def test_another_encoding_is_given(tmp_path):
    data = "question,reply\nいくらですか,五百円です\n".encode("shift_jis")
    assert read(tmp_path / "t.csv", data, encoding="shift_jis").tickets[0].reply == "五百円です"
    with pytest.raises(Invalid, match="no encoding klingon"):
        read(tmp_path / "t.csv", data, encoding="klingon")
    with pytest.raises(Invalid, match="is not ascii"):
        read(tmp_path / "t.csv", data, encoding="ascii")


def test_one_broken_byte_costs_one_row_and_not_all_umlauts(tmp_path):
    rows = [f"Größe {number}?,Fünf".encode() for number in range(5)]
    rows[2] = rows[2].replace("ü".encode(), b"\xfc")
    found = read(tmp_path / "t.csv", b"question,reply\n" + b"\n".join(rows))
    assert [row.location for row in found.bad_rows] == ["line 4"]
    assert found.tickets[0].question == "Größe 0?"


def test_gzip_is_unpacked_and_a_damaged_one_refused(tmp_path):
    packed = gzip.compress(TABLE.encode())
    assert read(tmp_path / "t.csv.gz", packed).tickets
    with pytest.raises(Invalid, match="cannot be read"):
        read(tmp_path / "t.csv.gz", packed[:-9])


@pytest.mark.parametrize("data", [b"", b"  \n", b"PK\x03\x04x", b"%PDF-1.7", b"<tickets/>", b"\xd0\xcf\x11\xe0"])
def test_other_files_are_refused_with_what_to_do(tmp_path, data):
    with pytest.raises(Invalid, match=r"t\.csv (is|cannot)"):
        read(tmp_path / "t.csv", data)
