"""Imports: an archive, a list of URLs or a sitemap."""

import io
import zipfile


def test_an_import_takes_an_archive_or_urls(call, services):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.md", "# A\n\nText.")
        file.writestr("b.gif", "GIF89a")
    sent = {"file": (io.BytesIO(archive.getvalue()), "help.zip"), "tags": "manual"}
    made = call("POST", "/v1/imports", data=sent)
    assert (made.status_code, made.json["kind"], made.json["state"]) == (202, "archive", "queued")
    services.importer.work_off(services.keys.workspace())
    imported = call("GET", made.headers["Location"]).json
    assert (imported["state"], imported["added"]) == ("done", 1)
    assert imported["failed"] == [{"name": "b.gif", "reason": "unknown kind of file"}]
    assert call("GET", "/v1/documents").json["items"][0]["tags"] == ["manual"]
    assert [item["id"] for item in call("GET", "/v1/imports").json["items"]] == [made.json["id"]]
    assert call("GET", "/v1/imports/none").status_code == 404
    for wrong in ({}, {"urls": []}, {"urls": ["https://a.example"], "sitemap": "https://a.example/s.xml"}):
        assert call("POST", "/v1/imports", json=wrong).status_code == 422
    assert call("POST", "/v1/imports", json={"sitemap": "http://169.254.169.254/x.xml"}).status_code == 422
    assert call("POST", "/v1/imports", data={"file": (io.BytesIO(b"no zip"), "x.zip")}).status_code == 422
    queued = call("POST", "/v1/imports", json={"urls": ["https://a.example/1", "https://a.example/1"]}).json
    assert queued["name"] == "1 URLs"
