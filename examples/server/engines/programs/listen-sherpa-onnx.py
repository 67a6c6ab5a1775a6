"""Lets sherpa-onnx listen. Argument: the folder of a streaming transducer model. Needs `pip install sherpa-onnx numpy`."""

import glob
import os
import sys

import numpy
import sherpa_onnx

from spoken import RATE, chunks, say


def file_of(part):
    found = sorted(glob.glob(os.path.join(sys.argv[1], f"{part}*.onnx")))
    if not found:
        sys.exit(f"The folder of the model has no {part}*.onnx.")
    # The smaller one, if there are two, has weights of 8 bits.
    return next((path for path in found if "int8" in path), found[0])


recogniser = sherpa_onnx.OnlineRecognizer.from_transducer(
    tokens=os.path.join(sys.argv[1], "tokens.txt"),
    encoder=file_of("encoder"),
    decoder=file_of("decoder"),
    joiner=file_of("joiner"),
    num_threads=1,
    enable_endpoint_detection=True,
)
stream = recogniser.create_stream()
heard, begun_at, shown = 0.0, 0.0, ""


def words():
    """Puts tokens together: one that begins a word begins with a space."""
    found = []
    # Times count from the beginning of the segment.
    times = [begun_at + time for time in recogniser.timestamps(stream)]
    for token, begin in zip(recogniser.tokens(stream), times):
        if token[:1] in (" ", "\u2581") or not found:
            found.append([token.lstrip(" \u2581"), begin, begin])
        else:
            found[-1][0] += token
            found[-1][2] = begin
    # A token says when it begins, so that a word ends where the next one begins at the latest.
    ends = [word[1] for word in found[1:]] + [heard]
    return [(text, begin, min(end, last + 0.2)) for (text, begin, last), end in zip(found, ends)]


def decode():
    while recogniser.is_ready(stream):
        recogniser.decode_stream(stream)
    return recogniser.get_result(stream).strip()


for samples in chunks():
    stream.accept_waveform(RATE, numpy.frombuffer(samples, dtype="<i2").astype("float32") / 32_768)
    heard += len(samples) / 2 / RATE
    text = decode()
    if recogniser.is_endpoint(stream):
        if text or shown:
            say(text, words() if text else None)
        recogniser.reset(stream)
        begun_at, shown = heard, ""
    elif text and text != shown:
        shown = text
        say(text, final=False)
stream.input_finished()
text = decode()
if text or shown:
    say(text, words() if text else None)
