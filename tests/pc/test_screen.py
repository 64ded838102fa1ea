#!/usr/bin/env python3
"""The console on the screen: test_screen.py TOOL BROKEN-IMAGE FONT.

Discs are started on QEMU with a VGA and, mostly, without serial ports; what QEMU says the screen
shows is read letter by letter, by the kernel's own font (src/pc99/font.c), and compared.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

GLYPH = re.compile(r"\{0x([0-9a-f]{16}), 0x([0-9a-f]{16})\}")
WIDTH, HEIGHT = 8, 16
PATIENCE = 120
PRINT = 0x20
# What a kernel says of the machine: of clocks, where a busy host has let them run unevenly, and of the
# serial port.
DEVICES = ("rescind: PIT: ", "rescind: HPET: ", "rescind: clock: ", "rescind: serial port ")
LINES = 70  # more than any screen here has rows

QUICK = "the quick brown fox jumps over the lazy dog 0123456789 {}()[]<>|~"
PANIC = """litmus "a broken kernel"
vpe A
program A
    creategate 0 900 label=1 ep=2 credits=1
    revoke 900
"""


def read_font(path):
    with open(path, encoding="utf-8") as file:
        glyphs = [bytes.fromhex(high + low) for high, low in GLYPH.findall(file.read())]
    assert len(glyphs) == 96, len(glyphs)
    font = {glyph: chr(32 + i) for i, glyph in enumerate(glyphs)}
    assert len(font) == 96, "two letters look alike"
    font[glyphs[-1]] = "\x1e"  # the box: what stands for unprintable ones
    return font


def read_picture(path):
    """Width, height and the RGB bytes of a PPM file."""
    with open(path, "rb") as file:
        kind, size, depth, pixels = file.read().split(b"\n", 3)
    assert (kind, depth) == (b"P6", b"255"), (kind, depth)
    width, height = map(int, size.split())
    assert len(pixels) == 3 * width * height
    return width, height, pixels


def read_screen(path, font):
    """The lines that the picture shows, without empty ones at the end; '?' is no letter."""
    width, height, pixels = read_picture(path)
    # One number a row of pixels, a bit a pixel: quicker to cut into letters than bytes are.
    rows = [int("".join("1" if lit else "0" for lit in pixels[3 * width * y:3 * width * (y + 1):3]),
                2) for y in range(height)]
    lines = []
    for top in range(0, height // HEIGHT * HEIGHT, HEIGHT):
        line = ""
        for left in range(0, width // WIDTH * WIDTH, WIDTH):
            glyph = bytes(row >> (width - WIDTH - left) & 0xff for row in rows[top:top + HEIGHT])
            line += font.get(glyph, "?")
        lines.append(line.rstrip())
    while lines and lines[-1] == "":
        lines.pop()
    return [line for line in lines if not line.startswith(DEVICES)]


class Machine:
    """A machine that starts from the disc, and is asked for its screen."""

    def __init__(self, disc, scratch, *options):
        self.picture = os.path.join(scratch, "screen.ppm")
        self.process = subprocess.Popen(
            [os.environ.get("RESCIND_QEMU", "qemu-system-x86_64"), "-accel", "tcg", "-cpu", "max",
             "-nodefaults", "-no-reboot", "-display", "none", "-vga", "std", "-m", "256M",
             "-cdrom", disc, "-qmp", "stdio", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.process.stdin.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            answer = json.loads(line)
            assert "error" not in answer, answer
            if "return" in answer:
                return
        raise AssertionError(f"QEMU ended: {self.process.wait()}")

    def lines(self, font):
        self.ask("screendump", filename=self.picture)
        return read_screen(self.picture, font)

    def wait_for(self, last, font):
        """The screen once its last line is `last`, or begins so."""
        end = time.monotonic() + PATIENCE
        lines = []
        while time.monotonic() < end:
            lines = self.lines(font)
            if lines and lines[-1].startswith(last):
                return lines
            time.sleep(0.5)
        raise AssertionError(f"the screen's last line is not '{last}' but:\n" + "\n".join(lines))

    def stop(self):
        self.process.kill()
        self.process.communicate()


def print_call(line):
    """A litmus step that prints the line: PRINT's message, byte for byte."""
    text = (line + "\n").encode()
    message = (PRINT.to_bytes(8, "little") + len(text).to_bytes(8, "little") +
               text.ljust(-len(text) % 8 + len(text), b"\0"))
    return "    raw " + " ".join(message[i:i + 8].hex() for i in range(0, len(message), 8)) + "\n"


def printing(lines):
    """A litmus file that prints the lines."""
    return 'litmus "lines"\nvpe A\nprogram A\n' + "".join(map(print_call, lines))


def write_disc(tool, scratch, text, *options):
    source, disc = os.path.join(scratch, "x.litmus"), os.path.join(scratch, "x.iso")
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    subprocess.run([tool, "boot", *options, "--write-iso", disc, source], check=True, timeout=60)
    return disc


def screen_of(disc, scratch, last, font, *options):
    machine = Machine(disc, scratch, *options)
    try:
        return machine.wait_for(last, font)
    finally:
        machine.stop()


def lines_of(count):
    return [f"line {i}" for i in range(count)] + ["rescind: no line of the kernel's", QUICK]


def shown(lines):
    """What a screen with room for them shows: the mark is before a line like the kernel's."""
    return (["rescind: loaded by multiboot2"] +
            ["\x1e" + line if line[0] == "r" else line for line in lines])


def main():
    tool, broken, font_file = sys.argv[1:4]
    font = read_font(font_file)
    ovmf = ["-bios", os.environ.get("RESCIND_OVMF", "/usr/share/ovmf/OVMF.fd")]
    machines = [["-machine", "q35"], ["-machine", "q35", *ovmf], ["-machine", "pc"]]
    with tempfile.TemporaryDirectory() as scratch:
        few, many = lines_of(3), lines_of(LINES)
        disc = write_disc(tool, scratch, printing(few))
        for options in machines:
            lines = screen_of(disc, scratch, QUICK, font, *options, "-serial", "none")
            assert lines == shown(few), (options, lines)
        # With a serial port, too, because discs ask for it: from the command line on.
        lines = screen_of(disc, scratch, QUICK, font, "-machine", "q35", "-serial", "null")
        assert lines == shown(few)[1:], lines
        disc = write_disc(tool, scratch, printing(many))
        for options in machines[:2]:
            lines = screen_of(disc, scratch, QUICK, font, *options, "-serial", "none")
            assert 20 < len(lines) < LINES and lines == shown(many)[-len(lines):], (options, lines)
        disc = write_disc(tool, scratch, PANIC, "--image", broken)
        lines = screen_of(disc, scratch, "rescind: panic: ", font, "-serial", "none")
        assert lines[-1] == "rescind: panic: on purpose", lines


if __name__ == "__main__":
    main()
