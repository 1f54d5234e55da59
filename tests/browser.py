"""A browser for tests: Chromium without a window, with nothing of any user's in it."""

import json
import os
import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
if not CHROMIUM or not DRIVER:
    pytest.skip("no browser: chromium and chromedriver are not installed", allow_module_level=True)
selenium = pytest.importorskip("selenium", reason="no driver of the browser: selenium is not installed")

from selenium import webdriver  # noqa: E402

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1366,768",
]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """One browser for all tests, with nothing of any user's in it."""
    os.environ.update(SE_AVOID_STATS="true", SE_OFFLINE="true")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    driver.get("about:blank")
    driver.get_log("performance")
    yield driver
    driver.quit()


def quiet(driver):
    """Nothing was asked of a network, and nothing was complained of, since this was last asked."""
    urls = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
            urls.append(message["params"].get("request", message["params"])["url"])
    assert [url[:80] for url in urls if not url.startswith(("file:", "data:", "about:"))] == []
    assert driver.get_log("browser") == []
    return len(urls)
