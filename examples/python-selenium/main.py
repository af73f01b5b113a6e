"""A program of Selenium drives a browser of the service."""

import json
import os
import sys
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

from selenium import webdriver
from selenium.webdriver.common.by import By

RUNTIMES = os.environ["BCTRL_URL"] + "/v1/workspaces/default/runtimes"


def post(url, body=None):
    """Sends JSON with the key. Exits with what the service says if it refuses."""
    headers = {
        "Authorization": "Bearer " + os.environ["BCTRL_API_KEY"],
        "Content-Type": "application/json",
    }
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(url, data, headers, method="POST")) as answer:
            return json.load(answer)
    except HTTPError as error:
        problem = json.load(error)
        sys.exit(f"{problem['code']}: {problem['error']}")


@contextmanager
def browser():
    """A browser of the service, which ends with the block."""
    runtime = post(RUNTIMES, {"alias": f"python-{uuid4().hex[:8]}", "kind": "browser"})
    try:
        driver = webdriver.Remote(
            command_executor=runtime["connection"]["webdriverUrl"],
            options=webdriver.ChromeOptions(),
        )
        try:
            yield driver
        finally:
            driver.quit()
    finally:
        post(f"{RUNTIMES}/{runtime['alias']}/stop")


address = sys.argv[1] if len(sys.argv) > 1 else "https://example.com"
with browser() as driver:
    driver.get(address)
    print(driver.title)
    print(driver.find_element(By.TAG_NAME, "h1").text)
