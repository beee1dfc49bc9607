"""A headless Chromium for tests of pages, opened from disk; skips with the line that installs it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

INSTALL = "apt-get install chromium chromium-driver && pip install selenium"
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
)
#: What a page's own policy refused, and what went wrong in it; and short names for tests to look at it.
_SPIED = """
window.spied = {blocked: [], faults: []};
window.one = (selector) => document.querySelector(selector);
window.all = (selector) => [...document.querySelectorAll(selector)];
window.textOf = (selector) => one(selector)?.textContent;
window.setTo = (input, value) => { input.value = value; input.dispatchEvent(new Event("input")); };
addEventListener("securitypolicyviolation",
  (event) => spied.blocked.push(event.blockedURI + " " + event.violatedDirective));
addEventListener("error", (event) => spied.faults.push(String(event.message || event.target?.src)), true);
addEventListener("unhandledrejection", (event) => spied.faults.push(String(event.reason)));
"""


@contextmanager
def chromium(profile: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> Iterator[Any]:
    """A browser with a new profile; what it may not do without a network, it does not try."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (browser and driver):
        pytest.skip(f"needs a browser: {INSTALL}")
    selenium = pytest.importorskip("selenium.webdriver", reason=f"needs selenium: {INSTALL}")
    options = selenium.ChromeOptions()
    options.binary_location = browser
    for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    if dark:
        options.add_argument("--force-dark-mode")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    page = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    page.set_script_timeout(60)
    page.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _SPIED})
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    try:
        yield page
    finally:
        page.quit()


def open_page(page: Any, index: Path, address: str = "") -> None:
    """Open a report from disk and wait until it shows."""
    from selenium.webdriver.support.ui import WebDriverWait

    page.get("about:blank")
    page.get(f"{index.resolve().as_uri()}{address}")
    WebDriverWait(page, 30).until(lambda found: found.execute_script("return document.documentElement.dataset.ready"))


def until(page: Any, script: str, seconds: float = 20) -> Any:
    """Wait for a script to give something true."""
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(page, seconds, poll_frequency=0.05).until(
        lambda found: found.execute_script(f"return {script}")
    )


def complaints(page: Any) -> list[str]:
    """Everything a page did that it should not: faults, refusals of its policy, requests that are not for files.

    That reading a canvas is slow, a warning, concerns only the tests.
    """
    import json

    spied = page.execute_script("return window.spied")
    logged = [
        entry["message"]
        for entry in page.get_log("browser")
        if entry["level"] in ("SEVERE", "WARNING") and "willReadFrequently" not in entry["message"]
    ]
    messages = (json.loads(entry["message"])["message"] for entry in page.get_log("performance"))
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return [
        *spied["blocked"],
        *spied["faults"],
        *logged,
        *(url for url in asked if not url.startswith(("file:", "data:", "about:", "chrome:"))),
    ]
