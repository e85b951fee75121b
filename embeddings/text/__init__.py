"""Raw text becomes sentences of tokens: sources, Wikipedia's markup, tokens and phrases."""

from embeddings.text.appositions import Statement, class_of, modifiers_of, most_agreed, statements
from embeddings.text.blocks import FileReader, RawBlock, paragraphs, texts_of
from embeddings.text.capitals import count_capitals
from embeddings.text.cased_phrases import CasedPhrases, cased_phrases
from embeddings.text.class_nouns import KINDS, REGIONS
from embeddings.text.corpus import STANDARD_INPUT, CorpusParameters, Text, find_texts
from embeddings.text.descriptions import described, title
from embeddings.text.display_forms import DisplayForms, display_of
from embeddings.text.entities import Entities, find_entities
from embeddings.text.file_types import HEAD_BYTES, TextFormat, is_utf8
from embeddings.text.numbering import tokenise
from embeddings.text.phrase_lists import cohesive, known_phrases, numbered, read_phrase_list, title_phrases
from embeddings.text.phrases import (
    CONNECTORS,
    ENTITIES,
    Counts,
    Links,
    PhraseParameters,
    Phrases,
    Scoring,
    blocks_of,
    find_phrases,
    joined_word,
    phrase_words,
)
from embeddings.text.sentences import Expansion, SentenceText, vocabulary_of, write_sentences
from embeddings.text.spellings import POSSESSIVE, Spellings, spellings_of, words_of
from embeddings.text.terms import FUNCTION_WORDS, find_terms, term_links
from embeddings.text.tokens import (
    FIRST_WORD,
    JOINER,
    Case,
    Ids,
    Splitting,
    TokenParameters,
    lowered,
    split_compound,
)
from embeddings.text.word_numbers import (
    IDS_FILE,
    TITLES_FILE,
    WORDS_FILE,
    CorpusReport,
    FileReport,
    clean,
    count_ids,
    open_ids,
    read_lines,
    write_lines,
)

__all__ = [
    "CONNECTORS",
    "ENTITIES",
    "FIRST_WORD",
    "FUNCTION_WORDS",
    "HEAD_BYTES",
    "IDS_FILE",
    "JOINER",
    "KINDS",
    "POSSESSIVE",
    "REGIONS",
    "STANDARD_INPUT",
    "TITLES_FILE",
    "WORDS_FILE",
    "Case",
    "CasedPhrases",
    "CorpusParameters",
    "CorpusReport",
    "Counts",
    "DisplayForms",
    "Entities",
    "Expansion",
    "FileReader",
    "FileReport",
    "Ids",
    "Links",
    "PhraseParameters",
    "Phrases",
    "RawBlock",
    "Scoring",
    "SentenceText",
    "Spellings",
    "Splitting",
    "Statement",
    "Text",
    "TextFormat",
    "TokenParameters",
    "blocks_of",
    "cased_phrases",
    "class_of",
    "clean",
    "cohesive",
    "count_capitals",
    "count_ids",
    "described",
    "display_of",
    "find_entities",
    "find_phrases",
    "find_terms",
    "find_texts",
    "is_utf8",
    "joined_word",
    "known_phrases",
    "lowered",
    "modifiers_of",
    "most_agreed",
    "numbered",
    "open_ids",
    "paragraphs",
    "phrase_words",
    "read_lines",
    "read_phrase_list",
    "spellings_of",
    "split_compound",
    "statements",
    "term_links",
    "texts_of",
    "title",
    "title_phrases",
    "tokenise",
    "vocabulary_of",
    "words_of",
    "write_lines",
    "write_sentences",
]
