"""What stands within a page, and the policy that lets it."""

import base64
import hashlib
import re

from embeddings import Model
from service.host.settings import Settings
from service.page.inline import PAGE_POLICY, STYLE, THEME
from service.server.app import create_app


def test_the_policy_names_what_stands_in_the_page_and_nothing_else(tiny_model: Model) -> None:
    app = create_app(Settings(models=(str(tiny_model.folder),), log_requests=False))
    page = app.test_client().get("/about")
    policy = page.headers["Content-Security-Policy"]
    assert policy == PAGE_POLICY and "unsafe" not in policy
    inline = re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", page.text, re.DOTALL)
    assert inline == [STYLE, THEME]
    for text in inline:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy
    assert "</style" not in STYLE and "</script" not in THEME
