# SPDX-License-Identifier: Apache-2.0
"""Both ways with Debian's age and with npm's age-encryption: every size at which something changes, 1 to 8 keys."""
import os

from site_of_keys import KEYS, SIZES, equal, holds


def each(site):
    """(plaintext, how many recipients, whose identity opens it): all pairs of a size and a number of recipients."""
    for at, size in enumerate(SIZES):
        plain = os.urandom(size)
        for n in range(1, KEYS + 1):
            yield plain, n, (at + n) % n


def test_age_opens_ours(site):
    """age opens what `tipctl age seal` writes"""
    if site.no_age():
        return site.no_age()
    for plain, n, who in each(site):
        opened = site.run(["age", "-d", "-i", site.identities[who]], site.seal(plain, n)).stdout
        holds(opened == plain, f"{len(plain)} bytes to {n}")


def test_we_open_what_age_seals(site):
    """`tipctl age open` opens what age writes, and its text form"""
    if site.no_age():
        return site.no_age()
    for plain, n, who in each(site):
        to = [word for r in site.recipients[:n] for word in ("-r", r)]
        text = ["-a"] if (len(plain) + n) % 2 else []
        sealed = site.run(["age", *text, *to], plain).stdout
        holds(site.open(sealed, site.identities[who]).stdout == plain, f"{len(plain)} bytes to {n} {text}")


def test_keys_of_age_keygen(site):
    """identities as age-keygen writes them open, several in one file with comments; both agree on the public key"""
    if site.no_age():
        return site.no_age()
    texts = [site.run(["age-keygen"]).stdout.decode() for _ in range(3)]
    everyone = site.write("everyone.identity", ("# three people\n\n" + "\n".join(texts)).encode())
    for text in texts:
        lines = text.splitlines()
        holds(lines[-1].startswith("AGE-SECRET-KEY-1") and lines[-1].isupper(), lines[-1][:20])
        recipient = next(line for line in lines if "age1" in line).split()[-1]
        sealed = site.run([site.tipctl, "age", "seal", "-r", recipient], b"for one").stdout
        equal(site.open(sealed, everyone).stdout, b"for one", "the right one of three is found")
    for path, recipient in zip(site.identities, site.recipients):
        equal(site.run(["age-keygen", "-y", path]).stdout.decode().strip(), recipient, "age-keygen -y")


def test_peer_opens_ours(site):
    """npm's age-encryption opens what `tipctl age seal` writes"""
    if site.no_peer():
        return site.no_peer()
    secrets = [next(line for line in site.read(path).decode().splitlines() if line.startswith("AGE-SECRET-KEY-1"))
               for path in site.identities]
    for plain, n, who in each(site):
        site.write("sealed", site.seal(plain, n))
        site.peer(do="open", identity=secrets[who], **{"from": site.path("sealed"), "to": site.path("opened")})
        holds(site.read(site.path("opened")) == plain, f"{len(plain)} bytes to {n}")


def test_we_open_what_peer_seals(site):
    """`tipctl age open` opens what npm's age-encryption writes, and its text form"""
    if site.no_peer():
        return site.no_peer()
    for plain, n, who in each(site):
        site.write("plain", plain)
        site.peer(do="seal", recipients=site.recipients[:n], **{"from": site.path("plain"), "to": site.path("sealed")})
        if (len(plain) + n) % 2:
            site.peer(do="armour", **{"from": site.path("sealed"), "to": site.path("sealed")})
        opened = site.open(site.read(site.path("sealed")), site.identities[who]).stdout
        holds(opened == plain, f"{len(plain)} bytes to {n}")
