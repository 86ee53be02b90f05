# SPDX-License-Identifier: Apache-2.0
"""Bad inputs inside a seal: documents that classify opens, since the adapter that sealed them checked nothing."""

TIP = b'{"narrative":"PC Rudge sells stories to a reporter."}'
LONGEST = (1 << 20) - 24  # what a body holds


def tip(more):
    return b'{"narrative":"PC Rudge sells stories to a reporter.",' + more + b"}"


def told(text):
    return b'{"narrative":"' + text + b'"}'


def filled(before, piece, after, size=LONGEST):
    """As many pieces as there is room for."""
    return before + piece * ((size - len(before) - len(after)) // len(piece)) + after


def keys(n):
    return tip(b",".join(b'"x-%d":1' % i for i in range(n)))


# name: the document and the reason it is parked for; None: an honest tip, which is stored.
DOCUMENTS = {
    "empty": (b"", "json-syntax"),
    "truncated": (TIP[:-5], "json-syntax"),
    "depth 32": (tip(b'"x-a":' + b"[" * 31 + b"]" * 31), None),
    "depth 33": (tip(b'"x-a":' + b"[" * 32 + b"]" * 32), "json-depth"),
    "depth 2048": (tip(b'"x-a":' + b"[" * 2047 + b"]" * 2047), "json-depth"),
    "100k [": (b"[" * 100000, "json-depth"),
    "1 MiB of {},": (filled(b"[", b"{},", b"{}]"), "json-size"),
    "10k keys": (keys(10000), "json-size"),
    "duplicate key": (tip(b'"narrative":"b"'), "json-duplicate-key"),
    "escaped duplicate": (tip(b'"n\\u0061rrative":"b"'), "json-duplicate-key"),
    "\\u0000": (told(b"a\\u0000b"), "json-utf8"),
    "lone surrogate": (told(b"\\ud800"), "json-utf8"),
    "overlong C0 80": (told(b"\xc0\x80"), "json-utf8"),
    "ED A0 80": (told(b"\xed\xa0\x80"), "json-utf8"),
    "F4 90 80 80": (told(b"\xf4\x90\x80\x80"), "json-utf8"),
    "BOM": (b"\xef\xbb\xbf" + TIP, "json-utf8"),
    "trailing text": (TIP + b" x", "json-syntax"),
    "trailing NUL": (TIP + b"\0", "json-utf8"),
    "1e999": (tip(b'"x-n":1e999'), "json-syntax"),
    "2^63": (tip(b'"x-n":9223372036854775808'), "json-syntax"),
    "NaN": (tip(b'"x-n":NaN'), "json-syntax"),
    "-0": (tip(b'"x-n":-0'), None),
    "scalar root": (b"7", "tip-invalid"),
    "U+202E": (told(b"a \xe2\x80\xae b \\u202e c"), None),
    "U+FFFF": (told(b"a \xef\xbf\xbf b \\uffff c"), None),
    "DEL": (told(b"a\x7f"), "tip-invalid"),
    "\\u001b": (told(b"a\\u001b[31m"), "tip-invalid"),
    "%n": (told(b"%n%s%x"), None),
    "SQL": (told(b"'); DROP TABLE tips; --"), None),
    "../": (told(b"../../etc/passwd"), None),
    "NFC and NFD twins": (told(b"caf\xc3\xa9 and cafe\xcc\x81"), None),
    "10k combining marks": (told(b"e" + b"\xcc\x81" * 10000), None),
    "a field of 1 MiB": (filled(b'{"narrative":"', b"x", b'"}'), "tip-invalid"),
    "a narrative as number": (b'{"narrative":7}', "tip-invalid"),
    "subjects as text": (tip(b'"subjects":"PC Rudge"'), "tip-invalid"),
    "unknown field": (tip(b'"priority":"high"'), "tip-invalid"),
    "contact details outside their own seal": (tip(b'"contact_details":"07700 900123"'), "tip-invalid"),
}

# twist of seal_raw.c: the reason classify parks the frame for, and what the gateway answers (stored: it cannot see it).
TWISTS = {
    "magic": ("frame-magic", "bad-frame"),
    "version": ("frame-version", "version"),
    "body-length": ("frame-short", "bad-frame"),
    "contact-length": ("frame-short", "bad-frame"),
    "short": ("frame-short", "bad-frame"),
    "extra-byte": ("frame-lengths", "bad-frame"),
    "unknown-adapter": ("adapter-unknown", "bad-frame"),
    "signature": ("frame-signature", "bad-frame"),
    "inner-id": ("id-mismatch", "stored"),
    "padding": ("body-padding", "stored"),
    "nine-stanzas": ("age-header", "stored"),
    "scrypt-stanza": ("age-header", "stored"),
    "low-order": ("age-header", "stored"),
    "base64": ("age-header", "stored"),
    "crlf": ("age-header", "stored"),
    "bad-mac": ("age-mac", "stored"),
    "swapped-payload": ("age-payload", "stored"),
    "missing-final-chunk": ("age-payload", "stored"),
}
LONG = filled(b'{"narrative":"', b"long ", b'"}', 100000)  # more than one chunk of age


def document_for(twist):
    return LONG if twist == "missing-final-chunk" else TIP
