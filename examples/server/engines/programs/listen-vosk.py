"""Lets Vosk listen. Argument: the folder of a model. Needs `pip install vosk`."""

import json
import sys

from vosk import KaldiRecognizer, Model, SetLogLevel

from spoken import RATE, chunks, say


def words_of(result):
    return [(word["word"], word["start"], word["end"]) for word in result.get("result", [])]


SetLogLevel(-1)
recogniser = KaldiRecognizer(Model(sys.argv[1]), RATE)
recogniser.SetWords(True)
shown = ""
for samples in chunks():
    if recogniser.AcceptWaveform(samples):
        result = json.loads(recogniser.Result())
        if result["text"] or shown:
            say(result["text"], words_of(result))
        shown = ""
    else:
        partial = json.loads(recogniser.PartialResult())["partial"]
        if partial and partial != shown:
            shown = partial
            say(partial, final=False)
result = json.loads(recogniser.FinalResult())
if result["text"] or shown:
    say(result["text"], words_of(result))
