"""A profile as one picture: a panel for each column, three in a row. Numbers and dates as
histograms, the rest as bars.

Drawn with Pillow and its own font, so nothing of the machine is in it; the same Pillow gives the
same bytes.
"""
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont
from report import number
from stats import Column, share

PANEL_WIDTH, PANEL_HEIGHT, IN_A_ROW = 460, 300, 3
MARGIN, TITLE_HEIGHT = 24, 64
MOST_PANELS, BARS = 12, 6
INK, FAINT, LINE, BLUE, GREEN = "#1f2933", "#616e7c", "#cbd2d9", "#2f6f9f", "#3f8f6b"


def draw(title: str, rows: int, columns: Sequence[Column]) -> Image.Image:
    """The chart. Columns after the first MOST_PANELS are named as left out."""
    shown = columns[:MOST_PANELS]
    lines = (len(shown) + IN_A_ROW - 1) // IN_A_ROW
    size = (2 * MARGIN + min(len(shown), IN_A_ROW) * PANEL_WIDTH,
            2 * MARGIN + TITLE_HEIGHT + lines * PANEL_HEIGHT)
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    left_out = (
        f"; {len(columns) - len(shown)} more columns are not drawn"
        if len(columns) > len(shown)
        else ""
    )
    pen.text((MARGIN, MARGIN), fitted(pen, title, 26, size[0] - 2 * MARGIN), INK, font(26))
    pen.text(
        (MARGIN, MARGIN + 34), f"{rows:,} rows, {len(columns)} columns{left_out}", FAINT, font(15)
    )
    for index, column in enumerate(shown):
        down, across = divmod(index, IN_A_ROW)
        _panel(
            pen, MARGIN + across * PANEL_WIDTH, MARGIN + TITLE_HEIGHT + down * PANEL_HEIGHT, column
        )
    return picture


@lru_cache
def font(size: int) -> ImageFont.ImageFont:
    return ImageFont.load_default(size)


def fitted(pen: ImageDraw.ImageDraw, text: str, size: int, width: float) -> str:
    """Text in one line that is not wider than `width` pixels."""
    line = " ".join(text.split())[:200]
    if pen.textlength(line, font(size)) <= width:
        return line
    while line and pen.textlength(line + "...", font(size)) > width:
        line = line[:-1]
    return line + "..."


def _panel(pen: ImageDraw.ImageDraw, x: int, y: int, column: Column) -> None:
    width = PANEL_WIDTH - MARGIN
    pen.text((x, y + 12), fitted(pen, column.name, 18, width), INK, font(18))
    missing = f", {column.missing:,} missing" if column.missing else ""
    pen.text((x, y + 36), f"{column.type}, {column.distinct:,} distinct{missing}", FAINT, font(13))
    box = (x, y + 62, x + width, y + PANEL_HEIGHT - 34)
    if column.bins:
        _histogram(pen, box, column)
    elif column.top:
        _bars(pen, box, column)
    else:
        pen.text((x, y + 120), "no values", FAINT, font(15))


def _histogram(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], column: Column) -> None:
    left, top, right, bottom = box
    low, high, counts = column.bins.low, column.bins.high, column.bins.counts
    most = max(counts)
    top += 16  # room for the label of the highest bar
    for index, count in enumerate(counts):
        x0, x1 = (left + (right - left) * edge // len(counts) for edge in (index, index + 1))
        if count:
            pen.rectangle(
                (
                    x0,
                    min(round(bottom - (bottom - top) * count / most), bottom - 1),
                    x1 - 2,
                    bottom,
                ),
                BLUE,
            )
    pen.line((left, bottom, right, bottom), LINE, 1)
    peak = counts.index(most)
    centre = left + (right - left) * (peak + 0.5) / len(counts)
    _label(pen, centre, top - 17, f"{most:,} rows", left, right)
    dated = column.type == "date"
    ends = [date.fromordinal(int(end)).isoformat() if dated else number(end) for end in (low, high)]
    pen.text((left, bottom + 6), ends[0], FAINT, font(13))
    if low != high:
        pen.text((right, bottom + 6), ends[1], FAINT, font(13), anchor="ra")
    if not dated and low < high:
        median = column.summary["median"]
        _mark(pen, box, float(share(median, low, high)), number(median))


def _mark(
    pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], share: float, text: str
) -> None:
    """Where the median is: a tick on the axis, and its value below it."""
    left, _, right, bottom = box
    x = left + (right - left) * share
    pen.line((x, bottom - 6, x, bottom + 5), INK, 2)
    label = f"median {text}"
    half = pen.textlength(label, font(13)) / 2
    pen.text(
        (min(max(x, left + 70 + half), right - 70 - half), bottom + 6),
        label,
        INK,
        font(13),
        anchor="ma",
    )


def _label(
    pen: ImageDraw.ImageDraw, centre: float, y: float, text: str, left: int, right: int
) -> None:
    half = pen.textlength(text, font(13)) / 2
    pen.text((min(max(centre, left + half), right - half), y), text, INK, font(13), anchor="ma")


def _bars(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], column: Column) -> None:
    """The most frequent values, the longest bar for the first, and how many rows have none of
    them."""
    left, top, right, bottom = box
    shown = column.top[:BARS]
    start, end = left + 130, right - 64
    height = (bottom - top) / (BARS + 1)
    for index, (value, count) in enumerate(shown):
        y = top + index * height
        length = (end - start) * count / shown[0][1]
        pen.text(
            (start - 8, y + height / 2), fitted(pen, value, 14, 118), INK, font(14), anchor="rm"
        )
        pen.rectangle(
            (start, round(y + 5), max(round(start + length), start + 1), round(y + height - 5)),
            GREEN,
        )
        pen.text((start + length + 6, y + height / 2), f"{count:,}", INK, font(13), anchor="lm")
    rest = column.count - sum(count for _, count in shown)
    if rest:
        pen.text((start, top + len(shown) * height + 4), f"{rest:,} rows have one of "
                 f"{column.distinct - len(shown):,} other values", FAINT, font(13))
