"""
The pages of the documentation and the examples in them.

``python tests/support/pages.py DIRECTORY`` writes the Python examples of each page into a module
for type checkers, and each whole program into one of its own.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

__all__ = ["GUIDES", "PAGES", "ROOT", "blocks", "files_of", "name_of", "text_of", "write_modules"]

ROOT = Path(__file__).parents[2]

#: The guides, which are shipped with the package.
GUIDES = sorted((ROOT / "esfilerealm").rglob("*.md"))

#: Every page with examples.
PAGES = [ROOT / "README.md", *GUIDES]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """Return the contents of all fenced blocks of a language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def files_of(page: Path) -> dict[str, str]:
    """Return the blocks that are whole files, by the path in the comment of their first line."""
    text = page.read_text(encoding="utf-8")
    pattern = r"^```(?:python|text|yaml)\n(# ([\w./-]+)\n.*?)^```$"
    return {name: block for block, name in re.findall(pattern, text, re.DOTALL | re.MULTILINE)}


def write_modules(directory: Path) -> list[Path]:
    """
    Write the Python examples of each page that has any into modules in *directory*.

    A whole program is a module of its own; all other examples of a page are one, and each of its
    lines has the number that it has in the page, for the messages of a checker.
    """
    modules = []
    for page in PAGES:
        stem = re.sub(r"\W", "_", name_of(page).removesuffix(".md"))
        programs = {name: text for name, text in files_of(page).items() if name.endswith(".py")}
        for name, text in programs.items():
            modules.append(directory / f"{stem}_{name}")
            modules[-1].write_text(text, encoding="utf-8")
        if set(blocks(page, "python")) - set(programs.values()):
            modules.append(directory / f"{stem}.py")
            modules[-1].write_text(_only_examples(page), encoding="utf-8")
    return modules


def _only_examples(page: Path) -> str:
    """Return a page with an empty line in place of each that is in no block of Python."""
    language, kept = "", []
    lines = page.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        is_fence = line.startswith("```")
        kept.append("" if is_fence or language != "python" else line)
        if is_fence:
            language = "" if language else line.removeprefix("```")
            if language == "python" and re.fullmatch(r"# \S+\.py", lines[number]):
                language = "a whole program"
    return "\n".join(kept) + "\n"


if __name__ == "__main__":
    write_modules(Path(sys.argv[1]))
