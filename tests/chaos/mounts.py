# SPDX-License-Identifier: Apache-2.0
"""Small file systems that can be filled: tmpfs, in a mount namespace of this process and its children alone, so that
nothing stays mounted however the run ends.
"""
import ctypes
import errno
import os
import shutil
import subprocess

NEW_MOUNTS, NEW_USERS = 0x00020000, 0x10000000
MIB = 1 << 20


def unshare(flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def own_namespace():
    """Returns None, or why no file system can be mounted. To be called before any thread is started."""
    uid, gid = os.getuid(), os.getgid()
    try:
        try:
            unshare(NEW_MOUNTS)
        except PermissionError:  # not root: become it, in a user namespace
            unshare(NEW_MOUNTS | NEW_USERS)
            for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
                with open(f"/proc/self/{name}", "w", encoding="ascii") as f:
                    f.write(text)
        subprocess.run(["mount", "--make-rprivate", "/"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no mount namespace: {getattr(error, 'stderr', '') or error}"
    return None


class SmallDisk:
    """A tmpfs on a folder. It has room to grow until it is filled; then no byte is left until it is freed."""
    room = 512 * MIB

    def __init__(self, folder):
        self.folder = folder
        self.ballast = os.path.join(folder, "ballast")
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.room},mode=0700", "tipline-chaos", folder],
                       check=True, capture_output=True, text=True)

    def _resize(self, size):
        """False when more than that is used."""
        return subprocess.run(["mount", "-o", f"remount,size={size}", self.folder], stdin=subprocess.DEVNULL,
                              capture_output=True).returncode == 0

    def _used(self):
        s = os.statvfs(self.folder)
        return (s.f_blocks - s.f_bfree) * s.f_frsize

    def fill(self):
        """Takes what is left, also what was given back since the last call."""
        slack = 4 * MIB
        while not os.path.exists(self.ballast) and not self._resize(self._used() + slack) and slack < self.room:
            slack *= 2  # the daemons write on meanwhile
        with open(self.ballast, "ab") as f:
            for size in (MIB, 65536, 4096):
                try:
                    while True:
                        os.posix_fallocate(f.fileno(), os.fstat(f.fileno()).st_size, size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def free(self):
        self._resize(self._used() + self.room)
        if os.path.exists(self.ballast):
            os.unlink(self.ballast)
        self._resize(self._used() + self.room)

    def keep(self):
        """What lies on it, to where it is still there when this process and its mounts are gone."""
        copy = self.folder + ".copy"
        shutil.copytree(self.folder, copy)
        subprocess.run(["umount", "-l", self.folder], check=True, capture_output=True, text=True)
        os.rmdir(self.folder)
        os.rename(copy, self.folder)
