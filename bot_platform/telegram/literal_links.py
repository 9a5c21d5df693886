"""Keeps links that Telegram shows, and writes all others as they stand: `vector<std::string>` is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot_platform.telegram.link_definitions import is_link
from bot_platform.telegram.markdown_events import Found, text_event

LINKS = ("Link", "Image")
WRITTEN_OUT = ("Autolink", "Email")  # `<http://e.x>` shows its address


@dataclass(slots=True)
class _Open:
    """A link whose end has not come yet."""

    start: Found
    last: int  # where what it contains ends, so far
    has_text: bool = False

    @property
    def address(self) -> str:
        return str(self.start.holds["Start"][self.start.opens]["dest_url"])

    @property
    def is_written_out(self) -> bool:
        return self.start.holds["Start"][self.start.opens]["link_type"] in WRITTEN_OUT


def literal_links(found: Sequence[Found], source: bytes) -> Iterator[Found]:
    """Yield the events with links that Telegram accepts; the address of one in a table is written out."""
    links: list[_Open] = []
    in_cell = False
    for one in found:
        in_cell = (in_cell or one.opens == "TableCell") and one.closes != "TableCell"
        if one.opens in LINKS:
            links.append(_Open(one, one.start))
            yield from _begin(links[-1], in_cell=in_cell)
        elif one.closes in LINKS:
            link = links.pop()
            yield from _finish(link, one, source, in_cell=in_cell)
            if links:
                links[-1].last = one.end
                links[-1].has_text = True
        else:
            if links:  # the links around it are told when this one ends
                links[-1].last = one.end
                links[-1].has_text |= bool(str(one.holds.get("Text") or one.holds.get("Code") or "").strip())
            yield one


def _begin(link: _Open, *, in_cell: bool) -> Iterator[Found]:
    if not is_link(link.address):
        sign = {"Link": "[", "Image": "!["}[link.start.opens]
        yield link.start.becomes(text_event("<" if link.is_written_out else sign))
    elif not in_cell:
        yield link.start


def _finish(link: _Open, end: Found, source: bytes, *, in_cell: bool) -> Iterator[Found]:
    if not is_link(link.address):
        start = max(link.last, link.start.start + len("![" if link.start.opens == "Image" else "["))
        yield Found(text_event(source[start : end.end].decode()), start, end.end)
        return
    if not link.has_text:
        yield end.becomes(text_event(link.address))
    elif in_cell and not link.is_written_out:
        yield end.becomes(text_event(f" ({link.address})"))
    if not in_cell:
        yield end
