/**
 * The scripts by which nodes change a session. Redis runs each of them as a whole, so that nothing happens between the look at
 * the owner and the change. `KEYS` are the session's hash, its stream of audio and its stream of messages.
 *
 * Positions and numbers stay texts where they are stored: Lua would write large ones as 1e+15.
 */

/**
 * Puts audio and messages into a session, if this node still owns it. What is in it already is passed over, so that
 * whoever did not get the answer can ask again. What comes late, after a later write of the same owner, changes nothing: a
 * system may still send what was written to a connection that has long been given up.
 *
 * A write that begins a session, or puts one back that Redis has forgotten, does so unless another node has one of this
 * name, or it is over.
 *
 * A Redis that is short of memory may drop the audio alone. Whoever has written some says so, and is told to put the session
 * back; what is written to a stream that was dropped would hide that there is a hole before it.
 *
 * `ARGV`: node, epoch, term, number of the write, time to live; recordedTo, captionedTo; oldest entry of audio to keep, most
 * messages to keep; "audio" if there has to be a stream of it; number of words with which the session begins, or 0; number of
 * pieces of audio. Then those words, which are fields and values, storedTo and seq first; for each piece of audio its
 * position, its end, whether a gap may be before it, its bytes; for each message its number and its text.
 */
export const WRITE = `
local held = redis.call('HMGET', KEYS[1], 'node', 'epoch', 'term', 'storedTo', 'seq', 'session', 'write')
local isMine = held[1] == ARGV[1] and held[2] == ARGV[2] and held[3] == ARGV[3]
local isOver = held[6] == ''
if ARGV[11] == '0' then
  if not held[1] then return 'gone' end
  if not isMine or isOver then return 'lost' end
elseif held[1] then
  if isOver and held[2] == ARGV[2] then return 'lost' end
  if not isOver and held[1] ~= ARGV[1] then return 'lost' end
end
if isMine and tonumber(held[7]) >= tonumber(ARGV[4]) then return 'ok' end
if ARGV[10] == 'audio' and redis.call('EXISTS', KEYS[2]) == 0 then return 'behind' end
local storedTo, seq = held[4], held[5]
local at = 13
if ARGV[11] ~= '0' then
  at = at + tonumber(ARGV[11])
  redis.call('DEL', unpack(KEYS))
  redis.call('HSET', KEYS[1], unpack(ARGV, 13, at - 1))
  storedTo, seq = ARGV[14], ARGV[16]
end
for _ = 1, tonumber(ARGV[12]) do
  local from, to = ARGV[at], ARGV[at + 1]
  if tonumber(to) > tonumber(storedTo) then
    local fits = from == storedTo or (ARGV[at + 2] == 'gap' and tonumber(from) > tonumber(storedTo))
    if not fits then return 'behind' end
    redis.call('XADD', KEYS[2], from .. '-1', 'to', to, 'audio', ARGV[at + 3])
    storedTo = to
  end
  at = at + 4
end
while ARGV[at] do
  if tonumber(ARGV[at]) > tonumber(seq) then
    if tonumber(ARGV[at]) ~= tonumber(seq) + 1 then return 'behind' end
    redis.call('XADD', KEYS[3], 'MAXLEN', ARGV[9], ARGV[at] .. '-1', 'message', ARGV[at + 1])
    seq = ARGV[at]
  end
  at = at + 2
end
redis.call('HSET', KEYS[1], 'storedTo', storedTo, 'seq', seq, 'recordedTo', ARGV[6], 'captionedTo', ARGV[7])
redis.call('HSET', KEYS[1], 'write', ARGV[4])
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[8] .. '-1')
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[5]) end
return 'ok'
`;

/**
 * Makes a node the owner, if nobody has claimed the session since it was looked at.
 * `ARGV`: the epoch and the generation that were seen, time to live, then fields and values.
 */
export const CLAIM = `
local seen = redis.call('HMGET', KEYS[1], 'epoch', 'generation')
if seen[1] ~= ARGV[1] or seen[2] ~= ARGV[2] then return 'again' end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[3]) end
return 'ok'
`;

/**
 * Forgets a session, if this node still owns it. That it is over is remembered for as long as sessions are kept, because
 * a node that had it earlier and was paused would put it back.
 * `ARGV`: node, epoch, term, time to live.
 */
export const FORGET = `
local held = redis.call('HMGET', KEYS[1], 'node', 'epoch', 'term')
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] or held[3] ~= ARGV[3] then return 'ok' end
redis.call('DEL', KEYS[2], KEYS[3])
redis.call('HSET', KEYS[1], 'session', '')
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 'ok'
`;
