"""Lets faster-whisper listen, segment by segment. Arguments: a model such as small, and a language. Needs `pip install faster-whisper`."""

import sys

import numpy
from faster_whisper import WhisperModel

from spoken import say, segments

model = WhisperModel(sys.argv[1], device="auto", compute_type="default")
language = sys.argv[2] if len(sys.argv) > 2 else None
for begun_at, samples in segments():
    sound = numpy.frombuffer(samples, dtype="<i2").astype("float32") / 32_768
    parts, _ = model.transcribe(sound, language=language, word_timestamps=True, condition_on_previous_text=False)
    words = [(word.word.strip(), begun_at + word.start, begun_at + word.end) for part in parts for word in part.words or []]
    if words:
        say(" ".join(text for text, _, _ in words), words)
