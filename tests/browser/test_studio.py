"""The studio's page in a real browser, on a real Easel with the demo engine."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from tests.support.engines import png
from tests.support.process import Process, started, write_config

expect.set_options(timeout=20_000)

FOX = "a red fox in the snow at dusk"


@dataclass
class Studio:
    """A running Easel and a browser that is let in."""

    process: Process
    browser: Browser
    folder: Path
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    @property
    def root(self) -> str:
        return self.process.address.partition("/?")[0]

    async def page(self, context: BrowserContext | None = None) -> Page:
        """Open the studio in a new tab."""
        page = await (context or self.context).new_page()
        page.on("console", lambda message: self.note(message.type, f"{message.text} {message.location['url']}"))
        page.on("pageerror", lambda error: self.note("error", str(error)))
        await page.goto(self.root)
        await expect(page.locator("#text")).to_be_enabled()
        return page

    async def other(self, **options: Any) -> BrowserContext:
        """Return another kind of browser window that is let in too."""
        return await self.browser.new_context(storage_state=await self.context.storage_state(), **options)

    def note(self, kind: str, text: str) -> None:
        # A server that is stopped on purpose, or slow to come, is no complaint about the page.
        if kind in ("error", "warning") and "net::ERR_" not in text:
            self.complaints.append(text)


@asynccontextmanager
async def opened(
    folder: Path, port: Callable[[], int], chromium: dict[str, Any], *, seconds: float = 0
) -> AsyncIterator[Studio]:
    """Start Easel, and a browser that followed its link. The page must not have complained when the block ends."""
    config = write_config(folder, port, seconds=seconds)
    async with started(config) as process, async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium)
        context = await browser.new_context(viewport={"width": 1000, "height": 800})
        await (await context.new_page()).goto(process.address)
        studio = Studio(process, browser, folder, context)
        yield studio
        await browser.close()
        assert studio.complaints == []


@pytest.fixture
async def studio(tmp_path: Path, free_port: Callable[[], int], chromium: dict[str, Any]) -> AsyncIterator[Studio]:
    async with opened(tmp_path, free_port, chromium) as studio:
        yield studio


@pytest.fixture
async def slow_studio(tmp_path: Path, free_port: Callable[[], int], chromium: dict[str, Any]) -> AsyncIterator[Studio]:
    async with opened(tmp_path, free_port, chromium, seconds=300) as studio:
        yield studio


async def say(page: Page, text: str) -> None:
    await page.fill("#text", text)
    await page.press("#text", "Enter")


def results(page: Page) -> Locator:
    """The messages that show a finished picture."""
    return page.locator("#messages > .easel:has(.tile)")


async def pixels(picture: Locator) -> list[int]:
    """Return a few pixels of a picture as the browser shows it."""
    await expect(picture).to_have_class(re.compile("loaded"))
    found: list[int] = await picture.evaluate(
        """(img) => {
            const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
            const context = canvas.getContext("2d");
            context.drawImage(img, 0, 0, 8, 8);
            return Array.from(context.getImageData(0, 0, 8, 8).data);
        }"""
    )
    return found


async def test_draw_edit_reload(studio: Studio) -> None:
    page = await studio.page()
    await say(page, f"{FOX} --size 256x256")
    await expect(page.locator("#messages > .mine")).to_have_text(re.compile(FOX))
    fox = results(page).nth(0).locator(".tile .loaded")
    await expect(fox).to_have_attribute("alt", FOX)
    before = await pixels(fox)

    await results(page).nth(0).get_by_role("button", name="Edit").click()
    await expect(page.locator("#target")).to_be_visible()
    await say(page, "make it night")
    await expect(page.locator("#target")).to_be_hidden()
    night = results(page).nth(1).locator(".tile .loaded")
    after = await pixels(night)
    assert sum(after) < sum(before)
    await expect(page.locator("#messages > .mine").nth(1).locator(".quote img")).to_be_visible()

    undo = results(page).nth(1).get_by_role("button", name="Undo")
    await undo.press("Enter")
    assert await pixels(results(page).nth(2).locator(".tile .loaded")) == before
    await expect(undo).to_be_focused()

    texts = await page.locator("#messages .words").all_text_contents()
    await page.reload()
    await expect(results(page)).to_have_count(3)
    assert await page.locator("#messages .words").all_text_contents() == texts
    assert await pixels(results(page).nth(1).locator(".tile .loaded")) == after


async def test_progress_and_cancel_in_every_tab(slow_studio: Studio) -> None:
    one, two = await slow_studio.page(), await slow_studio.page()
    await say(one, FOX)
    for page in (one, two):
        await expect(page.locator(".job .preview")).to_be_visible()
        await expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile(r"\d+"))
    await one.reload()
    await expect(one.locator(".job .preview")).to_be_visible()
    await two.locator(".job").get_by_role("button", name="Cancel").press("Enter")
    for page in (one, two):
        await expect(page.locator("#messages > .easel .words")).to_have_text("Cancelled.")
        await expect(page.locator(".job")).to_have_count(0)
    await expect(two.locator("#text")).to_be_focused()


async def test_the_page_comes_back_after_a_restart(studio: Studio) -> None:
    page = await studio.page()
    await say(page, "hello")
    await expect(page.locator("#messages > .easel")).to_have_count(1)
    assert await studio.process.stop() == 0
    await expect(page.locator("#link")).to_have_text("Easel can't be reached. Trying again…")
    await say(page, f"{FOX} --size 64x64")  # said while nobody listens
    await expect(page.locator("#drafts .failed")).to_contain_text("Not sent.")
    async with started(studio.folder / "config.toml"):
        await expect(page.locator("#link")).to_have_text("Connected again.")
        await page.locator("#drafts").get_by_role("button", name="Try again").click()
        await expect(results(page)).to_have_count(1)
        await expect(page.locator("#messages > .mine")).to_have_count(2)
        await expect(page.locator("#drafts > li")).to_have_count(0)


async def test_pictures_are_given_by_choosing_pasting_and_dropping(studio: Studio, tmp_path: Path) -> None:
    file = tmp_path / "red.png"
    file.write_bytes(png(64, 64, (200, 30, 30)))
    page = await studio.page()
    await page.locator("#pictures").set_input_files(file)
    await expect(page.locator("#files img")).to_have_count(1)
    for event in ("paste", "drop"):
        await page.evaluate(
            """([event, bytes]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], `${event}.png`, { type: "image/png" }));
                const carried = event === "paste" ? { clipboardData: data } : { dataTransfer: data };
                const Kind = event === "paste" ? ClipboardEvent : DragEvent;
                document.body.dispatchEvent(new Kind(event, { ...carried, bubbles: true, cancelable: true }));
            }""",
            [event, list(png(32, 32))],
        )
    await expect(page.locator("#files img")).to_have_count(3)
    for name in ("Remove paste.png", "Remove drop.png"):
        await page.get_by_role("button", name=name).click()
    await say(page, "make it night")
    await expect(page.locator("#messages > .mine .tile .loaded")).to_have_count(1)
    changed = results(page).nth(0).locator(".tile .loaded")
    assert await pixels(changed) != await pixels(page.locator("#messages > .mine .tile .loaded"))
    await expect(page.locator("#files")).to_be_hidden()
    await page.set_viewport_size({"width": 1000, "height": 500})  # too low for all of it: the newest stays in sight
    await page.locator("#pictures").set_input_files(file)
    await say(page, "make it night")
    await expect(results(page).nth(1).locator(".tile .loaded")).to_be_in_viewport(ratio=0.9)
    await expect(page.locator("#arrival")).to_be_hidden()


async def test_words_are_never_markup(studio: Studio) -> None:
    page = await studio.page()
    nasty = '<img src=x onerror="document.title=1"> <script>document.title=2</script> --size 64x64'
    await say(page, nasty)
    await expect(page.locator("#messages > .mine .words")).to_have_text(nasty)
    await expect(results(page)).to_have_count(1)
    await expect(page).to_have_title("Easel")


async def test_the_keyboard_is_enough(studio: Studio) -> None:
    page = await studio.page()
    keyboard = page.keyboard
    await expect(page.locator("#text")).to_be_focused()
    await keyboard.type("/im")
    await expect(page.locator("#suggestions li")).to_have_count(1)
    await keyboard.press("Enter")
    await expect(page.locator("#text")).to_have_value("/imagine ")
    await keyboard.type("a lighthouse --size 64x64")
    await keyboard.press("Shift+Enter")
    await keyboard.type("by night")
    await keyboard.press("Enter")
    await expect(results(page)).to_have_count(1)
    await keyboard.press("ArrowUp")
    await expect(page.locator("#text")).to_have_value("/imagine a lighthouse --size 64x64\nby night")
    await keyboard.press("ArrowDown")
    await expect(page.locator("#text")).to_have_value("")

    await results(page).get_by_role("button", name="View picture").focus()
    await keyboard.press("Enter")
    await expect(page.locator("#viewer")).to_be_visible()
    await keyboard.press("Escape")
    await expect(page.locator("#viewer")).to_be_hidden()
    await results(page).get_by_role("button", name="Details").press("Enter")
    await expect(page.locator("#facts p")).to_contain_text("a lighthouse")
    await keyboard.press("Escape")
    await results(page).get_by_role("button", name="Edit").press("Enter")
    await expect(page.locator("#target")).to_be_visible()
    await expect(page.locator("#text")).to_be_focused()
    await keyboard.press("Escape")
    await expect(page.locator("#target")).to_be_hidden()
    await results(page).get_by_role("button", name="Delete").press("Enter")
    await expect(page.get_by_role("button", name="Keep")).to_be_focused()
    await keyboard.press("Escape")
    await results(page).get_by_role("button", name="Delete").press("Enter")
    await keyboard.press("Shift+Tab")
    await keyboard.press("Enter")
    await expect(results(page)).to_have_count(0)


async def test_a_telephone_in_chinese(studio: Studio) -> None:
    phone = await studio.other(
        viewport={"width": 360, "height": 640}, is_mobile=True, has_touch=True, locale="zh-TW", color_scheme="dark"
    )
    page = await studio.page(phone)
    await expect(page.locator("html")).to_have_attribute("lang", "zh-TW")
    example = page.locator("#examples button").first
    await expect(example).to_have_text(re.compile("[一-鿿]"))
    await page.locator("#count").select_option("4")
    await say(page, "雪地裡的紅狐狸 --size 64x64")
    await expect(results(page).locator(".tile .loaded")).to_have_count(4)
    await results(page).locator(".actions .edit").click()
    await expect(page.locator("#target .choice")).to_have_count(4)
    for selector in ("html", "#scroller", ".composer"):
        assert await page.locator(selector).evaluate("(node) => node.scrollWidth - node.clientWidth") <= 0
    english = await page.locator("body").evaluate(
        """(body) => Array.from(body.querySelectorAll("[aria-label], [title], [placeholder], button, p, h2"))
            .flatMap((node) => [node.ariaLabel, node.title, node.placeholder, node.matches(":empty") || node.innerText])
            .filter((text) => /[a-z]{3,}/i.test(String(text ?? "").replace(/true|Easel|--\\w+/g, "")))"""
    )
    assert english == []


async def test_who_reads_older_messages_is_left_alone(studio: Studio) -> None:
    page = await studio.page()
    for number in range(24):
        await say(page, f"a fox --wrong{number}")  # answered with a refusal, at once
        await expect(page.locator("#messages > li:not(.day)")).to_have_count(2 * number + 2)
    await page.reload()
    await expect(page.get_by_text("--wrong23").first).to_be_in_viewport()
    await page.locator("#scroller").evaluate("(node) => node.scrollTo(0, 0)")
    await expect(page.locator("#messages > li:not(.day)")).to_have_count(48)
    await page.locator("#scroller").evaluate("(node) => node.scrollTo(0, 0)")
    first = page.locator("#messages > .mine").first
    await expect(first).to_be_in_viewport()
    other = await studio.page()
    await say(other, f"{FOX} --size 64x64")
    chip = page.get_by_role("button", name="New picture")
    await expect(chip).to_be_visible()
    await expect(first).to_be_in_viewport()
    await chip.click()
    await expect(results(page).locator(".tile")).to_be_in_viewport()
    await expect(chip).to_be_hidden()
