"""The query language: what every form means, what every mistake says, and that nothing else is ever raised."""

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from embeddings.errors import QueryError
from embeddings.query.kinds import Kind
from embeddings.query.parser import parse
from embeddings.query.query import Pair, Query, Term

READ = {
    "coffee": (Kind.NEIGHBOURS, [("coffee", 1)]),
    "  United   States ": (Kind.NEIGHBOURS, [("United States", 1)]),
    "vice-president": (Kind.NEIGHBOURS, [("vice-president", 1)]),
    "F-16": (Kind.NEIGHBOURS, [("F-16", 1)]),
    "c++": (Kind.NEIGHBOURS, [("c++", 1)]),
    "10,000": (Kind.NEIGHBOURS, [("10,000", 1)]),
    "- - king": (Kind.NEIGHBOURS, [("king", 1)]),
    "2 kings": (Kind.NEIGHBOURS, [("2 kings", 1)]),
    "as you like it": (Kind.NEIGHBOURS, [("as you like it", 1)]),
    "cafe\u0301": (Kind.NEIGHBOURS, [("café", 1)]),
    "king - man + woman": (Kind.EXPRESSION, [("king", 1), ("man", -1), ("woman", 1)]),
    "king -man +woman": (Kind.EXPRESSION, [("king", 1), ("man", -1), ("woman", 1)]),
    "king+woman": (Kind.EXPRESSION, [("king", 1), ("woman", 1)]),
    "Paris − France + Italy": (Kind.EXPRESSION, [("Paris", 1), ("France", -1), ("Italy", 1)]),
    "Paris — France ＋ Italy": (Kind.EXPRESSION, [("Paris", 1), ("France", -1), ("Italy", 1)]),
    "F-16 - vice-president": (Kind.EXPRESSION, [("F-16", 1), ("vice-president", -1)]),
    "c++ - java": (Kind.EXPRESSION, [("c++", 1), ("java", -1)]),
    "-king": (Kind.EXPRESSION, [("king", -1)]),
    "2*king - 0.5*man": (Kind.EXPRESSION, [("king", 2), ("man", -0.5)]),
    "king*2 - man × .5": (Kind.EXPRESSION, [("king", 2), ("man", -0.5)]),
    "(cat + dog) * 0.5": (Kind.EXPRESSION, [("cat", 0.5), ("dog", 0.5)]),
    "a - (b - 2*(c + d))": (Kind.EXPRESSION, [("a", 1), ("b", -1), ("c", 2), ("d", 2)]),
    "3*(2*king)*2": (Kind.EXPRESSION, [("king", 12)]),
    "2*3": (Kind.EXPRESSION, [("3", 2)]),
    '"rock and roll" - rock': (Kind.EXPRESSION, [("rock and roll", 1), ("rock", -1)]),
    '"a - b : c" + “x, y”': (Kind.EXPRESSION, [("a - b : c", 1), ("x, y", 1)]),
    r'"say \"hi\" \\"': (Kind.NEIGHBOURS, [(r'say "hi" \ '.strip(), 1)]),
    "coffee <> tea": (Kind.SIMILARITY, [("coffee", 1), ("tea", 1)]),
    "a<>b": (Kind.SIMILARITY, [("a", 1), ("b", 1)]),
    "Old Navy, Macy's, Louis Vuitton": (Kind.ODD_ONE_OUT, [("Old Navy", 1), ("Macy's", 1), ("Louis Vuitton", 1)]),
    "1,2,3": (Kind.ODD_ONE_OUT, [("1", 1), ("2", 1), ("3", 1)]),
    "a、b，c": (Kind.ODD_ONE_OUT, [("a", 1), ("b", 1), ("c", 1)]),
    "a : b :: c : ?": (Kind.ANALOGY, [("a", -1), ("b", 1), ("c", 1)]),
    "a:b::c": (Kind.ANALOGY, [("a", -1), ("b", 1), ("c", 1)]),
    "a : b :: ? : c": (Kind.ANALOGY, [("a", 1), ("b", -1), ("c", 1)]),
    "a : ? :: b : c": (Kind.ANALOGY, [("a", 1), ("b", -1), ("c", 1)]),
    "? : a :: b : c": (Kind.ANALOGY, [("a", 1), ("b", 1), ("c", -1)]),
    "a is to b as c is to ?": (Kind.ANALOGY, [("a", -1), ("b", 1), ("c", 1)]),
    "a is to b as c is to what?": (Kind.ANALOGY, [("a", -1), ("b", 1), ("c", 1)]),
    "United States:Dollar :: Mexico:?": (Kind.ANALOGY, [("United States", -1), ("Dollar", 1), ("Mexico", 1)]),
    "France:Paris, Japan:Tokyo :: Italy : ?": (
        Kind.ANALOGY,
        [("France", -0.5), ("Paris", 0.5), ("Japan", -0.5), ("Tokyo", 0.5), ("Italy", 1)],
    ),
    "a:b, c:d :: ? : e": (Kind.ANALOGY, [("a", 0.5), ("b", -0.5), ("c", 0.5), ("d", -0.5), ("e", 1)]),
}

MISTAKES = {
    "": (1, "empty"),
    "   ": (1, "empty"),
    "king -": (7, "missing after '-'"),
    "king - + ": (10, "missing after '+'"),
    "* king": (1, "missing before '*'"),
    "king * queen": (8, "cannot be multiplied"),
    "0*king": (1, "weight of 0"),
    "0.0000001*king": (1, "0.000001 to 1,000,000"),
    "(cat + dog": (1, "never closed"),
    "cat + dog)": (10, "was never opened"),
    "cat + ()": (8, "nothing between these brackets"),
    "(cat) dog": (7, "operator is missing"),
    '"rock" roll': (8, "operator is missing"),
    'rock "and roll': (6, "no partner"),
    '" "': (1, "nothing between the quotes"),
    "coffee <>": (8, "missing after '<>'"),
    "<> coffee": (1, "missing before '<>'"),
    "a <> b <> c": (8, "two terms"),
    "a <> b - c": (8, "no place in a similarity"),
    "a, b": (2, "three terms or more"),
    "a,, b": (3, "missing before ','"),
    "a, b, c,": (8, "missing after ','"),
    "a, b, c + d": (9, "no place in a list"),
    "coffee ?": (8, "place of an analogy"),
    "coffee ? tea": (8, "place of an analogy"),
    "a * ?": (5, "place of an analogy"),
    "a : b": (5, "two sides"),
    "a : b :: c : d": (14, "Nothing is asked"),
    "a : ? :: c : ?": (14, "second ?"),
    "a : b :: c : d :: e : ?": (16, "second"),
    "a : b : c :: d : ?": (7, "two places"),
    "a :: b": (1, "two places"),
    "a : :: b : ?": (3, "missing after ':'"),
    "a : b :: c - d : ?": (12, "no place in an analogy"),
    "a:b, c:? :: d:e": (8, "belongs in the pair after"),
    "a:b :: c:d, e:?": (8, "Only one pair follows"),
    "king \x00 man": (6, "U+0000"),
    "king \ud800": (6, "U+D800"),
}


@pytest.mark.parametrize("text", READ)
def test_every_form_is_read_as_meant(text: str) -> None:
    kind, terms = READ[text]
    query = parse(text)
    assert query.kind is kind
    assert [(term.text, term.weight) for term in query.terms] == terms
    assert parse(str(query)) == query


@pytest.mark.parametrize("text", MISTAKES)
def test_every_mistake_points_at_its_column_and_shows_a_correct_form(text: str) -> None:
    column, said = MISTAKES[text]
    with pytest.raises(QueryError) as raised:
        parse(text)
    assert raised.value.column == column
    assert said in str(raised.value)
    if raised.value.example is not None:
        parse(raised.value.example)


def test_columns_count_from_the_start_of_the_text_as_typed() -> None:
    assert [term.column for term in parse('  king - "old man" + woman').terms] == [3, 10, 22]


def test_an_analogy_knows_its_pairs_and_the_place_asked() -> None:
    query = parse("a:b, c:d :: e:?")
    *examples, question = query.pairs
    assert [pair.places for pair in examples] == [(0, 1), (2, 3)]
    assert question.places == (4, None)
    assert query.question is question


def test_renaming_replaces_the_texts_and_keeps_everything_else() -> None:
    query = parse("United States : Dollar :: Mexico : ?")
    assert str(query.rename(["united states", "dollar", "mexico"])) == "united states : dollar :: mexico : ?"
    assert str(parse("a - 2*b").rename(["x", "- y"])) == 'x - 2*"- y"'


def test_limits_are_named() -> None:
    assert len(parse(" + ".join(["a"] * 64)).terms) == 64
    with pytest.raises(QueryError, match="Column 257: A query has at most 64 terms, and this one has 65"):
        parse(" + ".join(["a"] * 65))
    assert parse("a" * 2000).terms[0].text == "a" * 2000
    with pytest.raises(QueryError, match="at most 2,000 characters, and this one has 2,001"):
        parse("a" * 2001)
    assert parse("(" * 16 + "a" + ")" * 16) == parse("a")
    with pytest.raises(QueryError, match="Column 17: Brackets go at most 16 deep"):
        parse("(" * 17 + "a" + ")" * 17)


def test_weights_multiplied_beyond_the_limit_are_refused() -> None:
    with pytest.raises(QueryError, match=r"0\.000001 to 1,000,000"):
        parse("1000*(1000*(1000*king)) + a")


TEXTS = st.one_of(
    st.text(min_size=1, max_size=20),
    st.text(string.ascii_letters + "-+*:,?<>()\"'“”\\ 0123456789.", min_size=1, max_size=20),
    st.sampled_from(["as", "is to", "a is to b", "c++", "vice-president", "10,000", "3", "a - b", '"', "rock'n'roll"]),
)
PIECES = ("king queen as is to 2 0.5 10,000 c++ F-16 it's : :: , ? <> - + * ( ) \" “ ” « \\ − ： ？ \u200b").split(" ")
LIKELY = st.lists(st.sampled_from(PIECES), max_size=16).map(" ".join)


@given(st.one_of(st.text(max_size=60), LIKELY, LIKELY.map(lambda text: text.replace(" ", ""))))
@settings(max_examples=500, deadline=None)
@example("a : b :: c : ?")
@example("a\u0338<>b")
def test_any_text_is_read_and_reads_back_the_same_or_is_a_query_error(text: str) -> None:
    try:
        query = parse(text)
    except QueryError as error:
        assert error.column is None or 1 <= error.column <= len(text) + 1
        return
    assert parse(str(query)) == query


def _terms(texts: st.SearchStrategy[str], *, least: int, most: int) -> st.SearchStrategy[list[str]]:
    readable = texts.filter(_is_term)
    return st.lists(readable, min_size=least, max_size=most)


def _is_term(text: str) -> bool:
    """Quoted, any text can be a term, but for what no query may hold."""
    try:
        [term] = parse(str(Query(Kind.NEIGHBOURS, (Term(text),)))).terms
    except QueryError:
        return False
    return term.text == text


@given(_terms(TEXTS, least=1, most=6), st.data())
@settings(max_examples=150, deadline=None)
def test_any_expression_printed_reads_back_the_same(texts: list[str], data: st.DataObject) -> None:
    weights = st.one_of(st.just(1.0), st.floats(1e-5, 1e5).map(lambda weight: float(f"{weight:.6g}")))
    signed = [data.draw(weights) * data.draw(st.sampled_from([1, -1])) for _ in texts]
    kind = Kind.NEIGHBOURS if signed == [1.0] else Kind.EXPRESSION
    query = Query(kind, tuple(map(Term, texts, signed)))
    assert parse(str(query)) == query


@given(_terms(TEXTS, least=3, most=8))
@settings(max_examples=200, deadline=None)
def test_any_list_printed_reads_back_the_same(texts: list[str]) -> None:
    query = Query(Kind.ODD_ONE_OUT, tuple(map(Term, texts)))
    assert parse(str(query)) == query
    pair = Query(Kind.SIMILARITY, tuple(map(Term, texts[:2])))
    assert parse(str(pair)) == pair


@given(_terms(TEXTS, least=3, most=3), st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_any_analogy_printed_reads_back_the_same(texts: list[str], asked: int) -> None:
    places: list[str | None] = [*texts]
    places.insert(asked, None)
    numbers = [None if text is None else texts.index(text) for text in places]
    printed = str(Query(Kind.ANALOGY, tuple(map(Term, texts)), (Pair(*numbers[:2]), Pair(*numbers[2:]))))
    query = parse(printed)
    assert str(query) == printed
    assert [term.text for term in query.terms] == texts
    assert sum(term.weight for term in query.terms) == 1


def test_a_colon_between_digits_parts_a_pair_where_a_pair_must_stand() -> None:
    query = parse("1:2 :: 3:?")
    assert [term.text for term in query.terms] == ["1", "2", "3"]
    assert query == parse(str(query)) == parse("1 : 2 :: 3 : ?")
    assert [term.text for term in parse("10:30 : morning :: 22:30 : ?").terms] == ["10:30", "morning", "22:30"]
