"""What the programs beside this one share: samples in, spoken segments, lines of JSON out."""

import array
import json
import math
import os
import sys

RATE = 16_000
CHUNK_BYTES = 3_200
# A chunk of 100 ms is speech if it is so much louder than the quietest of late, and not nearly silent.
ABOVE_QUIET = 2.8
LEAST_LEVEL = 100.0
# Silence that ends a segment, and what is kept around one, in chunks.
PAUSE_CHUNKS = 6
MARGIN_CHUNKS = 3
LONGEST_CHUNKS = 250


def say(text, words=None, **more):
    """Prints a line; `words` are (text, from, to) with times in seconds since the input began."""
    if words:
        timed = [{"text": text, "from": round(begin, 3), "to": round(end, 3)} for text, begin, end in words]
        more.setdefault("from", timed[0]["from"])
        more.setdefault("to", timed[-1]["to"])
        more["words"] = timed
    print(json.dumps({"text": text.strip(), **more}), flush=True)


def chunks(input=0):
    """Yields whole samples as they come, 100 ms at most."""
    rest = b""
    while True:
        data = os.read(input, CHUNK_BYTES)
        if not data:
            return
        rest += data
        whole = len(rest) // 2 * 2
        if whole:
            yield rest[:whole]
        rest = rest[whole:]


def _level(samples):
    values = array.array("h", samples)
    if sys.byteorder == "big":
        values.byteswap()
    return math.sqrt(sum(value * value for value in values) / max(1, len(values)))


def _even_chunks():
    gathered = b""
    for piece in chunks():
        gathered += piece
        while len(gathered) >= CHUNK_BYTES:
            yield gathered[:CHUNK_BYTES]
            gathered = gathered[CHUNK_BYTES:]
    if gathered:
        yield gathered


def segments():
    """Yields (seconds since the input began, samples) of each thing that is said between pauses."""
    kept, begun, pause, quiet = [], False, 0, None
    for count, chunk in enumerate(_even_chunks()):
        level = _level(chunk)
        quiet = level if quiet is None else min(level, quiet * 1.02 + 0.1)
        loud = level > max(LEAST_LEVEL, ABOVE_QUIET * quiet)
        kept.append(chunk)
        pause = 0 if loud else pause + 1
        begun = begun or loud
        if not begun:
            del kept[:-MARGIN_CHUNKS]
        elif pause >= PAUSE_CHUNKS or len(kept) >= LONGEST_CHUNKS:
            yield (count + 1 - len(kept)) / 10, b"".join(kept)
            kept, begun, pause = kept[-MARGIN_CHUNKS:] if pause else [], False, 0
    if begun:
        yield (count + 1 - len(kept)) / 10, b"".join(kept)
