"""The web page: its routes, templates, static files and pictures."""

from service.page.glosses import GLOSSES_FILE
from service.page.layout import compile_templates
from service.page.pages import register_page
from service.page.wordnet import LICENCE_FILE, find_wordnet, make_glosses

__all__ = ["GLOSSES_FILE", "LICENCE_FILE", "compile_templates", "find_wordnet", "make_glosses", "register_page"]
