"""Terms of several words, in the default model and in GloVe (no phrases): what must be among their first ten."""

import pytest

from embeddings import ask
from embeddings.models.model import Model

# term | of the default model's first ten | of GloVe's
TERMS = """
lord of the rings|the_fellowship_of_the_ring|sauron
university of cambridge|university_of_oxford|oxford
rock and roll|rock_and_roll_hall_of_fame|punk
New York Times|washington_post|washington
university of southern california law school|harvard_law_school|berkeley
king of the hill|the_king_of_queens|castle
bank of england governor|central_bank|treasurer
history of science|philosophy_of_science|sociology
theory of everything|edward_witten|theories
sons of anarchy|the_dukes_of_hazzard|clan
house of cards|house_of_secrets|card
game of thrones|a_storm_of_swords|dragons
war and peace|peace_talks|truce
pride and prejudice|jane_austen|bigotry
salt and pepper|garlic|vinegar
fish and chips|seafood|seafood
bed and breakfast|lunch|lunch
research and development|technology_development|innovation
mergers and acquisitions|liquidations|takeovers
arts and crafts|arts_and_crafts_movement|handicrafts
supply and demand|demand_curve|prices
trial and error|errors|errors
art of war|sculpture|contemporary
house of commons|house_of_lords|parliament
house of lords|house_of_commons|parliament
bill of rights|english_bill_of_rights|amendment
statue of liberty|eiffel_tower|monument
tower of london|westminster_abbey|towers
bay of pigs|bay_of_pigs_invasion|whale
gulf of mexico|gulf_of_california|honduras
declaration of independence|american_declaration_of_independence|proclamation
battle of hastings|battle_of_bannockburn|bannockburn
the matrix|the_matrix_reloaded|matrices
the great gatsby|the_godfather_part_ii|capote
old navy|us_navy|naval
banana republic|bananas|bananas
levi's jeans|denim|denim
french fries|mashed_potatoes|sandwiches
ice cream sandwich|snack|chocolate
red wine vinegar|soy_sauce|sauce
guitar player|guitarist|guitarists
football coach|head_coach|soccer
history teacher|schoolteacher|scholar
heart attack|heart_failure|fatal
global warming|climate_change|climate
machine learning|neural_networks|computing
speed of light|velocity|velocity
law of gravity|gravitation|gravitation
president of france|president_of_the_french_republic|chirac
capital of spain|madrid|portugal
queen of england|mary_i_of_england|elizabeth
prime minister of japan|prime_minister_of_denmark|koizumi
mayor of london|lord_mayor_of_london|councillor
ministry of defence|ministry_of_defense|defense
department of energy|u.s_department_of_energy|petroleum
institute of technology|carnegie_institute_of_technology|engineering
bachelor of arts|master_of_arts|undergraduate
doctor of philosophy|master_of_philosophy|doctorate
gone with the wind|wizard_of_oz|winds
beauty and the beast|lady_and_the_tramp|monster
"""
ASKED = [tuple(line.split("|")) for line in TERMS.strip().split("\n")]
FUNCTION_WORDS = frozenset(
    """
    the a an of and or in on at to for with by from as is are was were be been it its that this which who not but
    """.split()
)


@pytest.mark.parametrize(("term", "near"), [(term, near) for term, near, _ in ASKED])
def test_the_default_model_answers_names_and_terms(wikipedia: Model, term: str, near: str) -> None:
    words = [result.word for result in ask(wikipedia, term).results[:10]]
    assert near in words
    assert FUNCTION_WORDS.isdisjoint(words)


@pytest.mark.parametrize(("term", "near"), [(term, near) for term, _, near in ASKED])
def test_glove_answers_names_and_terms_by_their_segments(glove: Model, term: str, near: str) -> None:
    answer = ask(glove, term)
    words = [result.word for result in answer.results[:10]]
    assert near in words
    assert FUNCTION_WORDS.isdisjoint(words)
    assert len(answer.terms[0].words) > 1
