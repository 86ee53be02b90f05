# SPDX-License-Identifier: Apache-2.0
"""What `tipctl age` refuses: with which status, which code, and that nothing unauthenticated came out."""
import os

from site_of_keys import equal, holds

CHUNK = 65536
HEADER = 70 + 98  # of a file to one recipient
CODES = {"age-header", "age-mac", "age-payload", "age-armour", "key-unknown"}


def refused(site, file, codes, genuine=b""):
    done = site.open(file, site.identities[0], check=False)
    said = done.stderr.decode()
    equal(done.returncode, 65, said)
    code = said.removeprefix("tipctl: ").partition(":")[0]
    holds(code in codes, f"{code} is not one of {codes}: {said}")
    holds(done.stdout == genuine, f"{len(done.stdout)} bytes came out, and {len(genuine)} are genuine")
    holds(("not all" in said) == bool(genuine), said)


def flipped(file, at):
    return file[:at] + bytes([file[at] ^ 0x10]) + file[at + 1:]


def test_damaged_files(site):
    """a file that is no age file, damaged, cut, longer or another's: 65, its code; only what is genuine comes out"""
    plain = os.urandom(2 * CHUNK + 1000)
    file = site.seal(plain)
    first = HEADER + 16
    second = first + CHUNK + 16
    refused(site, b"", {"age-header"})
    refused(site, b"hello\n", {"age-header"})
    refused(site, bytes(5000), {"age-header"})
    refused(site, file[:100], {"age-header"})
    refused(site, file[:HEADER + 5], {"age-header"})
    refused(site, flipped(file, 5), {"age-header"})
    refused(site, flipped(file, HEADER - 10), {"age-mac", "age-header"})
    refused(site, flipped(file, HEADER + 3), {"age-payload"})
    refused(site, flipped(file, first), {"age-payload"})
    refused(site, file[:first], {"age-payload"})
    refused(site, flipped(file, second + 5), {"age-payload"}, plain[:CHUNK])
    refused(site, file[:second], {"age-payload"}, plain[:CHUNK])
    refused(site, file[:second + 100], {"age-payload"}, plain[:CHUNK])
    refused(site, file[:-1], {"age-payload"}, plain[:2 * CHUNK])
    refused(site, file + b"\0", {"age-payload"}, plain[:2 * CHUNK])
    refused(site, site.run([site.tipctl, "age", "seal", "-r", site.recipients[1]], plain).stdout, {"key-unknown"})


def test_every_cut_of_a_small_file(site):
    """cuts of a small file all over it, and a flip in each byte of its header: all refused, nothing comes out"""
    file = site.seal(b"a small file")
    for at in [*range(0, len(file), 9), len(file) - 1]:
        refused(site, file[:at], CODES)
    for at in range(0, HEADER, 7):
        refused(site, flipped(file, at), CODES)


def test_damaged_text_form(site):
    """the text form is read strictly"""
    if site.no_age():
        return site.no_age()
    plain = os.urandom(1000)
    text = site.run(["age", "-a", "-r", site.recipients[0]], plain).stdout
    spaced = b"\n \t\n" + text.replace(b"\n", b"\r\n") + b"\n\n"
    equal(site.open(spaced, site.identities[0]).stdout, plain, "CRLF and space")
    lines = text.splitlines(keepends=True)
    for broken in (b"".join(lines[:-1]), b"x" + text, text + b"x", text.replace(b"AGE ENC", b"PGP ENC"),
                   lines[0] + b"Version: 1\n\n" + b"".join(lines[1:]), lines[0] + b"\n" + b"".join(lines[1:]),
                   lines[0] + lines[1][:40] + b"\n" + lines[1][40:] + b"".join(lines[2:])):
        refused(site, broken, {"age-armour", "age-header"})


def test_identities(site):
    """an identity file that others can read or that holds none is refused by name, with 78; a missing one with 64"""
    file = site.seal(b"secret")
    secret = site.read(site.identities[0])
    for name, content, mode in (("readable.identity", secret, 0o644), ("group.identity", secret, 0o640),
                                ("none.identity", b"# nobody\n", 0o600),
                                ("wrong.identity", secret.lower()[:70], 0o600)):
        done = site.open(file, site.write(name, content, mode), check=False)
        equal((done.returncode, done.stdout), (78, b""), name)
        holds(name in done.stderr.decode(), done.stderr)
    equal(site.open(file, site.path("missing.identity"), check=False).returncode, 64, "missing")
    both = site.run([site.tipctl, "age", "open", "-i", site.identities[1], "-i", site.identities[0]], file).stdout
    equal(both, b"secret", "-i twice")


def test_recipients(site):
    """recipients are read from -r and -R; none, a wrong one and more than eight are refused"""
    office = "# the office\n\n" + "\n".join(site.recipients[2:4]) + "\n"
    listed = site.write("list.recipients", office.encode(), 0o644)
    sealed = site.run([site.tipctl, "age", "seal", "-r", site.recipients[0], "-R", listed], b"to three").stdout
    for n in (0, 2, 3):
        equal(site.open(sealed, site.identities[n]).stdout, b"to three", f"recipient {n}")
    equal(site.open(sealed, site.identities[1], check=False).returncode, 65, "nobody else")
    low_order = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqs3290gq"
    wrong = [[], ["-r", "age1nobody"], ["-r", site.recipients[0].upper()[:-1]], ["-r", low_order], ["-R", listed + "x"],
             ["-R", site.identities[0]], ["-R", listed, *[w for r in site.recipients[:7] for w in ("-r", r)]]]
    for options in wrong:
        done = site.run([site.tipctl, "age", "seal", *options], b"x", check=False)
        holds(done.returncode in (64, 78) and done.stdout == b"", f"{options}: {done.returncode}")
        holds(b"SECRET-KEY" not in done.stderr, "a secret is shown")
