"""Files from a model: safe paths, checks without running anything, and the ZIP."""

import io
import stat
import tempfile
import unicodedata
import zipfile
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot_platform.work.engine.project_files import (
    MAX_PART_BYTES,
    MAX_PARTS,
    MAX_PATH_BYTES,
    MAX_TEXT_BYTES,
    clashes,
    problems,
    safe_path,
    zipped,
)

HOSTILE = [
    "", " ", ".", "..", "/", "//", "a/", "/a", "a//b", "./a", "a/.", "../a", "a/../b", "a/..", "....//a",
    "/etc/passwd", "C:/a", "C:a", "c:\\a", "\\\\host\\share", "a\\b", "..\\a", "a:b", "a.txt::$DATA",
    "a\0.py", "a\n.py", "a\tb", "a\x7f", "a\x85", "a\u202etxt.py", "a\u200b.py", "a\ufeff",
    "a\ud800", "a\u2028b",
    " a", "a ", "a.", ".a", "a/ b", "a /b", "a./b", "a.\u3000", "\xa0a", ".git/config", ".env", "a/...",
    "con", "CON", "Con.txt", "aux.py", "nul", "NUL .txt", "a/prn", "com1", "COM9.log", "lpt1.a.b",
    "com¹", "conin$",
    "a<b", "a>b", "a|b", "a?b", "a*b", 'a"b', "a`b", "x" * 65, "é" * 33, "a/b/c/d/e/f",
    "/".join(["x" * 40] * 3),
]  # fmt: skip
FINE = [
    "a", "a.py", "src/app/main.py", "a/b/c/d/e", "Makefile", "a b.txt", "данные/файл.txt",
    "x" * 64, "console.py", "com10", "nullable.py", "a..b", "a-b_c+d(e)[f]{g}~", "__init__.py",
    "package.json", "日本.md", "é" * 32,
]  # fmt: skip
names = st.text(st.sampled_from("ab./\\: \0é\u0301~CONcon1") | st.characters(), max_size=30)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused(name: str) -> None:
    assert safe_path(name) is None


@pytest.mark.parametrize("name", FINE)
def test_an_ordinary_name_is_not_changed(name: str) -> None:
    assert safe_path(name) == name


def test_a_name_is_normalised_to_nfc() -> None:
    assert safe_path("e\u0301.py") == "é.py"


@given(names)
def test_a_safe_path_is_relative_within_the_limits_and_safe_again(name: str) -> None:
    path = safe_path(name)
    if path is None:
        return
    assert safe_path(path) == path == unicodedata.normalize("NFC", path)
    assert len(path.encode()) <= MAX_PATH_BYTES
    for flavour in (PurePosixPath(path), PureWindowsPath(path)):
        assert not flavour.is_absolute()
        assert not flavour.drive
        assert flavour.parts == tuple(path.split("/"))
        assert len(flavour.parts) <= MAX_PARTS
        assert all(part not in {".", ".."} and len(part.encode()) <= MAX_PART_BYTES for part in flavour.parts)


@pytest.mark.parametrize(
    ("path", "other", "clash"),
    [
        ("a.py", "a.py", True),
        ("A.py", "a.PY", True),
        ("a", "a/b", True),
        ("A/b", "a", True),
        ("É", "é", True),
        ("a/b", "a/c", False),
        ("ab", "a", False),
    ],
)
def test_paths_that_cannot_be_in_one_folder_clash(path: str, other: str, clash: bool) -> None:
    assert clashes(path, ["z", other]) is clash
    assert not clashes(path, [])


PROJECT = [
    "main.py",
    "app/__init__.py",
    "app/store.py",
    "app/web/__init__.py",
    "app/web/pages.py",
    "src/core/__init__.py",
    "src/core/rules.py",
    "tools/helper.py",
    "json/__init__.py",
    "data/x.json",
]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "main.py",
            "import app, app.store, app.web.pages as p, os.path, requests.adapters\nfrom app import anything",
        ),
        (
            "main.py",
            "from app.web.pages import Page\nfrom app.web import pages\nfrom tools import helper",
        ),
        (
            "main.py",
            "from tools import *\nimport core.rules\nfrom json import loads\nimport json.decoder, data.x",
        ),
        (
            "app/web/pages.py",
            "from . import x\nfrom .. import store\nfrom ..store import y\nfrom .pages import z",
        ),
        ("app/web/pages.py", "import pages.foreign\nimport app.store"),
        ("src/core/rules.py", "from core import rules\nfrom core.rules import a"),
        ("tools/helper.py", "import helper\nfrom .helper import x\nfrom . import helper"),
        ("main.py", "'\\d'  # an invalid escape is only a warning"),
        ("main.py", ""),
    ],
)
def test_python_whose_imports_exist_or_are_foreign_passes(path: str, text: str) -> None:
    assert problems(path, text, PROJECT) == []


@pytest.mark.parametrize(
    ("path", "text", "missing"),
    [
        ("main.py", "import app.gone", "app.gone"),
        ("main.py", "def f():\n  try:\n    from app.gone import x\n  except ImportError: pass", "app.gone"),
        ("main.py", "from app.store.deeper import x", "app.store.deeper"),
        ("main.py", "from tools import gone", "tools.gone"),
        ("main.py", "from core.gone import x", "core.gone"),
        ("app/store.py", "from .gone import x", "gone"),
        ("app/web/pages.py", "from ..gone import x", "gone"),
        ("tools/helper.py", "from . import gone", "gone"),
    ],
)
def test_an_import_that_the_project_lacks_is_a_problem(path: str, text: str, missing: str) -> None:
    assert problems(path, text, PROJECT) == [f"imports `{missing}`, which is not among the files"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("main.py", "from . import app"),
        ("main.py", "from .app import x"),
        ("tools/helper.py", "from .. import x"),
        ("main.py", "from " + "." * 5000 + " import x"),
    ],
)
def test_a_relative_import_out_of_its_package_is_a_problem(path: str, text: str) -> None:
    assert problems(path, text, PROJECT) == ["line 1: a relative import leads out of its package"]


def test_the_top_folder_may_be_a_package() -> None:
    assert problems("main.py", "from . import a\nfrom .b import c", ["__init__.py", "main.py", "b.py"]) == []


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("a.py", "x = (\n", "line 1: '(' was never closed"),
        ("a.py", "\n\ndef f(:\n", "line 3: "),
        ("a.py", "x\0y", "null bytes"),
        ("a.py", "x = '\ud800'", "surrogates"),
        ("a.py", "-" * 60_000 + "1", "nested too deeply"),
        ("a.py", "1" + "+1" * 30_000, "nested too deeply"),
        ("a.py", "9" * 5000, "4300 digits"),
        ("a.json", "{'a': 1}", "property name"),
        ("a.json", "", "Expecting value"),
        ("a.json", "[" * 60_000, "nested too deeply"),
        ("a.toml", "a = ", "Invalid value"),
        ("a.toml", "a=" + "[" * 1500, "nested too deeply"),
    ],
)
def test_a_file_that_does_not_parse_is_a_problem(path: str, text: str, says: str) -> None:
    assert len(found := problems(path, text, [path])) == 1
    assert says in found[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.json", '{"a": [1, "ж"]}'),
        ("a.toml", "[a]\nb = 1"),
        ("a.toml", "a" + ".a" * 30_000 + " = 1"),
        ("a.txt", "x = ("),
        ("Makefile", "\0"),
        ("a.js", "import gone from './gone'"),
    ],
)
def test_other_files_pass(path: str, text: str) -> None:
    assert problems(path, text, [path]) == []


@given(st.sampled_from(["a.py", "b/a.py", "a.json", "a.toml"]), st.text() | st.text("from import.ab\n(*,"))
def test_the_check_of_any_text_ends_with_short_lines(path: str, text: str) -> None:
    assert all(0 < len(line) < 300 for line in problems(path, text, ["a.py", "b/a.py"]))


def unpacked(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        assert packed.testzip() is None
        return {entry.filename: packed.read(entry) for entry in packed.infolist()}


def test_a_zip_holds_every_file_under_its_root() -> None:
    archive = zipped({"b/c.txt": "ж", "a.py": "x = 1\n"}, "notes")
    assert unpacked(archive) == {"notes/a.py": b"x = 1\n", "notes/b/c.txt": "ж".encode()}
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        assert [entry.filename for entry in packed.infolist()] == ["notes/a.py", "notes/b/c.txt"]
        assert all(stat.S_IMODE(entry.external_attr >> 16) == 0o644 for entry in packed.infolist())
        assert all(entry.date_time == (1980, 1, 1, 0, 0, 0) for entry in packed.infolist())
        assert all(entry.compress_type == zipfile.ZIP_DEFLATED for entry in packed.infolist())


@pytest.mark.parametrize("root", ["", "..", "/", "a/b", "C:", "con", "x" * 65, "a\\b", "e\u0301"])
def test_an_unsafe_root_is_replaced_by_project(root: str) -> None:
    assert list(unpacked(zipped({"a": ""}, root))) == ["project/a"]


def test_files_that_cannot_be_packed_are_named() -> None:
    files = {
        "../evil": "",
        "a": "kept",
        "A": "kept too, it is first",
        "a/b": "",
        "left_out.txt": "",
        "x\nLIE": "",
    }
    assert unpacked(zipped(files, "p")) == {
        "p/A": b"kept too, it is first",
        "p/LEFT_OUT.txt": b"'../evil'\n'a'\n'a/b'\n'left_out.txt'\n'x\\nLIE'\n",
    }


def test_text_above_the_limit_is_left_out_and_named() -> None:
    files = {"a.txt": "x" * (MAX_TEXT_BYTES - 10), "b.txt": "ж" * 6, "c.txt": "x" * 10}
    content = unpacked(zipped(files, "p"))
    assert sorted(content) == ["p/LEFT_OUT.txt", "p/a.txt", "p/c.txt"]
    assert content["p/LEFT_OUT.txt"] == b"'b.txt'\n"


@settings(deadline=None)  # it writes files
@given(st.dictionaries(names, st.text(max_size=20), max_size=8), names)
@example({"a": "", "a/b": "", "A": "", "e\u0301": "1", "é": "2", "\ud800": "\ud800"}, "..")
def test_any_names_are_extracted_inside_one_folder_and_make_the_same_bytes(
    files: dict[str, str], root: str
) -> None:
    archive = zipped(files, root)
    assert archive == zipped(dict(reversed(files.items())), root)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(io.BytesIO(archive)) as packed:
        wanted = {Path(folder).resolve() / name for name in packed.namelist()}
        packed.extractall(folder)
        found = {path.resolve() for path in Path(folder).rglob("*") if path.is_file()}
        assert found == wanted
        assert len(list(Path(folder).iterdir())) == (1 if files else 0)
