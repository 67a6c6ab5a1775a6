#!/usr/bin/env python3
"""A server for LoquiLex in Python: the standard library and the package websockets (Debian: python3-websockets).

Listens on ws://127.0.0.1:8766/v1/stream, or on the port given, writes the sound of each session to a file of raw samples in
the folder out, and says how loud each second was. A session waits a minute for a client whose connection is gone.
The names and the numbers in brackets are those of the contract, src/protocol/PROTOCOL.md.
"""

import asyncio
import hashlib
import json
import os
import secrets
import struct
import sys
import time

import websockets

HEARTBEAT_SEC, TIMEOUT_SEC, OPENING_SEC = 5, 15, 10
RESUME_SEC = float(os.environ.get("RESUME_SEC", "60"))
MAX_MESSAGE_BYTES, WINDOW_SEC, MAX_IN_FLIGHT, MAX_CAPTIONS = 65_536, 10, 64, 500
MAX_UNREAD_MESSAGES = 4_096
SAFE = 2**53 - 1
SAMPLE_BYTES = {"pcm_s16le": 2, "pcm_f32le": 4, "mulaw": 1}
GAP, MUTED, LAST = 1, 2, 4
sessions = {}


class Refused(Exception):
    """Closes the connection with a code, after an error that says why."""

    def __init__(self, code, error, detail, retry_after_ms=None):
        super().__init__(detail)
        self.code, self.error, self.detail, self.retry_after_ms = code, error, detail, retry_after_ms


def check(is_right, what):
    if not is_right:
        raise Refused(4400, "invalid_message", f"{what} is wrong.")


def is_whole(value, low=0, high=SAFE):
    return type(value) is int and low <= value <= high


def is_text(value, longest):
    # Lengths count UTF-16 units.
    return isinstance(value, str) and len(value.encode("utf-16-le", "surrogatepass")) // 2 <= longest


def read(text):
    """Takes a text message apart."""
    try:
        message = json.loads(text)
    except ValueError:
        message = None
    check(isinstance(message, dict) and is_whole(message.get("v")), "The message")
    if message["v"] != 1:
        raise Refused(4406, "unsupported_version", "This server speaks version 1.")
    check(is_text(message.get("t"), 64) and isinstance(message.get("data"), dict), "The message")
    for name in ("sid", "id", "corr"):
        check(message.get(name) is None or is_text(message[name], 128), name)
    return message["t"], message["data"], message.get("id")


def read_opening(text):
    check(isinstance(text, str), "The first message")
    kind, data, _ = read(text)
    check(kind in ("client.hello", "session.resume"), "The first message")
    check(is_text(data.get("agent"), 200) and data.get("ack_mode") == "cumulative", "agent or ack_mode")
    check(isinstance(data.get("accept"), list) and len(data["accept"]) <= 16, "accept")
    for name in ("session_id", "client_id"):
        check(is_text(data.get(name), 128), name)
    check(is_whole(data.get("attempt"), 1) and is_whole(data.get("max_in_flight"), 1, 100_000), "attempt or max_in_flight")
    for name in ("token", "resume_token"):
        check(data.get(name) is None or is_text(data[name], 4096), name)
    audio = data.get("audio")
    check(isinstance(audio, dict), "audio")
    check(audio.get("encoding") in (*SAMPLE_BYTES, "opus"), "audio.encoding")
    check(is_whole(audio.get("sample_rate"), 8_000, 192_000) and is_whole(audio.get("channels"), 1, 2), "audio")
    check(is_whole(audio.get("first")) and is_whole(audio.get("next")), "audio.first or audio.next")
    if kind == "session.resume":
        check(is_whole(data.get("last_seq")), "last_seq")
        check(data.get("epoch") is None or is_whole(data["epoch"]), "epoch")
    if audio["encoding"] == "opus":
        raise Refused(4406, "unsupported_format", "This server takes no Opus.")
    return kind == "session.resume", data


class Session:
    """What outlives connections."""

    def __init__(self, data):
        self.id, self.client_id, self.audio = data["session_id"], data["client_id"], data["audio"]
        self.epoch = secrets.randbelow(2**48)
        self.secrets, self.confirmed, self.attempt, self.generation = [], False, 0, 0
        self.line, self.heard_at, self.said_at, self.detached_at = None, 0, 0, 0
        self.expected = self.kept = self.captioned = self.audio["first"]
        self.asked, self.ending, self.peak, self.pending, self.writing = False, False, 0, [], None
        self.seq = self.sent_seq = self.acked_seq = 0
        self.captions, self.in_flight, self.limit = [], [], MAX_IN_FLIGHT
        name = hashlib.sha256(f"{self.id}/{self.client_id}".encode()).hexdigest()[:32]
        self.file = os.open(os.path.join("out", f"{name}.pcm"), os.O_RDWR | os.O_CREAT, 0o600)

    def say(self, kind, data, **more):
        self.said_at = time.monotonic()
        if self.line is not None:
            self.line.say({"v": 1, "t": kind, "sid": self.id, **more, "data": data})

    def free_in_ms(self):
        """[8.15] [8.17] [8.18] When others can have the session; None while its client is heard."""
        now = time.monotonic()
        if self.line is None:
            return max(0, round(1_000 * (self.detached_at + RESUME_SEC - now)))
        silent = now - self.heard_at
        return None if silent <= HEARTBEAT_SEC else round(1_000 * (max(0, TIMEOUT_SEC - silent) + RESUME_SEC))

    def attach(self, line, data, knows):
        if self.line is not None:
            self.line.close(4411, "A newer connection has the session.")
        self.line, self.attempt, self.asked = line, data["attempt"], False
        self.heard_at = time.monotonic()
        self.generation += 1
        self.limit, self.in_flight = min(MAX_IN_FLIGHT, data["max_in_flight"]), []
        if knows:
            self.secrets = self.secrets[self.secrets.index(data["resume_token"]) :]
        self.secrets = [*self.secrets[-15:], secrets.token_hex(16)]
        encoding, rate, channels = (self.audio[name] for name in ("encoding", "sample_rate", "channels"))
        self.say("server.welcome", {
            "hb": {"interval_ms": 1_000 * HEARTBEAT_SEC, "timeout_ms": 1_000 * TIMEOUT_SEC},
            "resume_window": {"seconds": RESUME_SEC, "token": self.secrets[-1]},
            "limits": {"max_in_flight": MAX_IN_FLIGHT, "max_msg_bytes": MAX_MESSAGE_BYTES},
            "generation": self.generation,
            "audio": {"encoding": encoding, "sample_rate": rate, "channels": channels, "window": WINDOW_SEC * rate},
        })
        names = {"session_id": self.id, "epoch": self.epoch}
        audio = {"position": self.expected, "pace": 4}
        if knows:
            self.replay(data["last_seq"], names)
            self.say("session.ack", {**names, "status": "resumed", "audio": audio})
        else:
            self.sent_seq = 0
            self.say("session.new", {**names, "reason": "unknown_session" if "last_seq" in data else "created", "audio": audio})
        self.say("audio.ack", {"position": self.kept})
        self.pump()

    def replay(self, last_seq, names):
        """[11.2.1] What the client missed, and which numbers are gone."""
        gone = max(self.acked_seq, self.captions[0][0] - 1 if self.captions else self.seq)
        self.acked_seq = max(self.acked_seq, last_seq)
        self.captions = [caption for caption in self.captions if caption[0] > last_seq]
        gap = {"gap": {"from_seq": last_seq + 1, "to_seq": gone}} if last_seq < gone else {}
        self.say("session.snapshot", {**names, "current_seq": self.seq, **gap, "finalized_transcript": [], "active_partials": []})
        for seq, data in self.captions:
            self.say("asr.final", data, seq=seq)
            self.in_flight.append(seq)
        self.sent_seq = self.seq

    def detach(self):
        self.line, self.detached_at = None, time.monotonic()

    def take(self, message):
        self.heard_at, self.confirmed, self.secrets = time.monotonic(), True, self.secrets[-1:]
        if isinstance(message, bytes):
            self.take_frame(message)
            return
        kind, data, name = read(message)
        if kind == "client.hb":
            check(data.get("ts") is None or is_text(data["ts"], 64), "ts")
            self.say("server.hb", {}, **({} if name is None else {"corr": name}))
        elif kind == "client.ack":
            check(is_whole(data.get("ack_seq"), 0, self.sent_seq), "ack_seq")
            self.acked_seq = max(self.acked_seq, data["ack_seq"])
            self.captions = [caption for caption in self.captions if caption[0] > self.acked_seq]
            self.in_flight = [seq for seq in self.in_flight if seq > self.acked_seq]
        elif kind == "client.flow":
            check(is_whole(data.get("max_in_flight"), 1, 100_000), "max_in_flight")
            self.limit = min(MAX_IN_FLIGHT, data["max_in_flight"])
        elif kind == "client.end":
            check(is_whole(data.get("position"), self.expected), "client.end")
            if data["position"] > self.expected:
                self.say("audio.resync", {"position": self.expected})
            else:
                self.ending = True
                self.finish()
        else:
            check(False, kind)
        self.pump()

    def take_frame(self, frame):
        check(len(frame) > 12, "The frame")
        kind, flags, count, position = struct.unpack_from("<BBHQ", frame)
        check(kind == 1 and flags & ~(GAP | MUTED | LAST) == 0 and count > 0 and position + count <= SAFE, "The frame")
        size = SAMPLE_BYTES[self.audio["encoding"]] * self.audio["channels"]
        check(len(frame) == 12 + count * size, "The frame's length")
        end = position + count
        check(not self.ending, "Audio after client.end")
        if end <= self.expected:
            return
        if position > self.expected and not flags & GAP:
            if not self.asked:
                self.say("audio.resync", {"position": self.expected})
            self.asked = True
            return
        check(end - position <= WINDOW_SEC * self.audio["sample_rate"] and len(self.pending) < 10_000, "The window")
        self.expected, self.asked = end, False
        self.pending.append((position, end, size, frame[12:]))
        if self.writing is None:
            self.writing = asyncio.create_task(self.write())

    async def write(self):
        """Writes what has gathered, each sample at the place that its position gives it, and acknowledges it."""
        try:
            while self.pending:
                frames, self.pending = self.pending, []
                await asyncio.to_thread(lambda: [os.pwrite(self.file, data, at * size) for at, _, size, data in frames])
                for position, end, _, data in frames:
                    self.listen(position, end, data)
                self.kept = frames[-1][1]
                self.say("audio.ack", {"position": self.kept})
            self.finish()
        except OSError:
            if self.line is not None:
                self.line.close(1011, "The audio cannot be written.")
        finally:
            self.writing = None
            if sessions.get(self.id) is not self:
                self.forget()

    def listen(self, position, end, data):
        """A recogniser would hear the frame here. This one says how loud each second was."""
        if self.audio["encoding"] == "pcm_s16le":
            self.peak = max(self.peak, *(abs(sample) for (sample,) in struct.iter_unpack("<h", data)))
        rate = self.audio["sample_rate"]
        if end - self.captioned < rate:
            return
        self.seq += 1
        audio = {"from": max(self.captioned, position - rate), "to": end}
        text = f"{self.peak / 32_768:.0%} of full scale"
        data = {"text": text, "segment_id": f"{self.epoch}-{self.seq}", "final": True, "audio": audio}
        self.captions, self.captioned, self.peak = [*self.captions, (self.seq, data)][-MAX_CAPTIONS:], end, 0
        self.pump()

    def pump(self):
        """[7.4] [7.5] Sends captions as far as the client lets them be in flight."""
        for seq, data in self.captions:
            if seq <= self.sent_seq or self.line is None:
                continue
            if len(self.in_flight) >= self.limit:
                return
            if seq > self.sent_seq + 1:
                self.say("queue.drop", {"queue": "events", "from_seq": self.sent_seq + 1, "to_seq": seq - 1})
            self.say("asr.final", data, seq=seq)
            self.in_flight.append(seq)
            self.sent_seq = seq

    def finish(self):
        if self.ending and self.kept == self.expected:
            self.say("session.end", {"position": self.kept, "reason": "ended"})

    def forget(self):
        if sessions.get(self.id) is self:
            del sessions[self.id]
        self.detach()
        if self.file is not None and self.writing is None:
            os.close(self.file)
            self.file = None


class Line:
    """One connection. What waits for a client that does not read is bounded [10.8]."""

    def __init__(self, socket):
        self.socket, self.queue, self.goodbye = socket, asyncio.Queue(), None

    def say(self, message):
        if self.goodbye is not None:
            return
        self.queue.put_nowait(json.dumps(message))
        if self.queue.qsize() > MAX_UNREAD_MESSAGES:
            self.goodbye = (1013, "The client leaves too much unread.")
            self.socket.transport.abort()

    def close(self, code, reason):
        if self.goodbye is None:
            self.goodbye = (code, reason[:100])
            self.queue.put_nowait(None)

    async def send(self):
        while (text := await self.queue.get()) is not None:
            await self.socket.send(text)
        await self.socket.close(*self.goodbye)


def open_session(line, resumes, data):
    """Decides in the order of the contract, section 8."""
    known = sessions.get(data["session_id"])
    free_in_ms = None if known is None else known.free_in_ms()
    if known is not None and known.client_id != data["client_id"]:
        if resumes or data.get("takeover") is not True:
            raise Refused(4409, "in_use", "Another client has the session.", free_in_ms)
        end(known, 4410, "Another client took the session over.")
        known = None
    if known is not None:
        knows = resumes and data.get("epoch") == known.epoch and data.get("resume_token") in known.secrets
        if data["attempt"] <= known.attempt:
            raise Refused(4411, "stale", "A newer connection of this client is known.")
        if knows:
            check(data["last_seq"] <= known.seq, "last_seq")
        if knows or not known.confirmed:
            known.attach(line, data, knows)
            return known
        if resumes and data.get("epoch") not in (None, known.epoch):
            end(known, 4411, "The client begins a new lineage.")
        elif resumes:
            raise Refused(4403, "invalid_resume_token", "The resume secret is wrong.")
        else:
            raise Refused(4409, "in_use", "The session is open already; resume it.", free_in_ms)
    session = sessions[data["session_id"]] = Session(data)
    session.attach(line, data, False)
    return session


def end(session, code, reason):
    if session.line is not None:
        session.line.close(code, reason)
    session.forget()


async def attend(socket, _path=None):
    """Speaks with a client until it is gone."""
    line, session = Line(socket), None
    sending = asyncio.create_task(line.send())
    try:
        if socket.subprotocol is None and "Sec-WebSocket-Protocol" in socket.request_headers:
            raise Refused(4406, "unsupported_protocol", "This server speaks none of the subprotocols that were offered.")
        try:
            first = await asyncio.wait_for(socket.recv(), OPENING_SEC)
        except asyncio.TimeoutError:
            raise Refused(4408, "timeout", "No opening came.") from None
        session = open_session(line, *read_opening(first))
        async for message in socket:
            # What arrives on a connection that was replaced is ignored [8.11].
            if session.line is line:
                session.take(message)
    except Refused as refusal:
        why = {"code": refusal.error, "detail": refusal.detail}
        if refusal.retry_after_ms is not None:
            why["retry_after_ms"] = refusal.retry_after_ms
        line.say({"v": 1, "t": "server.error", "data": why})
        line.close(refusal.code, refusal.detail)
        await asyncio.wait([sending], timeout=2)
    except websockets.ConnectionClosed:
        pass
    finally:
        if session is not None and session.line is line:
            session.detach()
            if socket.close_code == 1000:
                session.forget()
        line.close(1000, "")
        await asyncio.wait([sending], timeout=2)
        sending.cancel()


async def beat():
    """Heartbeats, and the ends of what waits for too long. Time in which this process did not run counts for nobody."""
    before = time.monotonic()
    while True:
        await asyncio.sleep(0.25)
        slept, before = time.monotonic() - before - 0.25, time.monotonic()
        for session in list(sessions.values()):
            if slept > 1:
                session.heard_at, session.detached_at = session.heard_at + slept, session.detached_at + slept
            if session.line is None:
                if before - session.detached_at >= RESUME_SEC:
                    session.forget()
            elif before - session.heard_at >= TIMEOUT_SEC:
                session.line.close(4408, "Nothing was heard.")
                session.detach()
            elif before - session.said_at >= HEARTBEAT_SEC:
                session.say("server.hb", {})


async def main():
    os.makedirs("out", exist_ok=True)
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8766
    options = {"subprotocols": ["loquilex.v1"], "max_size": MAX_MESSAGE_BYTES, "ping_interval": None, "compression": None}
    async with websockets.serve(attend, "127.0.0.1", port, **options) as server:
        print(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/stream", flush=True)
        await beat()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
