# SPDX-License-Identifier: Apache-2.0
"""Likely mistakes with keys, registers and lists of adapters."""
import json
import os

from expect import ADDRESS_SANITIZER
from mistakes_world import CONF, Mistake as M, given


def wrong_key(program, name, real, wrong):
    """`real`: the path under keys/ that the configuration names; `wrong` makes what it names instead."""
    def provoke(w):
        return [CONF, w.with_file(name, w.key(*real.split("/")), wrong(w)), "--check"]
    return program, provoke


def bus_of(w, worker):
    return w.pipeline.path("keys-of", worker)


def changed_adapters(w, old, new):
    with open(w.key("adapters.yaml"), encoding="utf-8") as f:
        text = f.read()
    if old not in text:
        raise AssertionError(f"no {old!r} in adapters.yaml")
    return w.write("adapters.yaml", text.replace(old, new, 1))


def changed_recipients(w, old, new):
    with open(w.key("recipients.json"), encoding="utf-8") as f:
        return w.write("recipients.json", f.read().replace(old, new, 1))


def unsigned(w):
    with open(w.key("recipients.json"), encoding="utf-8") as f:
        return w.write("recipients.json", json.dumps({k: v for k, v in json.load(f).items() if k != "signature"}))


def another_site(w, name):
    w.pipeline.run("tipctl", "keys", "init", w.path("site"))
    return w.path("site", name)


def sign_args(w, *args):
    return ["recipients", "sign", w.copy(w.key("recipients.json"), "r"), "--root", w.key("root.key"), *args]


def garbage(w):
    return w.write("key", b"\x80\x01\xfe" * 21)


def bus_folder(w, name, content=None):
    os.makedirs(w.path("bus"), mode=0o700)
    if name:
        w.write(os.path.join("bus", name), content if content is not None else "0" * 64 + "\n")
    return w.path("bus")


def other_bus(w, *epochs):
    """A folder of bus keys that no stage of this pipeline has, one for each epoch."""
    os.makedirs(w.path("bus"), mode=0o700)
    for epoch in epochs:
        w.write(os.path.join("bus", f"{epoch}.key"), "ab" * 32 + "\n")
    return w.path("bus")


def check_together(w, name, real, wrong):
    """config check over a copy of all configurations, one of which has `wrong` where it had `real`."""
    os.makedirs(w.path("conf"), mode=0o700)
    for file in os.listdir(w.pipeline.conf):
        if file.endswith(".yaml"):
            with open(os.path.join(w.pipeline.conf, file), encoding="utf-8") as f:
                text = f.read()
            w.write(os.path.join("conf", file), text.replace(real, wrong) if file == f"{name}.yaml" else text)
    return ["config", "check", w.path("conf")]


def another_linkage(w):
    w.pipeline.run("tipctl", "register", "build", "--staff", w.pipeline.staff(), "--linkage",
                   w.write("other.key", os.urandom(32).hex() + "\n"), "--out", w.path("registers"))
    return w.path("registers", "corruption.register")


def try_route(w, register):
    """The way of one tip through classify, dedupe and route with --try, so that route meets its tokens."""
    conf = w.with_file("route", w.pipeline.path("registers", "corruption.register"), register)
    tip = '{"narrative":"DC Rudge takes money from the scrap yard in Beddington."}\n'
    text = tip.encode()
    for name in ("classify", "dedupe"):
        import subprocess
        text = subprocess.run([w.pipeline.program(f"tipline-{name}"), "--config", w.conf(name), "--try", "--records"],
                              input=text, capture_output=True, check=True, timeout=60).stdout
    return [CONF, conf, "--try"], {"input": text}


def as_nobody(w, program_args):
    """As a user to whom nothing was given. Only root can try this."""
    return program_args, {"user": 65534, "group": 65534, "extra_groups": []}


ROWS = [
    M("a linkage key of others' reach",
      *wrong_key("tipline-classify", "classify", "linkage.key", lambda w: w.copy(w.key("linkage.key"), "key",
          0o644)),
      78, ("keys.linkage", "0644", "chmod 600 it")),
    M("a linkage key that is not there",
      *wrong_key("tipline-classify", "classify", "linkage.key", lambda w: w.path("no.key")),
      78, ("keys.linkage", "No such file")),
    M("garbage for a linkage key",
      *wrong_key("tipline-classify", "classify", "linkage.key", garbage),
      78, ("not the kind of key that is wanted here", "64 lower-case hex digits")),
    M("an empty linkage key",
      *wrong_key("tipline-classify", "classify", "linkage.key", lambda w: w.write("key", "")),
      78, ("no key in it",)),
    M("an identity for a linkage key",
      *wrong_key("tipline-classify", "classify", "linkage.key", lambda w: w.key("triage", "1.identity")),
      78, ("1.identity", "it looks like an age identity")),
    M("a folder for a linkage key",
      *wrong_key("tipline-classify", "classify", "linkage.key", lambda w: w.key("teams")),
      78, ("not a regular file",)),
    M("a curve key for a signing key",
      *wrong_key("tip-submit", "webform", "adapters/webform.sign", lambda w: w.key("adapters", "webform.curve")),
      78, ("keys.sign: ", "webform.curve", "more than one line")),
    M("a signing key for a curve key",
      *wrong_key("tip-submit", "webform", "adapters/webform.curve", lambda w: w.key("adapters", "webform.sign")),
      78, ("keys.curve: ", "webform.sign", "not 2 CURVE keys")),
    M("a linkage key for a signing key",
      *wrong_key("tip-submit", "webform", "adapters/webform.sign", lambda w: w.key("linkage.key")),
      78, ("128 lower-case hex", "looks like a linkage or bus key")),
    M("a secret for the gateway's public key",
      *wrong_key("tip-submit", "webform", "gateway.curve.pub", lambda w: w.key("gateway.curve")),
      78, ("webform.yaml:", "keys.gateway: ", "not a public CURVE key", "it looks like a key pair")),
    M("a list of adapters for the gateway's public key",
      *wrong_key("tip-submit", "webform", "gateway.curve.pub", lambda w: w.key("adapters.yaml")),
      78, ("webform.yaml:", "keys.gateway: ", "not a public CURVE key"), ("looks like",)),
    M("an identity for the root key's public half",
      *wrong_key("tip-submit", "webform", "root.pub", lambda w: w.key("triage", "1.identity")),
      78, ("webform.yaml:", "keys.root: ", "looks like an age identity"), ("AGE-SECRET-KEY",)),
    M("a public key for the gateway's pair",
      *wrong_key("tipline-gateway", "gateway", "gateway.curve", lambda w: w.copy(w.key("gateway.curve.pub"), "key")),
      78, ("not 2 CURVE keys",)),
    M("an identity for a recipient",
      *wrong_key("tipline-route", "route", "teams/corruption.recipient", lambda w: w.key("teams",
          "corruption.identity")),
      78, ("corruption.identity", "not an age recipient (age1")),
    M("a recipient for an identity",
      *wrong_key("tipline-classify", "classify", "triage", lambda w: w.copy(w.key("teams", "corruption.recipient"),
          "r")),
      78, ("no age identity in it (a line AGE-SECRET-KEY-1",)),
    M("a folder without identities",
      *wrong_key("tipline-classify", "classify", "triage", lambda w: w.folder),
      78, ("no *.identity file",)),
    M("garbage for a recipient",
      *wrong_key("tipline-route", "route", "teams/corruption.recipient", garbage),
      78, ("teams.corruption.recipient",)),
    M("a misspelt recipient",
      *wrong_key("tipline-route", "route", "teams/corruption.recipient", lambda w: w.write("r", open(w.key("teams",
          "corruption.recipient")).read().replace("age1", "age1q"))),
      78, ("not an age recipient",)),
    M("an ssh key for a recipient",
      *wrong_key("tipline-route", "route", "teams/corruption.recipient", lambda w: w.write("r",
          "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN a@b\n")),
      78, ("not an age recipient",)),
    M("two teams with one key",
      *wrong_key("tipline-route", "route", "teams/corruption.recipient", lambda w: w.key("teams",
          "oversight.recipient")),
      78, ("corruption", "oversight", "one recipient")),
    M("a team's recipient for recipients.json",
      *wrong_key("tip-submit", "webform", "recipients.json", lambda w: w.key("teams", "corruption.recipient")),
      78, ("corruption.recipient", "no JSON", "tipctl recipients sign")),
    M("adapters.yaml for recipients.json",
      *wrong_key("tipline-gateway", "gateway", "recipients.json", lambda w: w.key("adapters.yaml")),
      78, ("adapters.yaml", "no JSON")),
    M("a misspelt member in recipients.json",
      *wrong_key("tip-submit", "webform", "recipients.json", lambda w: changed_recipients(w, "signed", "singed")),
      78, ("a member that is not known",)),
    M("a list of recipients without a signature",
      *wrong_key("tip-submit", "webform", "recipients.json", unsigned),
      78, ("is not signed; sign it with the root key (tipctl recipients sign)",)),
    M("a gateway with a list without a signature",
      *wrong_key("tipline-gateway", "gateway", "recipients.json", unsigned),
      78, ("is not signed; sign it with the root key (tipctl recipients sign)",)),
    M("another site's list of recipients",
      *wrong_key("tip-submit", "webform", "recipients.json", lambda w: another_site(w, "recipients.json")),
      78, ("webform.yaml:", "keys.recipients: ", "of another site",
           "recipients.json: the list of recipients is not signed by the root key")),
    M("a gateway with another site's list",
      *wrong_key("tipline-gateway", "gateway", "recipients.json", lambda w: another_site(w, "recipients.json")),
      78, ("recipients.json: the list of recipients is not signed by the root key",)),
    M("another site's root key",
      *wrong_key("tip-submit", "webform", "root.pub", lambda w: another_site(w, "root.pub")),
      78, ("is not signed by the root key", "of another site")),
    M("the secret root key for its public half",
      *wrong_key("tip-submit", "webform", "root.pub", lambda w: w.key("root.key")),
      78, ("public root key (64 lower-case hex digits)", "looks like a signing key")),
    M("the public root key for the secret one", "tipctl",
      lambda w: ["recipients", "sign", w.copy(w.key("recipients.json"), "r"), "--root", w.copy(w.key("root.pub"), "k")],
      78, ("128 lower-case hex digits",)),
    M("a list renewed with another site's root key", "tipctl",
      lambda w: ["recipients", "sign", w.copy(w.key("recipients.json"), "r"), "--root", another_site(w, "root.key")],
      78, ("is not signed by this root key", "renew it with its own")),
    M("an epoch that is no higher", "tipctl",
      lambda w: sign_args(w, "--epoch", "1"),
      64, ("not higher than", "adapters would refuse it")),
    M("a list that has expired when it is signed", "tipctl",
      lambda w: sign_args(w, "--from", "2020-01-01", "--until", "2020-01-31"),
      64, ("expired already", "--until a later day")),
    M("a first list without its keys", "tipctl",
      lambda w: ["recipients", "sign", w.path("new.json"), "--root", w.key("root.key")],
      64, ("a first list needs --triage, --recovery and --custodian",)),
    M("a key that opens both parts", "tipctl",
      lambda w: sign_args(w, "--triage", w.key("teams", "oversight.recipient"), "--custodian",
                          w.key("teams", "oversight.recipient")),
      78, ("one key stands in two places",)),
    M("an identity to seal to", "tipctl",
      lambda w: sign_args(w, "--triage", w.key("triage", "1.identity")),
      78, ("--triage", "neither an age recipient (age1"), ("AGE-SECRET-KEY",)),
    M("recipients.json for adapters.yaml",
      *wrong_key("tipline-gateway", "gateway", "adapters.yaml", lambda w: w.key("recipients.json")),
      78, ("possible are adapters",)),
    M("an adapter id twice",
      *wrong_key("tipline-gateway", "gateway", "adapters.yaml", lambda w: changed_adapters(w, "id: 2\n", "id: 1\n")),
      78, ("id 1 is there twice",)),
    M("a misspelt key in adapters.yaml",
      *wrong_key("tipline-gateway", "gateway", "adapters.yaml", lambda w: changed_adapters(w, "channels: [web]",
          "channel: [web]")),
      78, ("did you mean channels?",)),
    M("a channel that is none in adapters.yaml",
      *wrong_key("tipline-gateway", "gateway", "adapters.yaml", lambda w: changed_adapters(w, "[web]", "[wbe]")),
      78, ("possible are web",)),
    M("a secret in adapters.yaml",
      *wrong_key("tipline-gateway", "gateway", "adapters.yaml", lambda w: changed_adapters(w, "sign: '",
          "sign: '00")),
      78, ("sign", "64 lower-case hex")),
    M("a recipient to explain with", "tipctl",
      lambda w: [CONF, w.conf("tipctl"), "explain", "0" * 32, "--identity", w.key("teams", "corruption.recipient")],
      78, ("--identity", "corruption.recipient: no age identity in it"), ("chmod",)),
    M("a letter to open an age file with", "tipctl",
      lambda w: (["age", "open", "-i", w.write("README.md", "read me\n", 0o644)], {"input": b"x"}),
      78, ("-i", "README.md: no age identity in it"), ("chmod",)),
    M("an identity that is not there", "tipctl",
      lambda w: [CONF, w.conf("tipctl"), "explain", "0" * 32, "--identity", w.path("no.identity")],
      64, ("--identity", "no.identity", "No such file")),
    M("bus keys that are not there", "tipctl",
      lambda w: [CONF, w.conf("tipctl"), "explain", "0" * 32, "--bus-key", w.path("no-bus")],
      64, ("--bus-key", "no-bus", "No such file")),
    M("markers that are not there", "tipctl",
      lambda w: ["canary", "search", "--markers", w.path("m.yaml"), "--pid", "none"],
      64, ("--markers", "m.yaml", "No such file")),
    M("a file of recipients that is not there", "tipctl",
      lambda w: (["age", "seal", "-R", w.path("r")], {"input": b"x"}),
      64, ("-R", "No such file")),
    M("an identity to open with that is not there", "tipctl",
      lambda w: (["age", "open", "-i", w.path("no.identity")], {"input": b"x"}),
      64, ("-i", "no.identity", "No such file")),
    M("a staff list that is not there", "tipctl",
      lambda w: ["register", "build", "--linkage", w.key("linkage.key"), "--out", w.path("out"), "--staff",
          w.path("s.yaml")],
      64, ("--staff", "s.yaml", "No such file")),
    M("a linkage key for a register that is not there", "tipctl",
      lambda w: ["register", "build", "--linkage", w.path("no.key"), "--out", w.path("out"), "--staff",
          w.pipeline.staff()],
      64, ("--linkage", "no.key", "No such file")),
    M("receipts that are not there", "tipctl",
      lambda w: [CONF, w.conf("tipctl"), "reconcile", w.path("told.jsonl")],
      64, ("the receipts file", "told.jsonl", "No such file")),
    M("a register that is not there", "tipline-route",
      lambda w: [CONF, w.with_file("route", w.pipeline.path("registers", "corruption.register"),
          w.path("no.register")), "--check"],
      78, ("teams.corruption.register", "no.register", "No such file")),
    M("a register over one of another linkage key", "tipctl",
      lambda w: (another_linkage(w), ["register", "build", "--linkage", w.key("linkage.key"), "--out",
          w.path("registers"), "--staff", w.pipeline.staff()])[1],
      78, (".register: is not replaced: it is of another linkage key", "append this file", "tipline-register(5)")),
    M("an adapter without a channel", "tipctl",
      lambda w: ["keys", "init", w.path("k"), "--adapters", "webform:1:web,desk:2"],
      64, ("--adapters: desk:2", "NAME:ID:CHANNEL")),
    M("an adapter of an odd channel", "tipctl",
      lambda w: ["keys", "init", w.path("k"), "--adapters", "desk:2:email"],
      64, ("--adapters: desk:2:email", "no channel \"email\"")),
    M("a team of an odd name", "tipctl",
      lambda w: ["keys", "init", w.path("k"), "--teams", "Cor ruption"],
      64, ("--teams", "Cor ruption")),
    # The bus.
    M("an empty folder of bus keys", "tipline-dedupe",
      lambda w: [CONF, w.with_file("dedupe", bus_of(w, "dedupe"), bus_folder(w, None))],
      78, ("no EPOCH.key file",)),
    M("a bus key with a wrong name", "tipline-dedupe",
      lambda w: [CONF, w.with_file("dedupe", bus_of(w, "dedupe"), bus_folder(w, "bus.key"))],
      78, ("EPOCH.key or EPOCH.TOPIC.key",)),
    M("a bus key too short", "tipline-dedupe",
      lambda w: [CONF, w.with_file("dedupe", bus_of(w, "dedupe"), bus_folder(w, "1.key", "00"))],
      78, ("64 lower-case hex",)),
    M("a file for the folder of bus keys", "tipline-dedupe",
      lambda w: [CONF, w.with_file("dedupe", bus_of(w, "dedupe"), w.key("linkage.key"))],
      78, ("is not a folder",)),
    M("another topic's bus key", "tipline-sink",
      lambda w: [CONF, w.with_file("sink", bus_of(w, "sink"), bus_folder(w, "1.tip.linked.key"))],
      78, ("no bus key for topic case.routed", "put EPOCH.key")),
    M("the sink's bus keys for dedupe", "tipline-dedupe",
      lambda w: [CONF, w.with_file("dedupe", bus_of(w, "dedupe"), bus_of(w, "sink"))],
      78, ("no bus key for topic tip.classified", "put EPOCH.key")),
    M("a bus key of another pipeline", "tipctl",
      lambda w: check_together(w, "dedupe", bus_of(w, "dedupe"), other_bus(w, 1)),
      78, ("two keys under one epoch", "dedupe.yaml")),
    M("a bus key of another epoch", "tipctl",
      lambda w: check_together(w, "classify", bus_of(w, "classify"), other_bus(w, 2)),
      78, ("no bus key of epoch 2", "dedupe.yaml")),
    M("what a wrong bus key leaves behind", "tipctl",
      lambda w: ["formats", "reasons"],
      0, ("record\\-seal", "compare the bus keys")),
    # Registers.
    M("a register of another linkage key", "tipline-route",
      lambda w: try_route(w, another_linkage(w)),
      78, ("another linkage key", "build it anew")),
    M("a staff list for a register", "tipline-route",
      lambda w: [CONF, w.with_file("route", w.pipeline.path("registers", "corruption.register"),
          w.pipeline.staff())],
      78, ("does not begin with",)),
    M("an empty register", "tipline-route",
      lambda w: [CONF, w.with_file("route", w.pipeline.path("registers", "corruption.register"), w.write("r", ""))],
      78, ("does not begin with",)),
    M("a team without a register", "tipline-route",
      given("route", change=[('    register: "none"\n', "")]),
      78, ("teams.oversight.register", "'none'")),
    M("a misspelt key in a staff list", "tipctl",
      lambda w: ["register", "build", "--linkage", w.key("linkage.key"), "--out", w.path("out"), "--staff",
          w.write("s.yaml", "corruption:\n  - surnme: Rudge\n")],
      78, ("did you mean surname?",)),
    M("a nameless member of staff", "tipctl",
      lambda w: ["register", "build", "--linkage", w.key("linkage.key"), "--out", w.path("out"), "--staff",
          w.write("s.yaml", "corruption:\n  - forename: Ann\n")],
      78, ("needs a surname or a number",)),
    M("register build without a key", "tipctl",
      lambda w: ["register", "build", "--staff", w.pipeline.staff()],
      64, ("--linkage FILE",)),
    M("register build with a wrong key", "tipctl",
      lambda w: ["register", "build", "--linkage", w.key("recovery.identity"), "--out", w.path("out"), "--staff",
          w.pipeline.staff()],
      78, ("looks like an age identity",)),
    # Making keys.
    M("keys twice", "tipctl",
      lambda w: ["keys", "init", w.pipeline.path("keys")],
      78, ("there already and is not overwritten",)),
    M("keys with a channel that is none", "tipctl",
      lambda w: ["keys", "init", w.path("k"), "--adapters", "web:1:wbe"],
      64, ("wbe", "web, phone")),
    M("keys with an adapter without a number", "tipctl",
      lambda w: ["keys", "init", w.path("k"), "--adapters", "web:web"],
      64, ("NAME:ID:CHANNEL",)),
    M("keys with an odd team", "tipctl",
      lambda w: ["keys", "init", w.path("k"), "--teams", "Corruption!"],
      64, ("1 to 63 of a-z",)),
    M("keys into a folder that is not there", "tipctl",
      lambda w: ["keys", "init", w.path("a", "b", "k")],
      71, ("No such file",)),
    # An adapter for a site that runs.
    M("an adapter whose name is taken", "tipctl",
      lambda w: [CONF, w.conf("tipctl"), "keys", "add", "adapter", "webform:web"],
      78, ("there is an adapter webform already", "keys rotate adapter webform")),
    M("an adapter whose number is taken", "tipctl",
      lambda w: [CONF, w.conf("tipctl"), "keys", "add", "adapter", "kiosk:1:web"],
      78, ("1 is the number of adapter webform", "leave it out")),
    M("an adapter on a channel that is none", "tipctl",
      lambda w: [CONF, w.conf("tipctl"), "keys", "add", "adapter", "kiosk:wbe"],
      64, ("kiosk:wbe", "web, phone")),
    M("an adapter with an odd name", "tipctl",
      lambda w: [CONF, w.conf("tipctl"), "keys", "add", "adapter", "Kiosk!:web"],
      64, ("1 to 63 of a-z",)),
    M("an adapter without a channel", "tipctl",
      lambda w: [CONF, w.conf("tipctl"), "keys", "add", "adapter", "kiosk"],
      64, ("NAME:ID:CHANNEL", "next free number")),
    M("a team where an adapter is added", "tipctl",
      lambda w: [CONF, w.conf("tipctl"), "keys", "add", "team", "corruption"],
      64, ("keys add adapter NAME",)),
    M("a rotation of an adapter that is none", "tipctl",
      lambda w: [CONF, w.conf("tipctl"), "keys", "rotate", "adapter", "kiosk"],
      78, ("no adapter \"kiosk\" on the list", "keys add adapter")),
    # Users.
    M("the wrong user", "tipline-classify",
      lambda w: as_nobody(w, [CONF, w.conf("classify"), "--check"]),
      78, ("Permission denied", "runs as user 65534"), root=True),
    M("a key of another user", "tipline-classify",
      lambda w: owned_by_another(w),
      78, ("belongs to user 65534", "chown it"), root=True),
    *([] if ADDRESS_SANITIZER else [M("no locked memory", "tipline-classify",
      lambda w: no_locked(w),
      78, ("RLIMIT_MEMLOCK", "LimitMEMLOCK="), root=True)]),
]


def owned_by_another(w):
    path = w.copy(w.key("linkage.key"), "key")
    os.chown(path, 65534, 65534)
    return [CONF, w.with_file("classify", w.key("linkage.key"), path), "--check"]


def no_locked(w):
    import resource
    return [CONF, w.conf("classify"), "--check"], {
        "preexec_fn": lambda: (resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0)), drop_ipc_lock())}


def drop_ipc_lock():
    """Root may lock what it likes unless it gives the right up."""
    import ctypes
    PR_CAPBSET_DROP, CAP_IPC_LOCK = 24, 14
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0)
