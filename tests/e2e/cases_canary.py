# SPDX-License-Identifier: Apache-2.0
"""Nothing of a tip lies readable anywhere but in its case: `tipctl canary`, and what it finds after a hard run.

Guarantee 4 is test_no_marker_anywhere. Broken by hand, it failed there: stage_batch.c without mem_wipe_stack, or
(seldom) with its wipes behind the commit; buf_clear and buf_release, normal_wipe, or fill of lines.c without mem_wipe;
Jansson on plain free; an arena without mem_wipe (which also breaks what an arena promises).
"""
import base64
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.parse

from broker import wait_until
from cases_intake import tips_in_store
from expect import ADDRESS_SANITIZER, equal, holds
from pipeline import DAEMONS, WORKERS, yaml_lines

MARKER = "KofadumiloREpasuTInogevibaza"
NOT_ROOT = "only root can look into a daemon's memory"


def canary(pipeline, markers, *args, check=None, conf=None, **kwargs):
    """`tipctl canary search`; returns what it reports. `check`: the status that it must end with."""
    argv = ["--config", conf] if conf else []
    result = pipeline.run("tipctl", *argv, "--json", "canary", "search", "--markers", markers, *args, check=False,
                          **kwargs)
    if check is not None:
        equal(result.returncode, check, f"canary search: {result.stderr}{result.stdout[-2000:]}")
    report = json.loads(result.stdout) if result.stdout else None
    holds(MARKER not in result.stdout + result.stderr, "the report shows a marker")
    return report


def fresh_folder(pipeline, name):
    folder = pipeline.path(name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, mode=0o700)
    return folder


def write_markers(folder, markers):
    path = os.path.join(folder, "markers.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join(f"{name}: {marker}\n" for name, marker in markers.items()))
    return path


# -- what is planted is found ----------------------------------------------------------------------------------

def encodings(marker):
    """Each form of a marker, made by Python's own libraries: name, bytes, what the report calls it."""
    raw = marker.encode()
    yield "plain", raw, "utf-8"
    yield "folded", marker.lower().encode(), "utf-8 lower case"
    yield "shouted", marker.upper().encode(), "utf-8 upper case"
    yield "utf16le", marker.encode("utf-16-le"), "utf-16le"
    yield "utf16be", marker.encode("utf-16-be"), "utf-16be"
    for shift in range(3):
        yield f"base64-{shift}", base64.b64encode(b"\x91" * shift + raw + b"\x17\x18"), "base64 +"
    yield "hex", raw.hex().encode(), "hex"
    yield "HEX", raw.hex().upper().encode(), "hex"
    yield "percent", "".join(f"%{b:02x}" for b in raw).encode(), "percent"
    yield "PERCENT", "".join(f"%{b:02X}" for b in raw).encode(), "percent"
    yield "json", "".join(f"\\u{ord(c):04x}" for c in marker).encode(), "json"
    yield "JSON", "".join(f"\\u{ord(c):04X}" for c in marker).encode(), "json"


def test_canary_finds_each_encoding(pipeline):
    """canary finds a marker in a file as UTF-8, UTF-16, percent, Base64 at each alignment, hex and JSON escapes"""
    folder = fresh_folder(pipeline, "planted")
    markers = write_markers(folder, {"name": MARKER})
    want = {}
    for name, content, encoding in encodings(MARKER):
        path = os.path.join(folder, f"{name}.bin")
        with open(path, "wb") as f:
            f.write(os.urandom(len(want) * 7) + content + b"." + os.urandom(33))
        want[path] = encoding
    report = canary(pipeline, markers, "--pid", "none", folder, check=1)
    found = {(hit["place"], hit["encoding"]) for hit in report["hits"]}
    equal({place for place, _ in found}, set(want), "files with a hit")
    for path, encoding in want.items():
        holds(any(p == path and e.startswith(encoding) for p, e in found), f"{path} is not told as {encoding}")
    equal({hit["marker"] for hit in report["hits"]}, {"name"}, "markers by name")
    # Each once, but that ASCII in UTF-16LE is UTF-16BE too, a byte earlier.
    equal(report["n_hits"], len(want) + 1, "hits")


def test_canary_knows_other_scripts(pipeline):
    """canary finds a marker beyond ASCII as libraries escape it, and what was cut from its beginning"""
    folder = fresh_folder(pipeline, "scripts")
    marker = "Žofie “Q” Łuczak 김말똥"
    markers = write_markers(folder, {"name": json.dumps(marker, ensure_ascii=False)})
    forms = {"percent": urllib.parse.quote(marker), "json": json.dumps(marker), "utf-8": f"…{marker[5:]}",
             "utf-16le": marker.encode("utf-16-le")}
    for encoding, content in forms.items():
        with open(os.path.join(folder, encoding), "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
    report = canary(pipeline, markers, "--pid", "none", folder, check=1)
    equal({(os.path.basename(h["place"]), h["encoding"]) for h in report["hits"]}, {(e, e) for e in forms}, "hits")


def plant_hard_places(folder):
    """Where a search is easily blind: beyond a hole, over the edges of what it reads at once, in a name."""
    paths = []
    for at in (1 << 20, (1 << 20) - 5, (1 << 20) + 1200, (64 << 20) - 9):
        paths.append(os.path.join(folder, f"at-{at}"))
        with open(paths[-1], "wb") as f:
            f.seek(at if at > 32 << 20 else 0)
            f.write(b"" if at > 32 << 20 else b"." * at)
            f.write(MARKER.encode())
    os.makedirs(os.path.join(folder, "deep", "deeper"))
    paths.append(os.path.join(folder, "deep", "deeper", "file"))
    with open(paths[-1], "w", encoding="ascii") as f:
        f.write(MARKER)
    with open(os.path.join(folder, f"case of {MARKER}"), "wb"):
        paths.append(f"a name in {folder}/")
    return paths


HOLDER = """
import ctypes, sys, tempfile
held = ctypes.create_string_buffer(sys.stdin.readline().strip().encode("utf-16-le"))
nameless = tempfile.TemporaryFile()
nameless.write(sys.argv[1].encode().hex().encode())
nameless.flush()
print("ready", flush=True)
sys.stdin.readline()
"""


def holder(**env):
    """A process with the marker in its memory, its environment, its command line and a file without a name."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, MARKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True, env={**os.environ, **env})
    process.stdin.write(MARKER + "\n")
    process.stdin.flush()
    equal(process.stdout.readline(), "ready\n", "the process that holds a marker")
    return process


class Talkative(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404)
        self.send_header("X-Path", MARKER if self.path == "/" else "-")
        self.end_headers()
        self.wfile.write((MARKER if self.path == "/status" else "-").encode())

    def log_message(self, *_):
        pass


def test_canary_finds_each_place(pipeline):
    """canary finds a marker in a hole-ridden file, a name, a process and its nameless files, and HTTP answers"""
    folder = fresh_folder(pipeline, "places")
    markers = write_markers(folder, {"name": MARKER})
    paths = plant_hard_places(folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Talkative)
    address = f"127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    conf = os.path.join(fresh_folder(pipeline, "places-conf"), "tipctl.yaml")
    with open(conf, "w", encoding="utf-8") as f:
        f.write("\n".join(yaml_lines({"kafka": {"brokers": ["127.0.0.1:9"]}, "store": os.path.join(folder, "at-"),
                                      "daemons": {"gateway": address}})) + "\n")
    process = holder(CARRIES=MARKER)
    try:
        report = canary(pipeline, markers, "--pid", str(process.pid), folder, "-", conf=conf, check=1, stdin=None,
                        input=MARKER)
    finally:
        process.communicate("\n", timeout=20)
        server.shutdown()
        server.server_close()
    found = {hit["place"] for hit in report["hits"]}
    for place in paths + [f"http://{address}/status", f"http://{address}/", "standard input",
                          f"/proc/{process.pid}/environ", f"/proc/{process.pid}/cmdline"]:
        holds(place in found, f"nothing found in {place}: {sorted(found)}")
    kinds = {(hit["place"].split(" ")[0], hit["encoding"]) for hit in report["hits"]}
    holds((f"/proc/{process.pid}/mem", "utf-16le") in kinds, f"nothing found in memory: {kinds}")
    holds(any(p.startswith(f"/proc/{process.pid}/fd/") and e == "hex" for p, e in kinds), f"nameless file: {kinds}")
    rows = {row["place"] for row in report["places"]}
    holds(os.path.join(folder, "at-") + "*" in rows, "the store of the configuration is searched")


def test_canary_says_what_it_cannot_search(pipeline):
    """canary does not say that all is well where it was refused: status 71, and which right is wanted"""
    folder = fresh_folder(pipeline, "unread")
    markers = write_markers(folder, {"name": MARKER})
    report = canary(pipeline, markers, "--pid", "none", os.path.join(folder, "nothing"), check=71)
    holds("No such file" in report["not_searched"][0]["why"], f"{report}")
    os.symlink(os.path.join(folder, "nowhere"), os.path.join(folder, "dangling"))
    for what in ("/dev/null", os.path.join(folder, "dangling")):
        report = canary(pipeline, markers, "--pid", "none", what, check=71)
        holds("neither a file nor a folder" in report["not_searched"][0]["why"], f"{what}: {report}")
    conf = shutil.copy(pipeline.conf_of("tipctl"), os.path.join(folder, "tipctl.yaml"))
    for text, why in (("link: {strong: 0.5\n", "dedupe.yaml"), ("link: {strong: 0.5}\n", "names no index")):
        with open(os.path.join(folder, "dedupe.yaml"), "w", encoding="ascii") as f:
            f.write(text)
        report = canary(pipeline, markers, "--pid", "none", conf=conf, check=71)
        told = [f"{row['place']}: {row['why']}" for row in report["not_searched"] if "dedupe.yaml" in row["place"]]
        holds(told and why in told[0], f"{report['not_searched']}")
    if os.geteuid() != 0:
        return NOT_ROOT
    pid = pipeline.daemons["classify"].process.pid
    with tempfile.TemporaryDirectory() as open_to_all:
        os.chmod(open_to_all, 0o755)
        markers = write_markers(open_to_all, {"name": MARKER})
        report = canary(pipeline, markers, "--pid", str(pid), check=71, user=65534, group=65534, extra_groups=[])
    refused = {row["place"]: row["why"] for row in report["not_searched"]}
    for part in ("environ", "maps", "fd", "mem"):
        holds("CAP_SYS_PTRACE" in refused.get(f"/proc/{pid}/{part}", ""), f"{part}: {refused}")
    return None


# -- the whole pipeline ----------------------------------------------------------------------------------------

def planted_tips(pipeline, folder, n):
    """Documents from `tipctl canary tip`, and all their markers under names of their own."""
    tips, markers = [], {}
    for i in range(n):
        path = os.path.join(folder, "one.yaml")
        tips.append(json.loads(pipeline.run("tipctl", "canary", "tip", "--markers", path).stdout))
        with open(path, encoding="utf-8") as f:
            lines = [line.strip().split(": ") for line in f if not line.startswith("#")]
        os.unlink(path)
        markers.update({f"{i} {name}": marker for name, marker in lines})
        holds(all(m in json.dumps(tips[-1]) for _, m in lines), "each marker stands in its tip")
    equal(len(set(markers.values())), len(markers), "markers are unique")
    return tips, markers


LIMITS = {"narrative": 3000, "relation": 200, "where": 1000, "when": 1000, "contact_details": 500, "number": 50,
          "rank": 100, "as_written": 1000}


def make_dense(members):
    """Each text all of its marker, so that any piece that is left behind somewhere shows one."""
    for name, text in members.items():
        if isinstance(text, str) and name != "contact":
            marker = text.split()[0]
            members[name] = marker * (LIMITS.get(name, 200) // len(marker))


def make_various(tips):
    """Sizes of each bucket, escapes, one that goes to oversight and one that is parked; and then one of each length:
    which bytes a cipher leaves in its frame depends on where its last whole block ends."""
    words = "He takes money in the minicab office for raids that he tells the dealer of. "
    for tip, size in zip(tips, (0, 6, 120, 600, 2300)):
        tip["narrative"] += " " + words * size + tip["subjects"][0]["name"] + " \"é\"\n" + tip["relation"]
    tips[5]["narrative"] += " DI Quillfeather tells the drug dealers in Peckham about raids for five hundred pounds."
    tips[6]["channel"] = "phone"  # which the adapter may not use
    make_dense(tips[7])
    make_dense(tips[7]["subjects"][0])
    for i, tip in enumerate(tips[8:]):
        tip["narrative"] += " so" * (21 * i)
    return tips


def with_debug_log(pipeline):
    for name in DAEMONS:
        daemon = pipeline.daemons[name]
        daemon.argv = [*daemon.argv, "--log-level", "debug"]
        daemon.kill(signal.SIGTERM)
    wait_until(lambda: all(pipeline.ready(n) for n in DAEMONS), 40, "the daemons with debug log")


def feed_with_kills(pipeline, tips):
    """Through a pipe that stays open, each worker killed once in the middle; returns the adapter, idle."""
    adapter = subprocess.Popen([pipeline.program("tip-submit"), "--config", pipeline.conf_of("webform")],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for i, tip in enumerate(tips):
        adapter.stdin.write(json.dumps(tip, ensure_ascii=bool(i % 2)) + "\n")
        adapter.stdin.flush()
        equal(adapter.stdout.readline().split(":")[1].split()[0], "accepted", f"tip {i}")
        if i < len(WORKERS):
            pipeline.daemons[WORKERS[i]].kill(signal.SIGKILL)
    return adapter


def search_everything(pipeline, markers, adapter):
    """On disk and over HTTP by whoever runs this, in memory by root, of programs without sanitizers."""
    looks = os.geteuid() == 0 and not ADDRESS_SANITIZER
    pids = [pipeline.daemons[name].process.pid for name in DAEMONS] + [adapter.pid] if looks else []
    report = canary(pipeline, markers, "--pid", ",".join(map(str, pids)) or "none", pipeline.state,
                    conf=pipeline.conf_of("tipctl"))
    for hit in report["hits"]:
        for pid, name in zip(pids, [*DAEMONS, "tip-submit"]):
            hit["place"] = hit["place"].replace(f"/proc/{pid}/", f"{name} ")
    for pid in pids:
        memory = [row["bytes"] for row in report["places"] if row["kind"] == "memory" and
                  row["place"].startswith(f"{pid} ")]
        holds(memory and memory[0] > 1 << 20, f"{pid}: {memory} bytes of memory were searched")
    equal(len([row for row in report["places"] if row["kind"] == "http"]), len(DAEMONS), "daemons asked over HTTP")
    files = next(row for row in report["places"] if row["place"] == pipeline.state)
    holds(files["objects"] > 50, f"only {files['objects']} files were searched")
    return report


def open_as(pipeline, identity, tip_id, which):
    argv = [pipeline.program("tipctl"), "--config", pipeline.conf_of("tipctl"), "cases", "show", tip_id, which]
    sealed = subprocess.run(argv, capture_output=True, check=True, stdin=subprocess.DEVNULL, timeout=60).stdout
    return subprocess.run(["age", "-d", "-i", identity], input=sealed, capture_output=True,
                          check=True).stdout.decode(errors="replace")


def fields_in(pipeline, markers, text):
    report = canary(pipeline, markers, "--pid", "none", "-", check=1, stdin=None, input=text)
    return {hit["marker"] for hit in report["hits"]}


def right_identities_open(pipeline, markers, names, before):
    """Cases opened by their teams have every field but the contact's; the custodian's seals have those alone."""
    rows = {tip_id: row for tip_id, row in tips_in_store(pipeline).items() if tip_id not in before}
    cases = [open_as(pipeline, pipeline.path("keys", "teams", f"{row['teams'][0]}.identity"), tip_id, "--sealed")
             for tip_id, row in rows.items()]
    custodian = pipeline.path("keys", "custodian.identity")
    contacts = [open_as(pipeline, custodian, tip_id, "--contact") for tip_id in rows]
    stored = {name for name in names if name.split()[0] != "6"}  # the one that is parked
    contact = {name for name in stored if "contact" in name}
    equal(fields_in(pipeline, markers, "\n".join(cases)), stored - contact, "fields of the cases")
    equal(fields_in(pipeline, markers, "\n".join(contacts)), contact, "fields of the contact seals")


def test_no_marker_anywhere(pipeline):
    """tips full of markers, debug logs, workers killed in the middle: no marker on disk, over HTTP or in memory"""
    folder = fresh_folder(pipeline, "canary")
    tips, planted = planted_tips(pipeline, folder, 16)
    markers, before = write_markers(folder, planted), set(tips_in_store(pipeline))
    plain = {name: pipeline.daemons[name].argv for name in DAEMONS}
    with_debug_log(pipeline)
    adapter = None
    try:
        adapter = feed_with_kills(pipeline, make_various(tips))
        pipeline.wait_drained(60)
        report = search_everything(pipeline, markers, adapter)
        equal(report["hits"], [], "places where a marker lies readable")
        holds(all("markers themselves" in row["why"] for row in report["not_searched"]), f"{report['not_searched']}")
        right_identities_open(pipeline, markers, planted, before)
    finally:
        if adapter:
            adapter.communicate(timeout=60)
        for name, argv in plain.items():
            pipeline.daemons[name].argv = argv
            pipeline.daemons[name].kill(signal.SIGTERM)
        wait_until(lambda: all(pipeline.ready(n) for n in DAEMONS), 40, "the daemons with their usual log")
        shutil.rmtree(folder)
    equal(adapter.returncode, 0, "tip-submit")


def test_flags_leave_the_command_line(pipeline):
    """a tip given by flags does not stay readable in the process's command line while it waits for its answer"""
    narrative = f"PC {MARKER} of Barking sells addresses for cash."
    gateway = pipeline.daemons["gateway"]
    gateway.kill(signal.SIGSTOP)
    process = None
    try:
        process = subprocess.Popen([pipeline.program("tip-submit"), "--config", pipeline.conf_of("callhandler"),
                                    "--narrative", narrative, "--wait", "60"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def command_line():
            with open(f"/proc/{process.pid}/cmdline", encoding="utf-8") as f:
                return f.read()
        wait_until(lambda: "--narrative" in command_line() and MARKER not in command_line(), 20, "the flag to be wiped")
    finally:
        gateway.kill(signal.SIGCONT)
        if process:
            process.communicate(timeout=90)
    equal(process.returncode, 0, "tip-submit")
