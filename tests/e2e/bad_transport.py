# SPDX-License-Identifier: Apache-2.0
"""Bad inputs of the transport: greetings that no ZeroMQ peer of ours sends, and peers that keep no rule."""
import os
import socket
import subprocess
import time

from expect import holds

PATIENCE = 20  # the gateway gives a handshake 5 s
GREETING = b"\xff" + b"\0" * 8 + b"\x7f" + b"\x03\x00"  # signature and version of ZMTP 3.0
NULL = GREETING + b"NULL".ljust(20, b"\0") + b"\0" + b"\0" * 31
NULL_READY = b"\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0"

# name: what is said at once; the gateway must close the connection. "drip": a byte now and then of a good greeting.
GREETINGS = {
    "a silent TCP connection": b"",
    "NULL mechanism": NULL + NULL_READY,
    "PLAIN mechanism": GREETING + b"PLAIN".ljust(20, b"\0") + b"\0" + b"\0" * 31,
    "ZMTP 1": b"\x01\x00\x05\x00ping",
    "ZMTP 2": b"\xff" + b"\0" * 8 + b"\x7f" + b"\x01\x05\x00\x00",
    "a web browser": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "random bytes": os.urandom(4096),
    "CURVE, then nothing": GREETING + b"CURVE".ljust(20, b"\0") + b"\0" + b"\0" * 31,
    "CURVE, then rubbish": GREETING + b"CURVE".ljust(20, b"\0") + b"\0" + b"\0" * 31 + b"\x04\x08\x05HELLO\x01\x00",
    "CURVE, then a frame of 2^63 bytes": GREETING + b"CURVE".ljust(20, b"\0") + b"\0" + b"\0" * 31 +
                                         b"\x06\x7f" + b"\xff" * 7,
}
LORIS = GREETING + b"CURVE".ljust(20, b"\0") + b"\0" + b"\0" * 31
DRIP = 0.4

# case of curve_peer: what it must say.
PEERS = {
    "over-limit": "nack too-large",
    "over-message": "hello-first",
    "no-part": "pong",
    "many-parts": "nack bad-frame",
    "unknown-key": "refused",
}


def silent_crowd(port, number):
    """Connections that say nothing; the caller closes them."""
    return [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(number)]


def closed_by_gateway(port, said, drip=0.0):
    """True when the gateway ends the connection, whatever it said before."""
    end = time.monotonic() + PATIENCE
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as peer:
        try:
            if not drip:
                peer.sendall(said)
            peer.settimeout(drip or PATIENCE)
            while time.monotonic() < end:
                if drip and said:
                    peer.sendall(said[:1])
                    said = said[1:]
                try:
                    if not peer.recv(4096):
                        return True
                except socket.timeout:
                    continue
        except (ConnectionError, BrokenPipeError):
            return True
    return False


def tool(pipeline, name):
    """A program of tests/e2e, which the Makefile builds beside the unit tests."""
    path = os.path.join(os.path.dirname(pipeline.bin), "tests", name)
    holds(os.path.exists(path), f"{path} is not built: make e2e builds it")
    return path


def curve_peer(pipeline, case, **kwargs):
    """Starts tests/e2e/curve_peer.c as the adapter desk-c."""
    argv = [tool(pipeline, "curve_peer"), f"127.0.0.1:{pipeline.gateway_port}",
            pipeline.path("keys", "gateway.curve.pub"), pipeline.path("keys", "adapters", "desk-c.curve"), case]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            **kwargs)
