"""What a model's files must pass before somebody gets them: safe paths, checks that run nothing, one ZIP."""

import ast
import io
import json
import re
import sys
import tomllib
import unicodedata
import warnings
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping

LONGEST_PART, DEEPEST, LONGEST_PATH = 64, 5, 120  # UTF-8 bytes, parts, UTF-8 bytes
MOST_BYTES = 1024 * 1024  # of text in one ZIP
LEFT_OUT = "LEFT_OUT.txt"
LONGEST_CHECKED_LINE = 2000  # tomllib needs seconds for one key of thousands of dots
# Windows takes these for devices, whatever follows the first dot.
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)
FORBIDDEN = set('<>:"|?*\\`')  # all but the last are no part of a Windows name; the last ends Markdown code

Parts = tuple[str, ...]


def safe_path(name: str) -> str | None:
    """Read a relative path that is safe to extract on any system, NFC-normalised; None when it is not."""
    path = unicodedata.normalize("NFC", name)
    parts = path.split("/")
    if len(parts) > DEEPEST or _bytes(path) > LONGEST_PATH or not all(map(_safe_part, parts)):
        return None
    return path


def _safe_part(part: str) -> bool:
    if not part or part != part.strip().strip(".") or _bytes(part) > LONGEST_PART:
        return False
    if FORBIDDEN & set(part) or RESERVED.fullmatch(part):
        return False
    return all(char == " " or char.isprintable() for char in part)  # no controls, surrogates, or bidi marks


def clashes(path: str, others: Iterable[str]) -> bool:
    """Say whether a path would fall on another where case is ignored, or needs a folder where a file is."""
    mine = _folded(path)
    theirs = [_folded(other) for other in others]
    return any(
        mine == other or mine.startswith(other + "/") or other.startswith(mine + "/") for other in theirs
    )


def problems(path: str, text: str, all_paths: Collection[str]) -> list[str]:
    """Check a text by its path's ending, without running it; one line for each problem found.

    Python must parse, and what it imports from its own project must be among `all_paths`; JSON and
    TOML must parse; anything else passes.
    """
    try:
        if path.endswith(".py"):
            return list(dict.fromkeys(_missing_imports(path, _tree(text), all_paths)))
        if path.endswith(".json"):
            json.loads(text)
        if path.endswith(".toml") and max(map(len, text.split("\n"))) <= LONGEST_CHECKED_LINE:
            tomllib.loads(text)
    except SyntaxError as fault:
        return [f"line {fault.lineno or 1}: {fault.msg}"]
    except ValueError as fault:
        return [str(fault)]
    except (RecursionError, MemoryError):
        return ["nested too deeply to be checked"]
    return []


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a doubtful escape in somebody's file is no event of this house
        return ast.parse(text)


def _missing_imports(path: str, tree: ast.Module, all_paths: Collection[str]) -> Iterator[str]:
    modules = _Modules(all_paths)
    folder = tuple(path.split("/")[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from modules.missing(folder, alias.name, [])
        elif isinstance(node, ast.ImportFrom):
            asked = [alias.name for alias in node.names]
            if not node.level:
                yield from modules.missing(folder, node.module or "", asked)
            elif modules.outside(folder, node.level):
                yield f"line {node.lineno}: a relative import leads out of its package"
            else:
                base = folder[: len(folder) - node.level + 1]
                yield from modules.missing_in([base], node.module or "", asked)


class _Modules:
    """The modules that the paths of a project make, each by the parts of its name."""

    def __init__(self, all_paths: Collection[str]) -> None:
        files = [tuple(path.removesuffix(".py").split("/")) for path in all_paths if path.endswith(".py")]
        self.packages = {file[:-1] for file in files if file[-1] == "__init__"}
        self.modules = self.packages | set(files)
        self.folders = {file[:n] for file in files for n in range(len(file))}

    def outside(self, folder: Parts, level: int) -> bool:
        """Say whether that many dots lead out of the package; the top folder is rarely one."""
        return level > len(folder) + (() in self.packages)

    def missing(self, folder: Parts, name: str, asked: Collection[str]) -> Iterator[str]:
        """Name what an absolute import from a file in `folder` does not find; nothing for foreign modules."""
        top = name.split(".", maxsplit=1)[0]
        above = [folder[:n] for n in range(len(folder) + 1)]
        # Where Python looks is no package itself: the top, `src`, the folder of a script.
        roots = [root for root in [*above, ("src",)] if root not in self.packages]
        local = [root for root in roots if (*root, top) in self.modules | self.folders]
        if local and top not in sys.stdlib_module_names:
            yield from self.missing_in(local, name, asked)

    def missing_in(self, roots: Collection[Parts], name: str, asked: Collection[str]) -> Iterator[str]:
        """Name what is found in none of the folders; a module may define anything, a bare folder nothing."""
        targets = [root + tuple(filter(None, name.split("."))) for root in roots]
        if any(target in self.modules for target in targets):
            return
        if not any(target in self.folders for target in targets):
            yield f"imports `{name[:LONGEST_PART] or '.'}`, which is not among the files"
            return
        for one in asked:
            dotted = f"{name}.{one}".lstrip(".")
            if one != "*" and not any((*t, one) in self.modules | self.folders for t in targets):
                yield f"imports `{dotted[:LONGEST_PART]}`, which is not among the files"


def zipped(files: Mapping[str, str], root: str) -> bytes:
    """Pack files under one folder, the same bytes for the same files.

    What has no safe path of its own, or is beyond MOST_BYTES of text, is left out and named in
    LEFT_OUT.txt.
    """
    folder = root if safe_path(root) == root and "/" not in root else "project"
    taken: dict[str, bytes] = {}
    left_out: list[str] = []
    for name in sorted(files):
        path, content = safe_path(name), files[name].encode(errors="replace")
        if path is None or clashes(path, [LEFT_OUT, *taken]) or _total(taken) + len(content) > MOST_BYTES:
            left_out.append(ascii(name)[: 2 * LONGEST_PATH])
        else:
            taken[path] = content
    if left_out:
        taken[LEFT_OUT] = "".join(f"{name}\n" for name in left_out).encode()
    return _archive({f"{folder}/{path}": content for path, content in taken.items()})


def _archive(entries: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(entries):
            entry = zipfile.ZipInfo(path)  # dated 1980, so that equal files make equal bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever this runs: the mode below is then read
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, entries[path])
    return archive.getvalue()


def _total(taken: Mapping[str, bytes]) -> int:
    return sum(map(len, taken.values()))


def _bytes(text: str) -> int:
    return len(text.encode(errors="replace"))


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path.casefold())
