/**
 * The scripts by which nodes change a session. Redis runs each of them as a whole, so that nothing happens between the look at
 * the owner and the change. `KEYS` are the session's hash, its stream of audio and its stream of messages.
 *
 * Positions and numbers stay texts where they are stored: Lua would write large ones as 1e+15.
 */

/**
 * Puts audio and messages into a session, if this node still owns it. What is in it already is passed over, so that
 * whoever did not get the answer can ask again.
 *
 * `ARGV`: node, epoch, term, time to live; recordedTo, captionedTo; oldest entry of audio to keep, most messages to keep;
 * number of pieces of audio, and for each its position, its end, whether a gap may be before it, its bytes; for each message
 * its number and its text.
 */
export const WRITE = `
local held = redis.call('HMGET', KEYS[1], 'node', 'epoch', 'term', 'storedTo', 'seq')
if not held[1] then return 'gone' end
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] or held[3] ~= ARGV[3] then return 'lost' end
local storedTo, seq = held[4], held[5]
local at = 10
for _ = 1, tonumber(ARGV[9]) do
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
    redis.call('XADD', KEYS[3], 'MAXLEN', ARGV[8], ARGV[at] .. '-1', 'message', ARGV[at + 1])
    seq = ARGV[at]
  end
  at = at + 2
end
redis.call('HSET', KEYS[1], 'storedTo', storedTo, 'seq', seq, 'recordedTo', ARGV[5], 'captionedTo', ARGV[6])
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[7] .. '-1')
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[4]) end
return 'ok'
`;

/**
 * Begins a session, or puts one back that Redis has forgotten, unless another node has one of this name.
 * `ARGV`: node, time to live, then fields and values.
 */
export const CREATE = `
local held = redis.call('HMGET', KEYS[1], 'node', 'session')
if held[1] and held[1] ~= ARGV[1] and held[2] ~= '' then return 'lost' end
redis.call('DEL', unpack(KEYS))
redis.call('HSET', KEYS[1], 'node', ARGV[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
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

/** Forgets a session, if this node still owns it. `ARGV`: node, epoch, term. */
export const FORGET = `
local held = redis.call('HMGET', KEYS[1], 'node', 'epoch', 'term')
if held[1] == ARGV[1] and held[2] == ARGV[2] and held[3] == ARGV[3] then redis.call('DEL', unpack(KEYS)) end
return 'ok'
`;
