"""What the dashboard must never do, and where its settings stand."""

from __future__ import annotations

import tomllib

from .conftest import ROOT


def test_the_settings_keep_patients_private():
    """This machine only, nothing sent anywhere, no traceback on a page, both themes."""
    path = ROOT / "app" / ".streamlit" / "config.toml"
    config = tomllib.loads(path.read_text(encoding="utf-8"))
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["enableXsrfProtection"]
    assert not config["browser"]["gatherUsageStats"]
    assert config["client"]["showErrorDetails"] == "none"
    assert not config["client"]["showErrorLinks"]
    assert set(config["theme"]["light"]) == set(config["theme"]["dark"])


def test_there_is_no_folder_that_streamlit_would_take_for_pages():
    """A folder app/pages would become pages of its own."""
    assert not (ROOT / "app" / "pages").exists()
