"""A browser for the tests of pages: Chromium without a window, a network or anything of a user's."""

import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest
from waiting import PATIENCE, until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
NODE_MODULES = Path(os.environ.get("NODE_MODULES", "node_modules"))
"""What was installed by npm."""
AXE = NODE_MODULES / "axe-core" / "axe.min.js"
needs_axe = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not in the folder NODE_MODULES")
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
    "--force-prefers-reduced-motion",  # nothing moves on after what is done, and away from where the next click goes
]


@contextlib.contextmanager
def browser(profile, *flags):
    """The driver of a browser, whose profile is in that new folder. Skips the test where there is none."""
    if not CHROMIUM or not DRIVER:
        pytest.skip("no browser: chromium and chromedriver are not installed")
    webdriver = pytest.importorskip("selenium.webdriver", reason="no driver of the browser: selenium is not installed")
    os.environ.update(SE_AVOID_STATS="true", SE_OFFLINE="true")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS, *flags, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    be_patient(driver, PATIENCE)
    try:
        driver.get("about:blank")
        driver.get_log("performance")
        yield driver
    finally:
        driver.quit()


def be_patient(driver, seconds):
    """Gives every script so many seconds."""
    driver.set_script_timeout(seconds)
    driver.command_executor.client_config.timeout = seconds + 60


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """One browser for all tests of a file."""
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def asked_of_a_network(driver):
    """The addresses outside of the machine that were asked for since this was last called."""
    return [url[:80] for url in _asked_for(driver) if not url.startswith(("file:", "data:", "about:"))]


def quiet(driver):
    """Nothing was asked of a network, and nothing was complained of, since this was last asked. How much was asked for at all."""
    urls = _asked_for(driver)
    assert [url[:80] for url in urls if not url.startswith(("file:", "data:", "about:"))] == []
    log = driver.get_log("browser")
    assert log == [], log
    return len(urls)


def _asked_for(driver):
    urls = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
            urls.append(message["params"].get("request", message["params"])["url"])
    return urls


def violations(driver):
    """What axe finds in the page that hinders someone, and where."""
    driver.execute_script(AXE.read_text(encoding="utf-8"))
    found = driver.execute_async_script("axe.run(document).then(arguments[0])")
    return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]


@contextlib.contextmanager
def window(driver, width, height=768, scale=1):
    """The page in a window of so many pixels of CSS, each `scale` of the screen: of a phone, or where the page is enlarged."""
    before = _size(driver)
    size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        until(lambda: _size(driver) == [width, height])
        drawn(driver)
        yield
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    until(lambda: _size(driver) == before)
    drawn(driver)


def _size(driver):
    return driver.execute_script("return [innerWidth, innerHeight]")


def drawn(driver):
    """Waits until the page has been told of what was scrolled and of sizes that changed: before a browser draws, it tells."""
    driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(arguments[0])))")


def address_of(driver):
    """The address of the page, as that knows it: the driver hears of a change a little later."""
    return driver.execute_script("return location.href")


def fits(driver):
    """Whether nothing in the page is wider than its window."""
    return driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")


@contextlib.contextmanager
def preferring(driver, name, value):
    """The page as one sees it who prefers something: "color-scheme", "dark"."""
    command = "Emulation.setEmulatedMedia"
    driver.execute_cdp_cmd(command, {"features": [{"name": f"prefers-{name}", "value": value}]})
    try:
        yield
    finally:
        driver.execute_cdp_cmd(command, {"features": []})


def colours(driver, scheme):
    """The page as one who wants it "light" or "dark" sees it."""
    return preferring(driver, "color-scheme", scheme)


def motion(driver):
    """The page as one who has nothing against what moves sees it."""
    return preferring(driver, "reduced-motion", "no-preference")
