"""Names that Wikipedia's languages have for the same things: namespaces, sister projects, disambiguation."""

import re

FILES = frozenset(
    (
        "file image media datei bild fichier archivo imagen ficheiro imagem arquivo immagine plik"
        " grafika bestand afbeelding файл изображение зображення tiedosto kuva fil soubor súbor"
        " obrázok slika datoteka fájl kép dosya resim tệp hình berkas gambar fitxer imatge dosiero"
        " αρχείο εικόνα датотека слика fişier fișier imagine ファイル 画像 文件 檔案 图像 圖像 파일 그림 ملف صورة"
        " پرونده تصویر קובץ תמונה चित्र ไฟล์ ภาพ պատկեր fitxategi irudi"
    ).split()
)
CATEGORIES = frozenset(
    (
        "category kategorie catégorie categoría categoria kategoria categorie категория категорія"
        " luokka kategori kategória kategorija kategório kategorio κατηγορία категорија カテゴリ 分类 分類"
        " 분류 تصنيف رده קטגוריה श्रेणी หมวดหมู่ կատեգորիա"
        " kategooria kateqoriya kategoriya categori catagóir flokkur рұбат санат катэгорыя ангилал төркем"
        " კატეგორია زمرہ বিষয়শ্রেণী பகுப்பு వర్గం വർഗ്ഗം ವರ್ಗ શ્રેણી ਸ਼੍ਰੇਣੀ වර්ගය ကဏ္ဍ ចំណាត់ថ្នាក់ መደብ рубрика"
    ).split()
) | {"thể loại"}
OTHER_SPACES = frozenset(
    {
        "talk", "user", "user talk", "wikipedia", "wikipedia talk", "project", "wp", "file talk", "image talk",
        "mediawiki", "mediawiki talk", "template", "template talk", "help", "help talk", "category talk", "portal",
        "portal talk", "book", "draft", "draft talk", "module", "module talk", "special", "timedtext", "topic",
        "diskussion", "benutzer", "vorlage", "hilfe", "spezial", "discussion", "utilisateur", "modèle", "aide",
        "spécial", "discusión", "usuario", "plantilla", "ayuda", "especial", "utente", "aiuto", "speciale",
        "обсуждение", "участник", "шаблон", "справка", "служебная", "портал", "wikipédia", "wikipedie", "википедия",
        "gebruiker", "sjabloon", "predefinição", "szablon", "wikipedysta",
    }
)  # fmt: skip
SISTERS = frozenset(
    "wikt wiktionary w wikipedia s wikisource q wikiquote b wikibooks n wikinews v wikiversity voy wikivoyage"
    " species wikispecies c commons d wikidata m meta mw mediawikiwiki f foundation wmf wmde doi imdb iarchive"
    " gutenberg".split()
)

_FILE_SUFFIX = re.compile(
    r"\.(?:jpe?g|png|svg|gif|tiff?|webp|xcf|bmp|djvu|pdf|og[agv]|opus|flac|wav|mp3|webm|mpe?g|midi?|stl)\s*\Z",
    re.IGNORECASE,
)
_DISAMBIGUATION_TEMPLATES = frozenset(
    {
        "disambiguation", "disambig", "disamb", "disambiguation page", "dab", "dbig", "hndis", "hndab", "geodis",
        "geodab", "numberdis", "letter-numbercombdisambig", "mathdab", "roaddis", "schooldis", "hospitaldis",
        "airport disambig", "callsigndis", "letterdis", "molformdisambig", "species latin name disambig",
        "disambiguation cleanup", "disambig-cleanup", "disambig cleanup", "hndis-cleanup", "geodis-cleanup",
        "surname", "given name", "human name dab", "place name dab", "wp disambig",
        "begriffsklärung", "bkl", "homonymie", "homonymes", "paronymie", "patronyme", "toponymie",
        "desambiguación", "desambiguacion", "desambiguação", "desambiguació", "homonímia", "disambigua", "disambigue",
        "неоднозначность", "многозначность", "неоднозначність", "багатозначність", "багатозн", "пояснение",
        "вишезначна одредница", "ujednoznacznienie", "doorverwijspagina", "dp", "förgrening", "gren",
        "flertydig", "peker", "pekerside", "fleirtyding", "täsmennyssivu", "täsmennys", "rozcestník",
        "rozlišovacia stránka", "egyért", "egyértelműsítő lap", "dezambiguizare", "anlam ayrımı", "anlamayrımı",
        "曖昧さ回避", "aimai", "人名の曖昧さ回避", "地名の曖昧さ回避", "消歧义", "消歧義", "消歧义页", "消歧義頁",
        "동음이의",
        "동음이의어", "동음이의어 문서",
        "توضيح", "صفحة توضيح", "ابهام‌زدایی", "ابهام زدایی", "פירושונים", "định hướng",
        "trang định hướng", "razločitev", "višeznačna odrednica", "razdvojba", "αποσαφήνιση", "argipen", "täpsustus",
        "täpsustuslehekülg", "nuorodinis", "nuorodinis straipsnis", "apartigilo", "nozīmju atdalīšana",
        "แก้ความกำกวม", "बहुविकल्पी", "দ্ব্যর্থতা নিরসন", "բազմիմաստություն", "disambiguasi", "nyahkekaburan",
    }
)  # fmt: skip
_DISAMBIGUATION_ENDS = ("disambiguation", "disambig", " dab")
_DISAMBIGUATION_TITLES = frozenset(
    "disambiguation begriffsklärung homonymie desambiguación desambiguação desambiguació disambigua значения значення"
    " ujednoznacznienie doorverwijspagina förgrening flertydig täsmennyssivu rozcestník egyértelműsítő dezambiguizare"
    " 曖昧さ回避 消歧义 消歧義 동음이의 توضيح ابهام‌زدایی פירושונים".split()
) | {"định hướng"}


def folded(name: str) -> str:
    """A name as MediaWiki compares it: without case, underscores as blanks."""
    return " ".join(name.replace("_", " ").split()).lower()


def is_file(prefix: str, name: str) -> bool:
    """Whether ``prefix:name`` is a picture or a sound: by what its language calls them, or by the file's suffix."""
    return folded(prefix) in FILES or (folded(prefix) not in SISTERS and bool(_FILE_SUFFIX.search(name)))


def is_disambiguation_template(name: str) -> bool:
    """Whether the template marks a page as a list of meanings, rather than a link or a passage for repair."""
    name = folded(name)
    return name in _DISAMBIGUATION_TEMPLATES or name.endswith(_DISAMBIGUATION_ENDS)


def is_disambiguation_title(title: str) -> bool:
    """Whether the title ends with the word for a disambiguation page in parentheses."""
    return title.endswith(")") and title.rpartition("(")[2][:-1].lower() in _DISAMBIGUATION_TITLES
