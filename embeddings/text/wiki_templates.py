"""What a template shows of its arguments, for those that carry text: measures, quotations, words in a style, signs."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from embeddings.text.wiki_names import folded

_SPLIT = re.compile(r"\|(?![^\[\]]*\]\])")
"""A bar between arguments, none within a link."""
_NAMED = re.compile(r"\s*([\w-]+(?: [\w-]+)?)\s*=")
_NUMBER = re.compile(r"[-+−]?[\d.,]*\d(?:/\d+)?")


@dataclass(frozen=True, slots=True)
class Arguments:
    """What stands after a template's name."""

    given: Sequence[str]
    named: Mapping[str, str]

    @classmethod
    def of(cls, text: str) -> "Arguments":
        """Arguments from ``text``, which begins after the first bar; ``1=`` is the first of those without a name."""
        given: list[str] = []
        named: dict[str, str] = {}
        for part in _SPLIT.split(text):
            name = _NAMED.match(part)
            if name is None:
                given.append(part.strip())
            else:
                named[name[1].lower()] = part[name.end() :].strip()
        places = [int(name) for name in named if name.isascii() and name.isdigit() and 0 < int(name) < 20]
        if places:
            given += [""] * (max(places) - len(given))
            for place in places:
                given[place - 1] = named[str(place)]
        return cls(given, named)

    def at(self, place: int) -> str:
        """The argument at ``place``, from 1 on; empty if there is none."""
        return self.given[place - 1] if place <= len(self.given) else ""


Shown = Callable[[Arguments], str]


def _argument(*places: int) -> Shown:
    """The first of the arguments at ``places`` that is not empty, or the text that has the usual name for it."""

    def shown(arguments: Arguments) -> str:
        found = next((found for place in places if (found := arguments.at(place))), "")
        return found or next((arguments.named[name] for name in _TEXT if name in arguments.named), "")

    return shown


def _last(arguments: Arguments) -> str:
    return arguments.given[-1] if arguments.given else ""


def _joined(sign: str) -> Shown:
    return lambda arguments: sign.join(filter(None, arguments.given))


def _sign(sign: str) -> Shown:
    return lambda _: sign


def _before(words: str) -> Shown:
    return lambda arguments: f"{words}{arguments.at(1)}"


def _quoted(arguments: Arguments) -> str:
    return f"\n{_argument(1)(arguments)}\n"


def _fraction(arguments: Arguments) -> str:
    parts = [part for part in arguments.given if part]
    return f"{parts[0]} {parts[1]}/{parts[2]}" if len(parts) > 2 else "/".join(parts)


def _value(arguments: Arguments) -> str:
    return " ".join(filter(None, (arguments.at(1), arguments.named.get("u", "") or arguments.named.get("ul", ""))))


def _measure(arguments: Arguments) -> str:
    """The number, or a range of two, and its unit: ``5|to|10|km|mi`` is 5 to 10 km."""
    shown: list[str] = []
    given = arguments.given
    for place, part in enumerate(given):
        if _NUMBER.fullmatch(part) or (shown and part.lower() in _RANGES):
            shown.append(_RANGES.get(part.lower(), part))
            continue
        if not shown:
            return ""
        million, unit = _MULTIPLE.match(part).groups()  # type: ignore[union-attr]  # it matches all
        shown.append(f"{_MULTIPLES.get(million, '')}{_UNITS.get(unit, unit)}")
        if not (part in _COMPOUND and place + 2 < len(given) and given[place + 2] in _COMPOUND[part]):
            break
    return " ".join(shown).replace(" – ", "–")


def _ship(prefix: str) -> Shown:
    return lambda arguments: f"{prefix} {arguments.at(1)}"


_TEXT = ("text", "quote", "content", "texte", "texto", "testo", "zitat", "title")
_RANGES = {
    "to": "to", "and": "and", "or": "or", "by": "by", "x": "by", "×": "by", "-": "–", "–": "–", "to(-)": "to",
    "+/-": "±", "±": "±", "+": "+", "&": "and",
}  # fmt: skip
_UNITS = {"C": "°C", "F": "°F", "sqmi": "sq mi", "sqft": "sq ft", "cuft": "cu ft", "mph": "mph", "kph": "km/h"}
_MULTIPLE = re.compile(r"(e3|e6|e9)?(.*)", re.DOTALL)
_MULTIPLES = {"e3": "thousand ", "e6": "million ", "e9": "billion "}
_COMPOUND = {"ft": ("in",), "lb": ("oz",), "st": ("lb",), "mi": ("yd", "ft", "ch"), "yd": ("ft", "in"), "h": ("min",)}

_FIRST = (
    "nowrap nobr small smaller smalldiv big larger large huge em strong b bold i italic italics abbr abbrv"
    " tooltip abréviation ill illm ill-wd interlanguage_link interlanguage_link_multi lien link-interwiki"
    " red_link sic typo as_written not_a_typo proper_name visible_anchor vanchor smallcaps sc smallcaps_all"
    " allcaps small_caps underline u ul s strike strikethrough del ins dfn var mono tt kbd samp nihongo2 chem2"
    " unicode iast script linktext no_italic noitalic nobold normal center centre left right sup sub"
    " superscript subscript exp angbr angle_bracket bracket interp flag flagcountry flagu flag_country drapeau"
    " formatnum uc lc ucfirst lcfirst trim native_phrase wl plainlist flatlist hebrew arabic mongolian"
    " nastaliq 読み仮名 ルビ ruby"
).split()
_SECOND = (
    "lang langue langx lang-xx rtl-lang wikt-lang color colour colored_text font_color colorize bg"
    " background_color transl transliteration translit fontcolor native_name"
).split()
_QUOTES = (
    "quote quotation cquote blockquote block_quote bquote quote_box quotebox centered_pull_quote pull_quote"
    " poemquote poem_quote verse zitat citation_bloc début_citation cita cita_destacada citazione цитата"
    " citaat citat sitat citace cytat 引用 引文 引言 quote1 quote2 imagequote epigraph epigraphe verse_translation"
).split()
_SHIPS = ("USS HMS SS MS MV RMS HMAS HMCS HMNZS SMS USNS USCGC INS RFA RV HNLMS HDMS HSwMS ORP").split()
_TEMPLATES: dict[str, Shown] = {
    **dict.fromkeys((name.replace("_", " ") for name in _FIRST), _argument(1, 2)),
    **dict.fromkeys((name.replace("_", " ") for name in _SECOND), _argument(2, 1)),
    **dict.fromkeys((name.replace("_", " ") for name in _QUOTES), _quoted),
    **dict.fromkeys(("transl", "transliteration", "translit", "resize", "align", "ship"), _last),
    **{name.lower(): _ship(name) for name in _SHIPS},
    **dict.fromkeys(("w", "sisterlink", "font"), _argument(2, 1)),
    **dict.fromkeys(("convert", "cvt", "unité", "nombre", "unit", "conv", "measure"), _measure),
    **dict.fromkeys(("frac", "fraction", "sfrac", "fract"), _fraction),
    **dict.fromkeys(("val", "nts", "number"), _value),
    **dict.fromkeys(("ubl", "unbulleted list", "bulleted list", "blist", "ordered list", "plain list"), _joined("\n")),
    **dict.fromkeys(("hlist", "flat list", "comma separated entries"), _joined(", ")),
    **dict.fromkeys(("gaps", "chem", "linktext"), _joined("")),
    **dict.fromkeys(("ndash", "–", "en dash", "endash", "dash"), _sign("–")),
    **dict.fromkeys(("spaced ndash", "spaced en dash", "snd", "snds", "spnd", "sndash", "spndash"), _sign(" – ")),
    **dict.fromkeys(("mdash", "—", "em dash", "emdash", "spaced mdash", "spaced em dash"), _sign(" — ")),
    **dict.fromkeys(("·", "•", "dot", "middot", "bull", "bullet", "\\", "pipe"), _sign(" · ")),
    **dict.fromkeys(
        ("nbsp", "space", "spaces", "thinsp", "thin space", "hair space", "hairsp", "spc", "nnbsp", "zwsp"),
        _sign(" "),
    ),
    **dict.fromkeys(("br", "break", "clear", "clr", "crlf", "pb", "paragraph break", "-", "newline"), _sign("\n")),
    **dict.fromkeys(("'", "`", "apostrophe", "okina", "ayin", "hamza"), _sign("'")),
    **dict.fromkeys(("' \"", "'\"", "\" '", "\"'", "'-", "-'"), _sign("'\"")),
    "\"": lambda arguments: f'"{arguments.at(1)}"' if arguments.at(1) else '"',
    "'s": _sign("'s"),
    "!": _sign("|"),
    "=": _sign("="),
    "zwj": _sign("\u200d"),
    "zwnj": _sign("\u200c"),
    "circa": _before("c. "),
    "ca.": _before("c. "),
    "c.": _before("c. "),
    "floruit": _before("fl. "),
    "fl.": _before("fl. "),
    "née": _before("née "),
    "nee": _before("née "),
    "as of": lambda arguments: f"{'as' if 'lc' in arguments.named else 'As'} of {arguments.at(1)}",
    "us$": _before("US$"),
    "usd": _before("US$"),
    "gbp": _before("£"),
    "£": _before("£"),
    "eur": _before("€"),
    "€": _before("€"),
    "euro": _before("€"),
    "inr": _before("₹"),
    "¥": _before("¥"),
    "nihongo": _argument(1, 2),
    "nihongo3": _argument(1, 2),
    "sclass": lambda arguments: f"{arguments.at(1)}-class {arguments.at(2)}",
    "sclass2": lambda arguments: f"{arguments.at(1)}-class {arguments.at(2)}",
    "co2": _sign("CO2"),
    "h2o": _sign("H2O"),
}  # fmt: skip


def shown_of_template(content: str) -> str:
    """What a reader sees of ``{{content}}``, whose own templates are shown already; nothing of most of them."""
    name, bar, rest = content.partition("|")
    if not bar:
        name, colon, rest = content.partition(":")
        name = name.removeprefix("#")
        if colon and folded(name) not in ("formatnum", "lc", "uc", "ucfirst", "lcfirst"):
            return ""
    name = folded(name)
    shown = _TEMPLATES.get(name)
    if shown is None:
        if name.startswith(("lang-", "script/")):
            return Arguments.of(rest).at(1)
        function, colon, first = name.partition(":")
        if colon and function in ("formatnum", "lc", "uc", "ucfirst", "lcfirst"):
            return first
        return ""
    return shown(Arguments.of(rest)) if rest else shown(Arguments((), {}))
