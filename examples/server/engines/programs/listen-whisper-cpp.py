"""Lets whisper.cpp listen, segment by segment. Arguments: a model, and more options of whisper-cli, which is on the PATH."""

import json
import os
import subprocess
import sys
import tempfile
import wave

from spoken import RATE, say, segments


def transcribe(folder, samples):
    sound = os.path.join(folder, "segment.wav")
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples)
    model, *options = sys.argv[1:]
    output = os.path.join(folder, "segment")
    # One word a segment of whisper.cpp: its times are those of words.
    command = ["whisper-cli", "-m", model, "-f", sound, "-oj", "-of", output, "-np", "-ml", "1", "-sow", *options]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    with open(f"{output}.json", encoding="utf-8", errors="replace") as file:
        return json.load(file)["transcription"]


with tempfile.TemporaryDirectory() as folder:
    for begun_at, samples in segments():
        words = [
            (part["text"].strip(), begun_at + part["offsets"]["from"] / 1_000, begun_at + part["offsets"]["to"] / 1_000)
            for part in transcribe(folder, samples)
            # Sounds that are no speech are in brackets.
            if part["text"].strip() and not part["text"].strip().startswith(("[", "("))
        ]
        if words:
            say(" ".join(text for text, _, _ in words), words)
