"""Commands find the key of this installation."""

from worker.launch.local_server import key_file
from worker.settings import Settings


def test_the_key_is_in_the_home(tmp_path):
    assert key_file(Settings(home=tmp_path)) == tmp_path / "api-key"
