"""Writes what Python shows for texts and bytes: `python3 record.py`, with the version upstream is run on.

unprintable.txt: ranges of code points its `repr` escapes; those that Unicode has not assigned yet are marked.
literals.txt: some bytes in hexadecimal, then `repr` and `ascii` of the text they are, then `repr` of the bytes.
"""

import itertools
import pathlib
import random
import sys
import unicodedata

HERE = pathlib.Path(__file__).parent
HEADER = f"# Python {sys.version_info.major}.{sys.version_info.minor}, Unicode {unicodedata.unidata_version}; see record.py\n"

PIECES = [
    b"'", b'"', b"\\", b"\n", b"\r", b"\t", b"\0", b"\x1b[0m", b"\x7f", b" ", b"web", b"b'", b"\\x41",
    b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80",
    *(letter.encode() for letter in "é\u0300\x80\x9f\xa0\xad\u0378\u0600\u200b\u200d\u2028\u2029\u3000日\ue000\ufdd0\ufeff\uffff😀\U000e0001\U0010ffff"),
]


def unprintable():
    def kind(code):
        if chr(code).isprintable() or 0xD800 <= code <= 0xDFFF:
            return None
        return "unassigned" if unicodedata.category(chr(code)) == "Cn" else "escaped"

    for name, codes in itertools.groupby(range(sys.maxunicode + 1), kind):
        codes = list(codes)
        if name:
            yield f"{codes[0]:x} {codes[-1]:x} {name}\n"


def literals():
    chance = random.Random(4)
    samples = [b""] + [bytes([byte]) for byte in range(256)] + PIECES
    samples += [b"".join(chance.choices(PIECES, k=chance.randint(2, 6))) for _ in range(250)]
    samples += [chance.randbytes(chance.randint(1, 12)) for _ in range(80)]
    for sample in samples:
        text = sample.decode("utf-8", "surrogateescape")
        yield "\t".join([sample.hex(), repr(text), ascii(text), repr(sample)]) + "\n"


for name, lines in [("unprintable.txt", unprintable()), ("literals.txt", literals())]:
    with open(HERE / name, "w", encoding="utf-8", newline="\n") as file:
        file.writelines([HEADER, *lines])
