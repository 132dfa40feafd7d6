"""A running worker follows the categories of its workspaces."""

from tests.support.embeddings import TinyEmbedder
from tests.worker.answering.triage.test_learned_examples import FLEET
from worker.access.keys import Keys
from worker.answering.triage.learned_examples import LearnedExamples
from worker.answering.triage.recognisers import Recognisers
from worker.categories.categories import Categories
from worker.errors import DatabaseUnavailable

ASKED = "We run 40 vans and want a leasing offer for our company fleet"


def test_a_change_of_the_desk_counts_with_the_next_message_of_its_workspace_alone(store, workspace_id, tiny_folder):
    categories, other = Categories(store), Keys(store).workspace("other")
    found = Recognisers(LearnedExamples(TinyEmbedder(), tiny_folder), categories)
    assert "fleet_customer" not in found.recognise(workspace_id, ASKED).contrasts
    assert found.checks(workspace_id) == {}
    categories.put(workspace_id, FLEET)
    assert "fleet_customer" in found.recognise(workspace_id, ASKED).quotes
    assert found.checks(workspace_id)["fleet_customer"].examples == 6
    assert "fleet_customer" not in found.recognise(other, ASKED).contrasts
    categories.delete(workspace_id, "fleet_customer")
    assert "fleet_customer" not in found.recognise(workspace_id, ASKED).contrasts


class Away(Categories):
    """A database that cannot be reached."""

    def stamp(self, workspace_id):
        raise DatabaseUnavailable


def test_what_ships_counts_while_the_database_is_away(store, workspace_id, tiny_folder):
    away = Recognisers(LearnedExamples(TinyEmbedder(), tiny_folder), Away(store))
    assert "legal" in away.recognise(workspace_id, "I will sue you and my lawyer will take you to court").quotes
