#!/usr/bin/env python3
"""Pages of `tune report` and `tune explain --html` in headless Chromium, opened from disk.

usage: report-test.py PAGE.html... [--pictures FOLDER]
Opens each page at 400 and 1,600 pixels, light and dark, with all details open, and prints it to PDF. Fails if the browser's console
has a message, if anything but the page is requested, or if the page is wider than the window. With --pictures it saves what is
seen, and the PDF's pages (with pdftoppm). Needs Debian's chromium, chromium-driver and python3-selenium (or selenium from PyPI);
without them it says so, and ends with 0.
"""
import argparse
import base64
import importlib.util
import json
import shutil
import subprocess
from pathlib import Path


def browser(width, dark):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files",
                     f"--blink-settings=preferredColorScheme={0 if dark else 1}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # Named, because selenium would look for one in the network.
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    # Also narrower than a window may be.
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", dict(width=width, height=1000, deviceScaleFactor=1, mobile=False))
    return driver


def requests(driver):
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]


def look(driver, page, name, pictures):
    driver.get_log("browser"), driver.get_log("performance")
    driver.get(page.as_uri())
    driver.execute_script("document.querySelectorAll('details').forEach(d => d.open = d.textContent.length < 20000)")
    wide = driver.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
    height = driver.execute_script("return document.documentElement.scrollHeight")
    if pictures:
        clip = dict(x=0, y=0, width=driver.execute_script("return window.innerWidth"), height=min(height, 16000), scale=1)
        shot = driver.execute_cdp_cmd("Page.captureScreenshot", dict(captureBeyondViewport=True, clip=clip))
        (pictures / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))
    messages, asked = [entry["message"] for entry in driver.get_log("browser")], requests(driver)
    assert not messages, (name, messages)
    assert [url for url in asked if url != page.as_uri()] == [], (name, asked)
    assert wide <= 0, f"{name}: {wide} pixels wider than the window"


def to_paper(driver, page, name, pictures):
    driver.get(page.as_uri())
    pdf = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", dict(printBackground=False, preferCSSPageSize=True))["data"])
    assert pdf.startswith(b"%PDF")
    if pictures:
        (pictures / f"{name}.pdf").write_bytes(pdf)
        if shutil.which("pdftoppm"):
            subprocess.run(["pdftoppm", "-png", "-r", "60", pictures / f"{name}.pdf", pictures / name], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    if not shutil.which("chromedriver") or not importlib.util.find_spec("selenium"):
        return print("report-test: skipped, not installed: apt install chromium chromium-driver python3-selenium")
    if missing := [str(page) for page in options.pages if not page.is_file()]:
        parser.error("no such file: " + ", ".join(missing))
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    for width in (400, 1600):
        for dark in (False, True):
            driver = browser(width, dark)
            try:
                for page in options.pages:
                    name = f"{page.stem}-{width}-{'dark' if dark else 'light'}"
                    look(driver, page.resolve(), name, options.pictures)
                    if width == 1600:
                        to_paper(driver, page.resolve(), f"{page.stem}-paper-{'dark' if dark else 'light'}", options.pictures)
            finally:
                driver.quit()
    sizes = ", ".join(f"{page.name} {page.stat().st_size / 1e6:.2f} MB" for page in options.pages)
    print(f"report-test: no message, no request, as wide as the window at 400 and 1,600 pixels, light, dark and printed: {sizes}")


if __name__ == "__main__":
    main()
