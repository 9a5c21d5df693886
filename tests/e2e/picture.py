"""Takes the README's picture of the demo, work that waited for its credits: `python -m tests.e2e.picture`."""

import struct
import tempfile
import zlib
from base64 import b64decode, b64encode
from collections import Counter
from pathlib import Path

from tests.e2e.browser import WIDE, Browser, chromium
from tests.e2e.chat import Chat
from tests.e2e.running_demo import running_demo
from tests.e2e.test_work_in_the_demo import SMALL, pay, reads

PICTURE = Path(__file__).parents[2] / "docs" / "demo.png"
LARGEST = 250_000  # bytes: a README is read on slow lines too
COLOURS = 256  # what a byte can name: a third of the bytes of full colour, and hardly seen
NEAR = 4  # shades this close count as one
_PIXELS = """
const [encoded, done] = arguments;
const image = new Image();
image.onload = () => {
  const {width, height} = image;
  const paper = Object.assign(document.createElement('canvas'), {width, height}).getContext('2d');
  paper.drawImage(image, 0, 0);
  const reader = new FileReader();
  reader.onload = () => done([width, height, reader.result.split(',')[1]]);
  reader.readAsDataURL(new Blob([paper.getImageData(0, 0, width, height).data]));
};
image.src = `data:image/png;base64,${encoded}`;
"""

Colour = tuple[int, int, int]


def take(folder: Path) -> None:
    """Ask with nothing, pay, and keep what the buyer sees then; the fonts are this machine's."""
    with running_demo(folder) as demo, chromium(folder / "profile", folder) as browser:
        browser.size(*WIDE)
        chat = Chat(browser, demo.url)
        chat.open()
        chat.begin()
        offer = chat.say("/ask Why is the sky blue?", "are missing")
        pay(chat, offer, SMALL)
        reads(chat, offer, "✅ 2.82 credits.")
        chat.said("✅ Paid")
        browser.still(f"#{chat.said('Payment received').id}")
        browser.script("document.activeElement.blur()")
        taken = _small(browser, browser.picture("demo"))
    assert len(taken) < LARGEST, f"{len(taken)} bytes are too many"
    PICTURE.write_bytes(taken)
    print(f"{PICTURE}: {len(taken)} bytes")  # noqa: T201 -- a command prints its answer


def _small(browser: Browser, picture: Path) -> bytes:
    """Write a screenshot again with a palette."""
    browser.open("about:blank")
    browser.driver.set_script_timeout(60)
    encoded = b64encode(picture.read_bytes()).decode()
    width, height, pixels = browser.driver.execute_async_script(_PIXELS, encoded)
    raw = b64decode(pixels)
    colours: list[Colour] = list(zip(raw[0::4], raw[1::4], raw[2::4], strict=True))
    groups: dict[Colour, Counter[Colour]] = {}
    for colour, count in Counter(colours).items():
        groups.setdefault(_group(colour), Counter())[colour] += count
    palette, place = _palette({group: (c.most_common(1)[0][0], c.total()) for group, c in groups.items()})
    named = bytes(place[_group(colour)] for colour in colours)
    rows = b"".join(b"\0" + named[row * width : (row + 1) * width] for row in range(height))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(shade for colour in palette for shade in colour)),
            _chunk(b"IDAT", zlib.compress(rows, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _group(colour: Colour) -> Colour:
    red, green, blue = colour
    return red // NEAR, green // NEAR, blue // NEAR


def _palette(groups: dict[Colour, tuple[Colour, int]]) -> tuple[list[Colour], dict[Colour, int]]:
    """Choose colours, each time the one that is most missed; says which stands for which group."""
    palette: list[Colour] = []
    place = dict.fromkeys(groups, 0)
    far = dict.fromkeys(groups, 3 * 256**2)
    while len(palette) < min(COLOURS, len(groups)):
        missed = max(groups, key=lambda group: far[group] * groups[group][1])
        palette.append(groups[missed][0])
        for group, (colour, _) in groups.items():
            distance = sum((a - b) ** 2 for a, b in zip(colour, palette[-1], strict=True))
            if distance < far[group]:
                far[group], place[group] = distance, len(palette) - 1
    return palette, place


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        take(Path(folder))
