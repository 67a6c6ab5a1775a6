"""A real recogniser for the tests' Vosk server: libpocketsphinx, as the reference backend uses it.

Argument: the backend's program. Reads messages of raw 16 kHz mono samples of 16 bits, each after its length in four bytes
(little-endian), and answers each with one line of JSON, as Vosk does. An empty message asks for what is left.
"""

import importlib.util
import json
import struct
import sys

spec = importlib.util.spec_from_file_location("listen_pocketsphinx", sys.argv[1])
backend = importlib.util.module_from_spec(spec)
# The program is to be loaded, and not to listen by itself.
sys.argv[1:] = ["--check"]
spec.loader.exec_module(backend)

said = []
backend.say = lambda **line: said.append(line)


def answer(listener):
    finals = [line for line in said if line.get("final") is not False]
    said.clear()
    if not finals:
        return {"partial": listener.shown}
    words = [word for line in finals for word in line.get("words", [])]
    result = [{"word": word["text"], "start": word["from"], "end": word["to"], "conf": 1} for word in words]
    return {"result": result, "text": " ".join(word["word"] for word in result)}


def tell(value):
    print(json.dumps(value), flush=True)


# A third of the work, for the same words of a clear voice: two listen at once beside a browser, and have to keep up with it.
FAST = "-ds 2 -topn 2 -maxhmmpf 3000 -maxwpf 5 -fwdflat no"
listener = backend.Listener(backend.open_decoder(FAST.split()))
tell({"ready": True})
while True:
    head = sys.stdin.buffer.read(4)
    if len(head) < 4:
        break
    (length,) = struct.unpack("<I", head)
    if length > 0:
        listener.hear(sys.stdin.buffer.read(length))
        tell(answer(listener))
        continue
    if listener.begun_at is not None:
        listener.finish()
    rest = answer(listener)
    tell({"text": ""} if "partial" in rest else rest)
