#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Stamp chosen points of a guest kernel with QEMU's count of instructions, from outside.

Talks to QEMU's gdb stub. At each hardware breakpoint the monitor is asked how
many instructions the guest has executed (QEMU knows that while it records, see
bench.sh). So the kernel under test needs no code for it, and that the guest's
clock goes on at a stop, to the next timer, does not matter.

Stamped are: entry and return of liveupdate_reboot() and of memblock_free_all(),
entry of kho_memory_init(), and of what machine_kexec() jumps to: the purgatory
and then the entry of the next kernel.

Prints one line "@ stamp NAME COUNT" each; exit status 0 when the guest ended,
1 when the stub could not be talked to.
"""
import argparse
import re
import socket
import struct
import sys
import time

RDI, RSP, RIP = 5, 7, 16

# struct kimage: where ->start, ->nr_segments and ->segment are, and the size of one
KIMAGE_START, KIMAGE_NR_SEGMENTS, KIMAGE_SEGMENT = 24, 56, 64
SEGMENT_SIZE = 32
ENTRY_64 = 0x200        # of a bzImage, from the start of its loaded part


class Stub:
    """The part of the gdb remote protocol that is needed here."""

    def __init__(self, path, patience):
        limit = time.monotonic() + patience
        self.sock = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.sock.connect(path)
                break
            except OSError:
                if time.monotonic() > limit:
                    raise
                time.sleep(0.05)
        self.buf = b""

    def _byte(self):
        if not self.buf:
            self.buf = self.sock.recv(65536)
            if not self.buf:
                raise EOFError
        byte, self.buf = self.buf[:1], self.buf[1:]
        return byte

    def send(self, text):
        data = text.encode()
        self.sock.sendall(b"$" + data + b"#%02x" % (sum(data) & 0xff))

    def reply(self):
        """The next packet; acknowledgements are skipped and given."""
        while self._byte() != b"$":
            pass
        data = b""
        while (byte := self._byte()) != b"#":
            data += byte
        self._byte()
        self._byte()
        self.sock.sendall(b"+")
        return data.decode()

    def ask(self, text):
        self.send(text)
        return self.reply()

    def order(self, text):
        answer = self.ask(text)
        if answer != "OK":
            raise RuntimeError(f"{text}: {answer}")

    def register(self, number):
        return struct.unpack_from("<Q", bytes.fromhex(self.ask("g")[:17 * 16]), number * 8)[0]

    def read(self, address, size):
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))

    def read64(self, address):
        return struct.unpack("<Q", self.read(address, 8))[0]

    def monitor(self, command):
        """What the monitor prints, as text."""
        text, answer = "", self.ask("qRcmd," + command.encode().hex())
        while answer.startswith("O") and answer != "OK":
            text += bytes.fromhex(answer[1:]).decode()
            answer = self.reply()
        return text


class Stamper:
    """Runs the guest from breakpoint to breakpoint."""

    def __init__(self, stub, symbols):
        self.stub = stub
        self.points = {}                # address: (name, what else to do)
        for name, follow in (("kho_memory_init", self._at_return),
                             ("memblock_free_all", self._at_return),
                             ("liveupdate_reboot", self._at_return),
                             ("machine_kexec", self._at_jump)):
            if name in symbols:
                self._add(symbols[name], name, follow)

    def _add(self, address, name, follow=None):
        if address not in self.points:
            self.points[address] = (name, follow)
            self.stub.order(f"Z1,{address:x},1")

    def _remove(self, address):
        del self.points[address]
        self.stub.order(f"z1,{address:x},1")

    def _at_return(self, name, address):
        """The entry is watched again from then on: see _stop()."""
        def again(*_):
            self._add(address, name, self._at_return)

        self._add(self.stub.read64(self.stub.register(RSP)), name + ".return", again)

    def _at_jump(self, *_):
        image = self.stub.register(RDI)
        start = self.stub.read64(image + KIMAGE_START)
        self._add(start, "purgatory")
        for i in range(self.stub.read64(image + KIMAGE_NR_SEGMENTS)):
            segment = image + KIMAGE_SEGMENT + i * SEGMENT_SIZE
            base, size = struct.unpack("<QQ", self.stub.read(segment + 16, 16))
            if not base <= start < base + size:
                self._add(base + ENTRY_64, "next_kernel")

    def _instructions(self):
        return int(re.search(r"instruction count = (\d+)", self.stub.monitor("info replay"))[1])

    def _stop(self):
        """Handle one breakpoint, which is gone then.

        To step over it and to set it again is no way: the step may be an
        interrupt, after which it would be hit once more.
        """
        address = self.stub.register(RIP)
        if address not in self.points:
            raise RuntimeError(f"stopped at {address:#x}")
        name, follow = self.points[address]
        print(f"@ stamp {name} {self._instructions()}", flush=True)
        self._remove(address)
        if follow:
            follow(name, address)

    def run(self):
        while True:
            answer = self.stub.ask("c")
            if answer[0] in "WX":
                return
            self._stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--socket", required=True, help="of QEMU's gdb stub")
    parser.add_argument("--symbols", required=True, help='file with "@ sym NAME ADDRESS" lines')
    args = parser.parse_args()
    symbols = {}
    with open(args.symbols, encoding="utf-8", errors="replace") as f:
        for words in map(str.split, f):
            if words[:2] == ["@", "sym"]:
                symbols[words[2]] = int(words[3], 16)
    try:
        Stamper(Stub(args.socket, 10), symbols).run()
    except (EOFError, ConnectionResetError, BrokenPipeError):
        pass                            # QEMU ended, and the guest with it
    except (OSError, RuntimeError) as error:
        print(f"stamps.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
