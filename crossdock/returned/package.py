"""The parts of an .xlsx archive, some of them changed: cell styles, relations and content types."""

import posixpath
import re
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers.expat import ExpatError, ParserCreate  # what declares entities is refused before

from crossdock.returned.marks import RED, YELLOW

_XF = re.compile(r"<((?:\w+:)?)xf\b[^>]*?(?:/>|>.*?</\1xf>)", re.DOTALL)
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_MOST_BYTES = 400 << 20


class NotPatchableError(Exception):
    """The workbook is written in a way that is not understood well enough to change it."""


@dataclass
class Package:
    """The archive with the parts that were changed or added."""

    source: zipfile.ZipFile
    changed: dict[str, bytes] = field(default_factory=dict)
    _checked: set[str] = field(default_factory=set)
    _styles: dict[tuple[int, str], int] = field(default_factory=dict)
    _marked: set[int] | None = None

    def read(self, part: str) -> bytes:
        """A part as it now stands.

        Raises:
            NotPatchableError: It is missing or in another encoding.
        """
        if part not in self.changed:
            try:
                if self.source.getinfo(part).file_size > _MOST_BYTES:
                    raise NotPatchableError
                self.changed[part] = self.source.read(part)
            except KeyError:
                raise NotPatchableError from None
        content = self.changed[part]
        if part not in self._checked:
            if b"\x00" in content[:200] or any(odd in content for odd in (b"<!--", b"<![CDATA[", b"<!DOCTYPE")):
                raise NotPatchableError
            try:
                ParserCreate().Parse(content, True)  # noqa: FBT003  # an open end would cost the patterns below hours
            except ExpatError:
                raise NotPatchableError from None
            self._checked.add(part)
        return content

    def has(self, part: str) -> bool:
        """Whether the archive holds a part."""
        return part in self.changed or part in self.source.namelist()

    def save(self, target: Path) -> None:
        """Writes the archive: what was not changed is copied as it is."""
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
            for info in self.source.infolist():
                content = self.changed.pop(info.filename, None)
                with written.open(info.filename, "w", force_zip64=True) as sink:
                    if content is not None:
                        sink.write(content)
                    else:
                        with self.source.open(info) as part:
                            shutil.copyfileobj(part, sink)
            for name, content in self.changed.items():
                written.writestr(name, content)

    # styles

    def style(self, base: int, kind: str) -> int:
        """Number of a cell style like `base`: filled with a colour (its ARGB), "plain", or for added "text" or "head"."""
        if (base, kind) not in self._styles:
            self._styles[base, kind] = self._add_style(base, kind)
        return self._styles[base, kind]

    def unmarked(self, style: int) -> int | None:
        """Number of a style like `style` without the colour that an earlier mark-up gave; None where it gave none."""
        if self._marked is None:
            text = self.read("xl/styles.xml").decode("utf-8")
            prefix, start, end = section(text, "fills")
            fills = re.findall(rf"<{prefix}fill\b[^>]*?(?:/>|>.*?</{prefix}fill>)", text[start:end], re.DOTALL)
            ours = {str(number) for number, fill in enumerate(fills) if RED in fill.upper() or YELLOW in fill.upper()}
            _, start, end = section(text, "cellXfs")
            forms = (found[0] for found in _XF.finditer(text, start, end))
            self._marked = {
                number
                for number, form in enumerate(forms)
                if (fill := re.search(r'\sfillId="(\d+)"', form)) and fill[1] in ours
            }
        return self.style(style, "plain") if style in self._marked else None

    def _add_style(self, base: int, kind: str) -> int:
        part = "xl/styles.xml"
        text = self.read(part).decode("utf-8")
        prefix, start, end = section(text, "cellXfs")
        forms = [found[0] for found in _XF.finditer(text, start, end)]
        if base >= len(forms):
            raise NotPatchableError
        added = forms[base]
        if kind == "plain":
            added = with_attributes(added, fillId="0", applyFill="0")
        elif kind in {"text", "head"}:
            if kind == "text":
                added = f'<{prefix}xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0"/>'
            added = with_attributes(added, numFmtId="49", applyNumberFormat="1", quotePrefix="1", applyAlignment="1")
            opening = re.sub(r"\s*/?>$", ">", added[: added.index(">") + 1])
            added = f'{opening}<{prefix}alignment vertical="top" wrapText="1"/></{prefix}xf>'
        else:
            prefix, first, last = section(text, "fills")
            number = len(re.findall(rf"<{prefix}fill\b", text[first:last]))
            added = with_attributes(added, fillId=str(number), applyFill="1")
            colour = f'<{prefix}fgColor rgb="{kind}"/><{prefix}bgColor indexed="64"/>'
            fill = (
                f'<{prefix}fill><{prefix}patternFill patternType="solid">{colour}</{prefix}patternFill></{prefix}fill>'
            )
            text = _counted(text[:last] + fill + text[last:], "fills", number + 1)
            _, _, end = section(text, "cellXfs")
        text = _counted(text[:end] + added + text[end:], "cellXfs", len(forms) + 1)
        self.changed[part] = text.encode()
        return len(forms)

    # relations and content types

    def relations_of(self, part: str) -> tuple[str, dict[str, tuple[str, str]]]:
        """The part with the relations of a part, and in it: id -> (type, part meant)."""
        folder, name = posixpath.split(part)
        path = f"{folder}/_rels/{name}.rels"
        if not self.has(path):
            self.changed[path] = f'<Relationships xmlns="{_PACKAGE}"></Relationships>'.encode()
        found = {}
        for one in re.finditer(r"<(?:\w+:)?Relationship\b[^>]*>", self.read(path).decode("utf-8")):
            said = dict(re.findall(r'(\w+)="([^"]*)"', one[0]))
            meant = posixpath.normpath(posixpath.join("/" + folder, said.get("Target", ""))).lstrip("/")
            found[said.get("Id", "")] = (said.get("Type", "").rpartition("/")[2], meant)
        return path, found

    def relate(self, part: str, kind: str, target: str) -> str:
        """Adds a relation and gives its id."""
        path, found = self.relations_of(part)
        number = next(f"rIdCrossdock{i}" for i in range(1, 99) if f"rIdCrossdock{i}" not in found)
        text = self.read(path).decode("utf-8")
        text = re.sub(r"<((?:\w+:)?)Relationships([^>]*)/>", r"<\1Relationships\2></\1Relationships>", text)
        closing = re.search(r"</((?:\w+:)?)Relationships>", text)
        if closing is None:
            raise NotPatchableError
        added = f'<{closing[1]}Relationship Id="{number}" Type="{RELATIONS}/{kind}" Target="/{target}"/>'
        self.changed[path] = (text[: closing.start()] + added + text[closing.start() :]).encode()
        return number

    def declare(self, part: str, content_type: str) -> None:
        """Says in the list of content types what an added part is."""
        path = "[Content_Types].xml"
        text = self.read(path).decode("utf-8")
        closing = re.search(r"</((?:\w+:)?)Types>", text)
        if closing is None:
            raise NotPatchableError
        added = f'<{closing[1]}Override PartName="/{part}" ContentType="{content_type}"/>'
        self.changed[path] = (text[: closing.start()] + added + text[closing.start() :]).encode()


def section(text: str, name: str) -> tuple[str, int, int]:
    """Prefix, begin and end of the content of the only element `name`.

    Raises:
        NotPatchableError: There is none.
    """
    found = re.search(rf"<((?:\w+:)?){name}\b[^>]*>(.*?)</\1{name}>", text, re.DOTALL)
    if found is None:
        raise NotPatchableError
    return found[1], found.start(2), found.end(2)


def _counted(text: str, name: str, count: int) -> str:
    return re.sub(rf'(<(?:\w+:)?{name}\b[^>]*?\scount=")\d+(")', rf"\g<1>{count}\g<2>", text, count=1)


def with_attributes(element: str, **values: str) -> str:
    """The element with attributes of its opening tag set."""
    end = element.index(">") - (element[element.index(">") - 1] == "/")
    opening = element[:end]
    for name in values:
        opening = re.sub(rf'\s{name}="[^"]*"', "", opening)
    return opening + "".join(f' {name}="{value}"' for name, value in values.items()) + element[end:]
