# SPDX-License-Identifier: Apache-2.0
"""tipctl config check: each mistake that one file alone cannot show, made in a copy of the pipeline's configuration."""
import json
import os
import shutil
import tempfile

from expect import equal, holds


def check(pipeline, folder, *args):
    result = pipeline.run("tipctl", "--json", "config", "check", folder, *args, check=False)
    holds(result.stdout, f"no JSON: {result.stderr}")
    return result.returncode, json.loads(result.stdout)


def change(folder, name, old, new):
    path = os.path.join(folder, f"{name}.yaml")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    holds(old in text, f"{name}.yaml has no {old!r}")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new, 1))
    return text[:text.index(old)].count("\n") + 1


def secret(folder, name, text):
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
        f.write(text)
    return path


def value(pipeline, name, key):
    with open(pipeline.conf_of(name), encoding="utf-8") as f:
        return next(line.split(": ")[1].strip().strip('"') for line in f if line.strip().startswith(key + ":"))


def mistakes(pipeline, copy):
    """(file, what is written there, what is written instead, a part of the finding)"""
    keys = pipeline.path("keys")
    broker = pipeline.broker.address
    bus = os.path.join(copy, "bus")
    old = os.path.join(copy, "old-bus")
    for folder, names in ((bus, ("1.key",)), (old, ("2.key", "1.key"))):
        os.mkdir(folder, 0o700)
        for name in names:
            secret(folder, name, ("ab" if folder == bus else "cd") * 32 + "\n")
    linkage = secret(copy, "linkage.key", "12" * 32 + "\n")
    register = os.path.join(copy, "other")
    pipeline.run("tipctl", "register", "build", "--staff", pipeline.staff(), "--linkage", linkage, "--out", register)
    pipeline.run("tipctl", "keys", "init", os.path.join(copy, "site"))
    return [
        ("sink", broker, "127.0.0.1:1", "kafka.brokers is not what"),
        ("sink", value(pipeline, "sink", "listen"), pipeline.http["route"], "is also taken by"),
        ("partner", value(pipeline, "partner", "path"), value(pipeline, "webform", "path"), "is also written by"),
        ("sink", value(pipeline, "sink", "suspects"), value(pipeline, "route", "suspects"), "is also written by"),
        ("tipctl", pipeline.http["route"], pipeline.http["sink"], "asks for"),
        ("tipctl", pipeline.path("data", "store.db"), pipeline.path("data", "other.db"), "reads another store"),
        ("sink", pipeline.path("keys-of", "sink"), bus, "two keys under one epoch"),
        ("classify", pipeline.path("keys-of", "classify"), old, "no bus key of epoch 2"),
        ("route", os.path.join(pipeline.path("registers"), "corruption.register"),
         os.path.join(register, "corruption.register"), "another linkage key"),
        ("partner", "id: 3", "id: 77", "not on the list"),
        ("partner", 'channel: "partner"', 'channel: "web"', "may not use the channel web"),
        ("partner", "partner.sign", "webform.sign", "the signing key is not that of adapter 3"),
        ("partner", "partner.curve", "webform.curve", "the transport key is not that of adapter 3"),
        ("dedupe", "index:", "indexx:", "there is no key indexx"),
        ("partner", keys + "/root.pub", os.path.join(copy, "site", "root.pub"), "did not sign what"),
        ("gateway", keys + "/gateway.curve", keys + "/adapters/webform.curve", "it would never connect"),
    ]


def test_config_check(pipeline):
    """config check finds what is wrong between files, at its line, with what to do, and ends with 78"""
    status, told = check(pipeline, pipeline.conf)
    equal((status, told["findings"]), (0, []), "a good folder")
    holds(len(told["checked"]) >= 9, "all files were checked")
    with tempfile.TemporaryDirectory() as scratch:
        made = mistakes(pipeline, scratch)
        hides_others = [m for m in made if m[2] == "id: 77"]
        for together in ([m for m in made if m not in hides_others], hides_others):
            copy = os.path.join(scratch, "conf")
            shutil.copytree(pipeline.conf, copy)
            lines = [change(copy, name, old, new) for name, old, new, _ in together]
            status, told = check(pipeline, copy)
            equal(status, 78, "status")
            holds(all(f["todo"] and f["file"] for f in told["findings"]), "each says what to do")
            for (name, _, _, part), line in zip(together, lines):
                places = [f"{f['file']}:{f['line']} {f['what']}" for f in told["findings"] if part in f["what"]]
                if name == "gateway":  # shows in the adapters, whose key it no longer is
                    holds(len(places) >= 3, f"{part!r} in each adapter, not {places}")
                else:
                    holds(any(f"/{name}.yaml:{line}" in p for p in places), f"{part!r} at {name}.yaml:{line}: {places}")
            shutil.rmtree(copy)


def test_config_check_tells_programs(pipeline):
    """config check tells a file's program by name, declaration or content, and says when it cannot"""
    with tempfile.TemporaryDirectory() as scratch:
        declared = os.path.join(scratch, "north.yaml")
        shutil.copy(pipeline.conf_of("sink"), declared)
        status, told = check(pipeline, declared)
        equal((status, "which program" in told["findings"][0]["what"]), (78, True), "unknown")
        with open(declared, encoding="utf-8") as f:
            text = f.read()
        with open(declared, "w", encoding="utf-8") as f:
            f.write("# SPDX\n# program: tipline-sink\n" + text)
        status, told = check(pipeline, declared)
        equal((status, told["checked"][0]["program"]), (0, "tipline-sink"), "declared")
        status, told = check(pipeline, pipeline.conf_of("partner"))
        equal((status, told["checked"][0]["program"]), (0, "tip-submit"), "by content")
        with open(os.path.join(scratch, "route.yaml"), "w", encoding="utf-8") as f:
            f.write("a: [\n")
        result = pipeline.run("tipctl", "config", "check", scratch, check=False)
        equal(result.returncode, 78, "broken YAML")
        holds("route.yaml:" in result.stdout and "2 files checked" not in result.stdout, result.stdout)
        result = pipeline.run("tipctl", "config", "check", os.path.join(scratch, "none"), check=False)
        equal(result.returncode, 78, "no such folder")
