"""What templates show."""

import pytest

from embeddings.text.wiki_templates import shown_of_template


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("convert|5|km|mi", "5 km"),
        ("convert|5|to|10|C|F", "5 to 10 °C"),
        ("cvt|5|-|10|km|mi|abbr=on", "5–10 km"),
        ("convert|5|ft|3|in|m", "5 ft 3 in"),
        ("convert|22|e6acre", "22 million acre"),
        ("lang|fr|bon mot", "bon mot"),
        ("lang-de|Wort", "Wort"),
        ("transl|ru|ALA|slovo", "slovo"),
        ("quote|text=All is well.|author=Ann", "\nAll is well.\n"),
        ("quote|The [[Fox|red fox]] sleeps.|Ann", "\nThe [[Fox|red fox]] sleeps.\n"),
        ("nowrap|1=a = b", "a = b"),
        ("w|Oslo|OSLO", "OSLO"),
        ("Abbr|BBC|British Broadcasting", "BBC"),
        ("ndash", "–"),
        ("spaced_ndash", " – "),
        ("'", "'"),
        ("frac|3|1|2", "3 1/2"),
        ("USS|Enterprise|CV-6", "USS Enterprise"),
        ("formatnum:1234", "1234"),
        ("DEFAULTSORT:Fox", ""),
        ("#if:x|y", ""),
        ("cite web|title=x", ""),
        ("convert", ""),
        ("", ""),
    ],
)
def test_what_is_shown(content: str, text: str) -> None:
    assert shown_of_template(content) == text
