"""The model that indexes is loaded when it is needed, and tried again where it could not be."""

from unittest.mock import Mock

import pytest

from kb.errors import ModelMissing
from worker.addresses import AddressRefused
from worker.services import ingesting
from worker.services.common import build_common


@pytest.fixture
def common(settings):
    made = build_common(settings)
    yield made
    made.close(timeout_s=0.1)


def test_a_missing_model_is_looked_for_again_and_a_found_one_is_loaded_once(common, monkeypatch):
    role = ingesting.build_ingesting(common)
    with pytest.raises(ModelMissing):
        role.indexer()
    loaded = []
    monkeypatch.setattr(ingesting, "build_finder", lambda *_settings: loaded.append(1) or Mock())
    assert role.indexer() is role.indexer()
    assert loaded == [1]


def test_pages_of_private_networks_are_not_imported(common):
    with pytest.raises(AddressRefused):
        ingesting.build_ingesting(common).importer._guard.check_url("https://10.0.0.1")
