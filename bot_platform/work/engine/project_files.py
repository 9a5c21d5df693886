"""Files written by a model: safe paths, checks without running anything, and a ZIP."""

import ast
import io
import json
import re
import sys
import threading
import tomllib
import unicodedata
import warnings
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping

MAX_PATH_BYTES, MAX_PART_BYTES, MAX_PARTS = 120, 64, 5  # of a path in UTF-8
MAX_TEXT_BYTES = 1024 * 1024  # of all files of a ZIP together
LEFT_OUT = "LEFT_OUT.txt"
MAX_LINE_CHARS = 2000  # of TOML: tomllib needs seconds for one key with thousands of dots
# Names of devices on Windows, whatever follows the first dot.
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)
ONE_AT_A_TIME = (
    threading.Lock()
)  # the filters of warnings are those of the process, and files are checked in threads
FORBIDDEN = set('<>:"|?*\\`')  # not allowed in Windows names, except the last, which ends code in Markdown

Parts = tuple[str, ...]


def safe_path(name: str) -> str | None:
    """Return a relative path in NFC if it is safe to extract on any system, else None."""
    path = unicodedata.normalize("NFC", name)
    parts = path.split("/")
    if len(parts) > MAX_PARTS or _bytes(path) > MAX_PATH_BYTES or not all(map(_safe_part, parts)):
        return None
    return path


def _safe_part(part: str) -> bool:
    if not part or part != part.strip().strip(".") or _bytes(part) > MAX_PART_BYTES:
        return False
    if FORBIDDEN & set(part) or RESERVED.fullmatch(part):
        return False
    return all(char == " " or char.isprintable() for char in part)  # no controls, surrogates or bidi marks


def clashes(path: str, others: Iterable[str]) -> bool:
    """Whether a path equals another one apart from case, or needs a folder where the other has a file."""
    path = _folded(path)
    folded = [_folded(other) for other in others]
    return any(
        path == other or path.startswith(other + "/") or other.startswith(path + "/") for other in folded
    )


def problems(path: str, text: str, all_paths: Collection[str]) -> list[str]:
    """Check a text by the extension of its path, without running it; return a line for each problem.

    It may take a second: call it in a thread.

    Python must parse, and its imports from its own project must be among `all_paths`. JSON and TOML must
    parse. Other files pass.
    """
    try:
        if path.endswith(".py"):
            return list(dict.fromkeys(_missing_imports(path, _tree(text), all_paths)))
        if path.endswith(".json"):
            json.loads(text)
        if path.endswith(".toml") and max(map(len, text.split("\n"))) <= MAX_LINE_CHARS:
            tomllib.loads(text)
    except SyntaxError as error:
        return [f"line {error.lineno or 1}: {error.msg}"]
    except ValueError as error:
        return [str(error)]
    except (RecursionError, MemoryError):
        return ["nested too deeply to be checked"]
    return []


def _tree(text: str) -> ast.Module:
    with ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in a user's file is nothing to warn us about
        return ast.parse(text)


def _missing_imports(path: str, tree: ast.Module, all_paths: Collection[str]) -> Iterator[str]:
    modules = _Modules(all_paths)
    folder = tuple(path.split("/")[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from modules.missing(folder, alias.name, [])
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            if not node.level:
                yield from modules.missing(folder, node.module or "", names)
            elif modules.outside(folder, node.level):
                yield f"line {node.lineno}: a relative import leads out of its package"
            else:
                base = folder[: len(folder) - node.level + 1]
                yield from modules.missing_in([base], node.module or "", names)


class _Modules:
    """The modules of a project, each as the tuple of the parts of its name."""

    def __init__(self, all_paths: Collection[str]) -> None:
        files = [tuple(path.removesuffix(".py").split("/")) for path in all_paths if path.endswith(".py")]
        self.packages = {file[:-1] for file in files if file[-1] == "__init__"}
        self.modules = self.packages | set(files)
        self.folders = {file[:n] for file in files for n in range(len(file))}

    def outside(self, folder: Parts, level: int) -> bool:
        """Whether `level` dots lead out of the package; the top folder may be a package too."""
        return level > len(folder) + (() in self.packages)

    def missing(self, folder: Parts, name: str, names: Collection[str]) -> Iterator[str]:
        """Yield what an absolute import in `folder` does not find; foreign modules are not checked."""
        top = name.split(".", maxsplit=1)[0]
        above = [folder[:n] for n in range(len(folder) + 1)]
        # Python's search path has no packages: the top folder, `src`, the folder of a script.
        roots = [root for root in [*above, ("src",)] if root not in self.packages]
        local = [root for root in roots if (*root, top) in self.modules | self.folders]
        if local and top not in sys.stdlib_module_names:
            yield from self.missing_in(local, name, names)

    def missing_in(self, roots: Collection[Parts], name: str, names: Collection[str]) -> Iterator[str]:
        """Yield what none of the folders has; a module may define any name, a plain folder defines none."""
        targets = [root + tuple(filter(None, name.split("."))) for root in roots]
        if any(target in self.modules for target in targets):
            return
        if not any(target in self.folders for target in targets):
            yield f"imports `{name[:MAX_PART_BYTES] or '.'}`, which is not among the files"
            return
        for imported in names:
            dotted = f"{name}.{imported}".lstrip(".")
            if imported != "*" and not any((*t, imported) in self.modules | self.folders for t in targets):
                yield f"imports `{dotted[:MAX_PART_BYTES]}`, which is not among the files"


def zipped(files: Mapping[str, str], root: str) -> bytes:
    """Return a ZIP with the files in one folder; the same files make the same bytes.

    Files without a safe path, and files beyond MAX_TEXT_BYTES, are left out and named in LEFT_OUT.txt. It may
    take half a second: call it in a thread.
    """
    folder = root if safe_path(root) == root and "/" not in root else "project"
    taken: dict[str, bytes] = {}
    left_out: list[str] = []
    for name in sorted(files):
        path, content = safe_path(name), files[name].encode(errors="replace")
        if path is None or clashes(path, [LEFT_OUT, *taken]) or _total(taken) + len(content) > MAX_TEXT_BYTES:
            left_out.append(ascii(name)[: 2 * MAX_PATH_BYTES])
        else:
            taken[path] = content
    if left_out:
        taken[LEFT_OUT] = "".join(f"{name}\n" for name in left_out).encode()
    return _archive({f"{folder}/{path}": content for path, content in taken.items()})


def _archive(entries: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(entries):
            entry = zipfile.ZipInfo(path)  # dated 1980: the same files make the same bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, on any system: only then is the mode below used
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, entries[path])
    return archive.getvalue()


def _total(taken: Mapping[str, bytes]) -> int:
    return sum(map(len, taken.values()))


def _bytes(text: str) -> int:
    return len(text.encode(errors="replace"))


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path.casefold())
