"""Characters as people see them: Unicode's extended grapheme clusters, which Terraform counts strings in."""

from __future__ import annotations

_ZWJ = 0x200D
_PICTOGRAPHS = (
    (0xA9, 0xA9), (0xAE, 0xAE), (0x203C, 0x203C), (0x2049, 0x2049), (0x2122, 0x2122), (0x2139, 0x2139),
    (0x2194, 0x21AA), (0x231A, 0x23FF), (0x24C2, 0x24C2), (0x25AA, 0x25FE), (0x2600, 0x27BF), (0x2934, 0x2935),
    (0x2B05, 0x2B55), (0x3030, 0x3030), (0x303D, 0x303D), (0x3297, 0x3299), (0x1F000, 0x1F1E5), (0x1F200, 0x1F3FA),
    (0x1F400, 0x1FAFF), (0x1FC00, 0x1FFFD),
)  # fmt: skip  # a table reads best as one


def graphemes(text: str) -> list[str]:
    """The clusters of a string, by UAX #29 without its rules for Indic conjuncts."""
    if text.isascii() and "\r\n" not in text:
        return list(text)
    clusters: list[str] = []
    before = ""
    flags, joined = 0, False
    for char in text:
        now = _class(char)
        together = bool(clusters) and _joins(before, now, flags, joined)
        if together:
            clusters[-1] += char
        else:
            clusters.append(char)
        flags = flags + 1 if now == "RI" and together else int(now == "RI")
        if now == "ZWJ" and together:
            joined = before in {"Pict", "PictExtend", "RI"} or (before == "ZWJ" and joined)
        if now == "Extend" and before in {"Pict", "PictExtend"} and together:
            now = "PictExtend"
        before = now
    return clusters


def _joins(before: str, now: str, flags: int, joined: bool) -> bool:
    if before == "CR":
        return now == "LF"
    if before in {"LF", "Control"} or now in {"CR", "LF", "Control"}:
        return False
    if now in {"Extend", "ZWJ", "SpacingMark"} or before == "Prepend":
        return True
    match before, now:
        case ("L", "L" | "V" | "LV" | "LVT") | ("LV" | "V", "V" | "T") | ("LVT" | "T", "T"):
            return True
        case ("ZWJ", "Pict"):
            return joined
        case ("RI", "RI"):
            return flags % 2 == 1
        case _:
            return False


def _class(char: str) -> str:
    code = ord(char)
    if code < 0x300:
        match char:
            case "\r":
                return "CR"
            case "\n":
                return "LF"
            case _ if code < 0x20 or 0x7F <= code < 0xA0 or code == 0xAD:
                return "Control"
            case "\u00a9" | "\u00ae":
                return "Pict"
            case _:
                return "Other"
    if code == _ZWJ:
        return "ZWJ"
    if code == 0x200C or 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F or code in {0xFF9E, 0xFF9F}:
        return "Extend"
    if 0x1F1E6 <= code <= 0x1F1FF:
        return "RI"
    if hangul := _hangul(code):
        return hangul
    from unicodedata import category  # noqa: PLC0415  # its tables are only read for what is not ASCII

    match category(char):
        case "Mn" | "Me":
            return "Extend"
        case "Mc":
            return "SpacingMark"
        case _ if code in {0xE33, 0xEB3}:
            return "SpacingMark"
        case "Cf" if 0x600 <= code <= 0x605 or code in {0x6DD, 0x70F, 0x8E2, 0x110BD, 0x110CD}:
            return "Prepend"
        case "Cc" | "Cf" | "Zl" | "Zp":
            return "Control"
        case _:
            return "Pict" if any(low <= code <= high for low, high in _PICTOGRAPHS) else "Other"


def _hangul(code: int) -> str:
    if 0xAC00 <= code <= 0xD7A3:
        return "LV" if (code - 0xAC00) % 28 == 0 else "LVT"
    if 0x1100 <= code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return "L"
    if 0x1160 <= code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return "V"
    if 0x11A8 <= code <= 0x11FF or 0xD7CB <= code <= 0xD7FB:
        return "T"
    return ""
