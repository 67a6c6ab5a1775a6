"""Lets libpocketsphinx listen: reads raw 16 kHz mono samples of 16 bits, and prints lines of JSON.

The program pocketsphinx_continuous, which comes with the library, prints nothing until somebody is silent. This one asks
the library for what it has understood so far, and for the times of the words.

Arguments: --check only loads the library; -jsgf FILE recognises the sentences of a grammar instead of dictation.
"""

import ctypes
import json
import os
import re
import sys

BYTES_PER_SECOND = 32_000
FRAMES_PER_SECOND = 100
# How much sound is understood between two partial captions.
PARTIAL_SECONDS = 0.3
# An utterance this long is ended, so that somebody who never pauses gets captions that stay.
LONGEST_SECONDS = 12.0

base = ctypes.CDLL("libsphinxbase.so.3")
sphinx = ctypes.CDLL("libpocketsphinx.so.3")


def function(library, name, result, *arguments):
    found = getattr(library, name)
    found.restype = result
    if arguments:
        found.argtypes = arguments
    return found


POINTER, TEXT, INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
cmd_ln_init = function(base, "cmd_ln_init", POINTER)
ps_args = function(sphinx, "ps_args", POINTER)
ps_default_search_args = function(sphinx, "ps_default_search_args", None, POINTER)
ps_init = function(sphinx, "ps_init", POINTER, POINTER)
ps_start_utt = function(sphinx, "ps_start_utt", INT, POINTER)
ps_end_utt = function(sphinx, "ps_end_utt", INT, POINTER)
ps_process_raw = function(sphinx, "ps_process_raw", INT, POINTER, TEXT, ctypes.c_size_t, INT, INT)
ps_get_in_speech = function(sphinx, "ps_get_in_speech", ctypes.c_uint8, POINTER)
ps_get_hyp = function(sphinx, "ps_get_hyp", TEXT, POINTER, POINTER)
ps_seg_iter = function(sphinx, "ps_seg_iter", POINTER, POINTER)
ps_seg_next = function(sphinx, "ps_seg_next", POINTER, POINTER)
ps_seg_word = function(sphinx, "ps_seg_word", TEXT, POINTER)
ps_seg_frames = function(sphinx, "ps_seg_frames", None, POINTER, POINTER, POINTER)


def open_decoder(options):
    texts = [TEXT(option.encode()) for option in ["-logfn", "/dev/null", *options]]
    config = POINTER(cmd_ln_init(None, POINTER(ps_args()), INT(1), *texts, POINTER(None)))
    ps_default_search_args(config)
    decoder = ps_init(config)
    if decoder is None:
        sys.exit("pocketsphinx cannot be opened: is the package of its model (pocketsphinx-en-us) there?")
    return decoder


def heard(decoder):
    text = ps_get_hyp(decoder, None)
    return "" if text is None else text.decode(errors="replace")


def timed_words(decoder):
    words = []
    first, last = INT(), INT()
    segment = ps_seg_iter(decoder)
    while segment is not None:
        word = ps_seg_word(segment).decode(errors="replace")
        ps_seg_frames(segment, ctypes.byref(first), ctypes.byref(last))
        # Silence and noises are in brackets, and a number says which pronunciation it was.
        if not re.match(r"[<\[]", word):
            times = {"from": first.value / FRAMES_PER_SECOND, "to": (last.value + 1) / FRAMES_PER_SECOND}
            words.append({"text": re.sub(r"\(\d+\)$", "", word), **times})
        segment = ps_seg_next(segment)
    return words


def say(**line):
    print(json.dumps(line), flush=True)


class Listener:
    def __init__(self, decoder):
        self.decoder = decoder
        self.seconds = 0.0
        self.begun_at = None
        self.asked_at = 0.0
        self.shown = ""
        ps_start_utt(decoder)

    def hear(self, samples):
        ps_process_raw(self.decoder, samples, len(samples) // 2, 0, 0)
        self.seconds += len(samples) / BYTES_PER_SECOND
        speaking = ps_get_in_speech(self.decoder) != 0
        if speaking and self.begun_at is None:
            self.begun_at = self.seconds
        if self.begun_at is None:
            return
        if not speaking or self.seconds - self.begun_at > LONGEST_SECONDS:
            self.finish()
            ps_start_utt(self.decoder)
        elif self.seconds - self.asked_at >= PARTIAL_SECONDS:
            self.asked_at = self.seconds
            text = heard(self.decoder)
            if text not in ("", self.shown):
                self.shown = text
                say(text=text, final=False)

    def finish(self):
        ps_end_utt(self.decoder)
        text = heard(self.decoder)
        words = timed_words(self.decoder) if text else []
        if words:
            times = {"from": words[0]["from"], "to": words[-1]["to"]}
            say(text=text, words=words, **times)
        elif text or self.shown:
            say(text=text)
        self.begun_at = None
        self.shown = ""


def listen(options):
    listener = Listener(open_decoder(options))
    rest = b""
    while True:
        chunk = os.read(0, 3_200)
        if not chunk:
            break
        rest += chunk
        whole = len(rest) // 2 * 2
        listener.hear(rest[:whole])
        rest = rest[whole:]
    if listener.begun_at is not None:
        listener.finish()


if sys.argv[1:] != ["--check"]:
    listen(sys.argv[1:])
