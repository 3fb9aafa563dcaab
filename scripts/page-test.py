#!/usr/bin/env python3
"""The page of `tune serve` in headless Chromium, as a person uses it.

usage: page-test.py MODEL NAME=ADAPTER [NAME=ADAPTER] [--text TEXT] [--pictures FOLDER]
Starts the server on a free port, chooses the adapters, writes a text and presses Ctrl+Enter, at 400 and 1,600 pixels, light
and dark. Fails if an adapter has no answer, if the browser's console has a message, or if the page is wider than the window.
With --pictures it saves what is seen. Needs Debian's chromium, chromium-driver and python3-selenium (or selenium from PyPI);
without them it says so, and ends with 0. TUNE in the environment is another binary.
"""
import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

TUNE = os.environ.get("TUNE", str(Path(__file__).resolve().parent.parent / ".build/release/tune"))


def start(model, adapters):
    options = [part for adapter in adapters for part in ("--adapter", adapter)]
    server = subprocess.Popen([TUNE, "serve", model, *options, "--port", "0"], stderr=subprocess.PIPE, text=True)
    log = []
    for line in server.stderr:
        log.append(line)
        if found := re.search(r"127\.0\.0\.1:(\d+)", line):
            return server, int(found[1])
    sys.exit("the server did not start:\n" + "".join(log))


def look(port, names, text, width, dark, pictures):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select, WebDriverWait

    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},1000",
                     f"--blink-settings=preferredColorScheme={0 if dark else 1}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Named, because selenium would look for one in the network.
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        browser.get(f"http://127.0.0.1:{port}/")
        find = lambda name: browser.find_element(By.ID, name)
        wait = WebDriverWait(browser, 20)
        wait.until(lambda _: len(Select(find("first")).options) >= len(names))
        for field, name in zip(("first", "second"), names):
            Select(find(field)).select_by_value(name)
        find("text").send_keys(text)
        find("text").send_keys(Keys.CONTROL, Keys.ENTER)
        wait.until(lambda _: find("status").text.startswith("Answered"))
        cards = [card.text for card in browser.find_elements(By.CLASS_NAME, "card")]
        errors = [error.text for error in browser.find_elements(By.CSS_SELECTOR, ".card .error")]
        messages = [entry["message"] for entry in browser.get_log("browser")]
        wide = browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        if pictures:
            browser.save_screenshot(str(pictures / f"{width}-{'dark' if dark else 'light'}.png"))
        assert len(cards) == len(names) and not errors, (cards, errors)
        assert not messages, messages
        assert wide <= 0, f"{wide} pixels wider than the window of {width}"
    finally:
        browser.quit()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("adapters", nargs="+")
    parser.add_argument("--text", default="The patient with chronic renal failure developed severe nausea .")
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    if not shutil.which("chromedriver") or not importlib.util.find_spec("selenium"):
        return print("page-test: skipped, not installed: apt install chromium chromium-driver python3-selenium")
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    server, port = start(options.model, options.adapters)
    try:
        names = [adapter.split("=")[0] for adapter in options.adapters[:2]]
        for width in (400, 1600):
            for dark in (False, True):
                look(port, names, options.text, width, dark, options.pictures)
        print(f"page-test: {len(names)} adapters answered at 400 and 1,600 pixels, light and dark; no message in the console")
    finally:
        server.terminate()
        server.wait(60)


if __name__ == "__main__":
    main()
