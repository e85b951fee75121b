"""The table of kinds: categories, lists, one form for several."""

import unicodedata

from embeddings.text.characters import SPELLING, WORD_KINDS, CharacterKind, kind_of, kinds


def test_every_code_point_has_its_kind() -> None:
    assert len(kinds()) == 0x110000
    for category, kind in {
        "Lu": CharacterKind.CAPITAL,
        "Ll": CharacterKind.LETTER,
        "Nd": CharacterKind.LETTER,
        "Zs": CharacterKind.SEPARATOR,
    }.items():
        of_category = (chr(code) for code in range(0x3000) if unicodedata.category(chr(code)) == category)
        assert {kind_of(character) for character in of_category} == {kind}
    assert all(
        kind_of(chr(code)) not in WORD_KINDS or kind_of(chr(code)) is CharacterKind.IGNORED
        for code in range(0x20000)
        if unicodedata.category(chr(code)) in ("Po", "Pd", "Ps", "Pe", "Cc", "Sc", "Sm", "Zs")
    )


def test_variants_are_written_in_one_form_and_letters_of_their_own_are_kept() -> None:
    assert "ﬁ ĳ ſ Ａ ﺳ".translate(SPELLING) == "fi ij s A س"
    for kept in ("ำ", "և", "ㅋ", "²", "½", "ª", "ﷺ"):  # NFKC would take these apart
        assert kept.translate(SPELLING) == kept
