"""
The pages of the documentation and the examples in them.

``python tests/support/pages.py DIRECTORY`` writes the Python examples of each page into a module
for type checkers.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

__all__ = ["GUIDES", "PAGES", "ROOT", "blocks", "name_of", "text_of", "write_modules"]

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


def write_modules(directory: Path) -> list[Path]:
    """
    Write the Python examples of each page that has any into a module in *directory*.

    Every line of a module has the number that it has in the page, for the messages of a checker.
    """
    modules = []
    for page in PAGES:
        if blocks(page, "python"):
            stem = re.sub(r"\W", "_", name_of(page).removesuffix(".md"))
            modules.append(directory / f"{stem}.py")
            modules[-1].write_text(_only_python(page), encoding="utf-8")
    return modules


def _only_python(page: Path) -> str:
    """Return a page with an empty line in place of each that is not in a block of Python."""
    language, kept = "", []
    for line in page.read_text(encoding="utf-8").splitlines():
        is_fence = line.startswith("```")
        kept.append("" if is_fence or language != "python" else line)
        if is_fence:
            language = "" if language else line.removeprefix("```")
    return "\n".join(kept) + "\n"


if __name__ == "__main__":
    write_modules(Path(sys.argv[1]))
