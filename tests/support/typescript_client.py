"""The TypeScript client as it is built by `make typescript`."""

import os
import shutil

import pytest

from tests.support.processes import ROOT

FOLDER = ROOT / "clients" / "typescript"
_BUILT = FOLDER / "dist" / ".ready"


def require_built() -> None:
    """Skip the test unless Node is there and has built the client since its last change; fail where it is required."""
    sources = [*(FOLDER / "src").rglob("*.ts"), FOLDER / "package-lock.json"]
    if shutil.which("node") is None:
        problem = "Node is not installed"
    elif not _BUILT.exists():
        problem = "the TypeScript client is not built"
    elif _BUILT.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        problem = "the TypeScript client was changed since it was built"
    else:
        return
    message = f"{problem}: run `make typescript`"
    if "node" in os.environ.get("TEST_REQUIRE", "").split(","):
        pytest.fail(message)
    pytest.skip(message)
