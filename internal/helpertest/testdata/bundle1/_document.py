"""The strict parser of sealed documents. docs/format.md is the specification; F-n is the number of a rule there.

It uses no regular expressions, because compiling them would make a cold start slower.
"""

import binascii
import hashlib
import json

from ._errors import BadDocument, Tampered, UnknownFormat

MAX_DOCUMENT = 1 << 20
MAX_LINE = 8192
MAX_CIPHERTEXT = 6144
MAX_BOX = 4096
MOST = 1000  # sources or boxes
FIRST_SOURCE = 7  # number of the first source line

DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
WORD = LOWER.upper() + LOWER + DIGITS
LINE = bytes(range(0x20, 0x7F)) + b"\n"


class Source:
    """The parts of a source line that a reader needs."""

    __slots__ = ("encoding", "partition", "region", "line")


class Box:
    """One ciphertext: whole secrets (parts is 0), or one part of a secret."""

    __slots__ = ("names", "part", "parts", "number", "ciphertext")


class Document:
    """A document that follows every rule from F-1 to F-21, and F-34."""

    def __init__(self, data: bytes, file: str) -> None:
        self.file = file
        self.sources: dict[str, Source] = {}
        self.boxes: list[Box] = []
        lines = _split(data)
        at = self._read_settings(lines)
        last = ""
        while at < len(lines) and lines[at].split(" ", 1)[0] == "source":
            last = self._read_source(lines[at], at + 1, last)
            at += 1
        first = at
        while at < len(lines) and lines[at].split(" ", 1)[0] == "box":
            self._read_box(lines[at], at + 1)
            at += 1
        if at >= len(lines) or lines[at] != "":
            raise broken("F-5", at + 1, "expected source lines, then box lines, then an empty line")
        if not 1 <= len(self.sources) <= MOST:
            raise broken("F-10", FIRST_SOURCE, f"expected 1 to {MOST} source lines, found {len(self.sources)}")
        self._check_boxes(first + 1)
        self.digest = hashlib.sha256("\n".join(lines[:at] + ["", ""]).encode()).hexdigest()
        self._read_body(lines, at + 1)

    def _read_settings(self, lines):
        if lines[0] != "bundle/1":
            raise broken("F-4", 1, f'unknown format {_clip(lines[0])}; expected "bundle/1"')
        found = []
        for at, setting in enumerate(("bundle", "environment", "function", "name", "mode"), 1):
            words = lines[at].split(" ") if at < len(lines) else []
            if len(words) != 2 or words[0] != setting:
                raise broken("F-5", at + 1, f"expected a {setting} line with one value")
            if setting != "mode" and not is_name(words[1]):
                raise broken("F-7", at + 1, f"{_clip(words[1])} is not a valid value for {setting}")
            found.append(words[1])
        self.bundle, self.environment, self.function, self.name, self.mode = found
        if self.mode not in ("pack", "blind"):
            raise broken("F-9", 6, f"{_clip(self.mode)} is not a valid mode")
        return 6

    def _read_source(self, line, number, last):
        words = line.split(" ")
        if len(words) not in (8, 9) or words[3] != "ssm":
            raise broken("F-5", number, "expected source SECRET ENCODING ssm ARN VERSION DATE FIELD [CHECKS]")
        _, secret, encoding, _, arn, version, date, field, *checks = words
        parts = _arn(arn, "ssm", "parameter/")
        if not (2 <= len(secret) <= 128 and secret[0].isalpha() and _only(secret, WORD + "_")):
            raise broken("F-8", number, f"{_clip(secret)} is not a valid secret name")
        if last >= secret:
            raise broken("F-10", number, f"the source line of {secret} is out of order")
        if encoding not in ("text", "base64"):
            raise broken("F-11", number, f"{_clip(encoding)} is not a valid encoding")
        if not parts or not all(p and _only(p, WORD + "_.-") for p in parts[3].split("/")):
            raise broken("F-12", number, f"{_clip(arn)} is not the ARN of a parameter")
        if not (version[0] in DIGITS[1:] and _only(version, DIGITS) and len(version) <= 19 and int(version) < 1 << 63):
            raise broken("F-13", number, f"{_clip(version)} is not a valid version")
        if not _is_date(date):
            raise broken("F-14", number, f"{_clip(date)} is not a valid date")
        if field != "-" and not all(p and p[0] != "-" and _only(p, WORD + "_-") for p in field.split(".")):
            raise broken("F-15", number, f"{_clip(field)} is not a valid field")
        if field != "-" and self.mode == "blind":
            raise broken("F-15", number, "a blind document cannot have fields")
        if checks and not (len(checks[0]) <= 128 and _only(checks[0], LOWER + DIGITS + "_=,")):
            raise broken("F-34", number, f"{_clip(checks[0])} is not a valid list of checks")
        if checks and self.mode == "blind":
            raise broken("F-34", number, "a blind document cannot have checks")
        source = self.sources[secret] = Source()
        source.encoding, source.line = encoding, number
        source.partition, source.region = parts[0], parts[1]
        return secret

    def _read_box(self, line, number):
        box = Box()
        box.names = line.split(" ")[1:]
        box.part = box.parts = 0
        if not box.names:
            raise broken("F-16", number, "the box names no secret")
        if "/" in box.names[-1]:
            word = box.names.pop()
            part, _, parts = word.partition("/")
            if not all(w[:1] in tuple(DIGITS[1:]) and len(w) <= 4 and _only(w, DIGITS) for w in (part, parts)):
                raise broken("F-16", number, f"{_clip(word)} is not a valid part")
            box.part, box.parts = int(part), int(parts)
        self.boxes.append(box)
        box.number = len(self.boxes)

    def _check_boxes(self, first):
        """Check all boxes against F-16, F-17 and F-18."""
        if not 1 <= len(self.boxes) <= MOST:
            raise broken("F-16", first, f"expected 1 to {MOST} box lines, found {len(self.boxes)}")
        seen = set()
        for i, box in enumerate(self.boxes):
            self._check_box(box, self.boxes[i - 1] if i > 0 else None, first + i)
            for name in box.names if box.part <= 1 else ():
                if name not in self.sources:
                    raise broken("F-16", first + i, f"{_clip(name)} has no source line")
                if name in seen:
                    raise broken("F-16", first + i, f"{name} is listed more than once")
                seen.add(name)
        for name, source in self.sources.items():
            if name not in seen:
                raise broken("F-16", source.line, f"{name} is not in any box")

    def _check_box(self, box, before, line):
        continues = before is not None and before.part < before.parts
        if self.mode == "blind" and (box.parts or len(box.names) != 1):
            raise broken("F-18", line, "a blind box must contain exactly one whole secret")
        if box.names != sorted(box.names):
            raise broken("F-17", line, "the names in the box are out of order")
        if box.part > box.parts or box.parts > MOST:
            raise broken("F-16", line, f"{box.part}/{box.parts} is not a valid part")
        if box.parts and len(box.names) != 1:
            raise broken("F-16", line, "a part must belong to exactly one secret")
        if continues and (box.parts, box.part, box.names) != (before.parts, before.part + 1, before.names):
            raise broken("F-16", line, f"part {before.part + 1}/{before.parts} of {before.names[0]} is missing")
        if not continues and box.part > 1:
            raise broken("F-16", line, "the first part of the secret is missing")
        if not continues and before is not None and before.names[0] >= box.names[0]:
            raise broken("F-17", line, "the box is out of order")
        if box is self.boxes[-1] and box.part < box.parts:
            raise broken("F-16", line, "the last part of the secret is missing")

    def _read_body(self, lines, at):
        words = lines[at].split(" ") if at < len(lines) else []
        if len(words) != 2 or words[0] != "key":
            raise broken("F-5", at + 1, "expected a key line with one value")
        self.key = words[1]
        parts = _arn(self.key, "kms", "key/")
        if not parts or not (1 <= len(parts[3]) <= 128 and _only(parts[3], WORD + "-")):
            raise broken("F-19", at + 1, f"{_clip(self.key)} is not the ARN of a KMS key")
        self.partition, self.region, self.account, self.key_id = parts
        for name, source in self.sources.items():
            if (source.partition, source.region) != (self.partition, self.region):
                raise broken("F-20", source.line, f"the parameter of {name} is not in the partition and region of the key")
        blobs = lines[at + 1 :]
        if len(blobs) != len(self.boxes):
            raise broken("F-21", at + 2, f"expected one ciphertext line per box ({len(self.boxes)}), found {len(blobs)}")
        for box, text in zip(self.boxes, blobs):
            if not _is_ciphertext(text):
                raise broken("F-21", at + 1 + box.number, f"expected 1 to {MAX_CIPHERTEXT} bytes in base64")
            box.ciphertext = text

    def context(self, box: Box) -> dict[str, str]:
        """Return the encryption context of a box (F-22)."""
        pairs = {
            "bundle:document": self.digest,
            "bundle:function": f"{self.bundle}/{self.function}",
            "bundle:environment": self.environment,
            "bundle:box": f"{box.number}/{len(self.boxes)}",
        }
        if self.mode == "blind":
            pairs["bundle:secret"] = box.names[0]
        return pairs

    def assemble(self, opened) -> dict[str, str]:
        """Turn opened boxes, a list of (Box, bytes) in order, into values by name (F-23 to F-28): all, or none.

        The error quotes no content.
        """
        pieces: dict[str, bytes] = {}
        for box, data in opened:
            rule = "F-26" if self.mode == "blind" else "F-25" if box.parts else "F-23"
            if not 1 <= len(data) <= MAX_BOX:
                raise self._tampered(box, f"the plaintext has {len(data)} bytes; expected 1 to {MAX_BOX}", rule)
            if rule == "F-23":
                members = _members(data, box.names)
                if members is None:
                    raise self._tampered(box, "the plaintext is not a JSON object of strings with the names of the box line", "F-24")
                pieces.update(members)
                continue
            if box.part < box.parts and len(data) != MAX_BOX:
                raise self._tampered(box, f"the part has {len(data)} bytes; expected {MAX_BOX}", rule)
            pieces[box.names[0]] = pieces.get(box.names[0], b"") + data
        values = {name: _text(piece) for name, piece in pieces.items()}
        for name, value in values.items():
            if not value:
                raise Tampered(f"{self.file}: the value of {name} is empty or not UTF-8 (F-28)")
        return values

    def _tampered(self, box, reason, rule):
        return Tampered(f"{self.file}, box {box.number}/{len(self.boxes)}: {reason} ({rule})")


def is_name(word: str) -> bool:
    """Report whether a word is valid as the name of a bundle, an environment or a function (F-7)."""
    return 1 <= len(word) <= 64 and word[0] not in "_-" and _only(word, WORD + "_-")


def is_region(word: str) -> bool:
    """Report whether a word has the form of a region or a partition."""
    return 1 <= len(word) <= 32 and _only(word, LOWER + DIGITS + "-")


def broken(rule, line, reason):
    """Return the error for a broken rule."""
    kind = UnknownFormat if rule == "F-4" else BadDocument
    return kind(f"line {line}: {reason} ({rule})" if line else f"{reason} ({rule})")


def _split(data):
    """Check the bytes against F-1, F-2, F-3 and F-6, and split them into lines."""
    if len(data) > MAX_DOCUMENT:
        raise broken("F-1", 0, f"it has more than {MAX_DOCUMENT} bytes")
    foreign = data.translate(None, LINE)
    if foreign:
        line = data[: data.index(foreign[:1])].count(b"\n") + 1
        raise broken("F-2", line, "it contains a byte that is neither LF nor printable ASCII")
    if not data.endswith(b"\n"):
        raise broken("F-2", 0, "it does not end with LF")
    lines = data[:-1].decode("ascii").split("\n")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            raise broken("F-3", number, f"it has more than {MAX_LINE} bytes")
        if line.strip(" ") != line or "  " in line:
            raise broken("F-6", number, "expected one space between words, and no space at the start or end")
    return lines


def _only(word, characters):
    return not word.strip(characters)


def _clip(word):
    return repr(word if len(word) <= 80 else word[:80] + "…")


def _arn(text, service, prefix):
    """Return (partition, region, account, rest of the resource) of a valid ARN of that kind, else None."""
    words = text.split(":")
    if len(words) != 6 or words[0] != "arn" or words[2] != service or not words[5].startswith(prefix):
        return None
    _, partition, _, region, account, resource = words
    if not (is_region(partition) and is_region(region) and len(account) == 12 and _only(account, DIGITS)):
        return None
    return partition, region, account, resource[len(prefix) :]


def _is_date(text):
    """Report whether a string is an existing date in the form 2026-11-01T10:00:00.123Z (F-14)."""
    if len(text) != 24 or "".join((text[4], text[7], text[10], text[13], text[16], text[19], text[23])) != "--T::.Z":
        return False
    fields = text[:4], text[5:7], text[8:10], text[11:13], text[14:16], text[17:19], text[20:23]
    if not _only("".join(fields), DIGITS):
        return False
    year, month, day, hour, minute, second, _ = map(int, fields)
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return 1 <= month <= 12 and 1 <= day <= days[month - 1] and hour <= 23 and minute <= 59 and second <= 59


def _is_ciphertext(text):
    try:
        blob = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return False
    return 1 <= len(blob) <= MAX_CIPHERTEXT and binascii.b2a_base64(blob, newline=False).decode() == text


def _members(data, names):
    """Read a box of whole secrets, or return None (F-24). It raises no error of the decoder, which would quote the content."""
    try:
        pairs = json.loads(data.decode(), object_pairs_hook=tuple)
        members = {name: value.encode() for name, value in pairs}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return members if type(pairs) is tuple and len(members) == len(pairs) and sorted(members) == names else None


def _text(piece):
    try:
        return piece.decode()
    except ValueError:
        return ""
