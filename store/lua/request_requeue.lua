-- request_requeue lets a request that was put aside go on where it stood, or ends it because a person says that nothing is left.
--
-- KEYS  1-5 as in lib.lua  6 pending  7 ready  8 leases  9 aside  10 wake  11 target:<hash>  12 req:<id>:steps
--       13 waiting  14 open  15 stuck  16 reviews  17... the locks of what others write too
-- ARGV  1-6 as in lib.lua  7 where it belongs: pending, ready, working, waiting, parked or final  8 state that it goes to
--       9 seconds to keep a final request  10 who took it up, when and why: change.AsideEnd  11 since when it is put aside, ms
--       12 the text of its version, which may be damaged
--
-- missing, newer
-- conflict  it is not put aside any more, was put aside anew, or has changed since it was read
local done = again(KEYS[1]) or unusable(KEYS[4], ARGV[5])
if done then return done end
local req, id, place = KEYS[4], ARGV[4], ARGV[7]
local since = redis.call('ZSCORE', KEYS[9], id)
if not since or tonumber(since) ~= tonumber(ARGV[11]) or (redis.call('HGET', req, 'version') or '') ~= ARGV[12] then return {'conflict'} end
local head = moved()
if head then return head end

countable(req)
record()
redis.call('HSET', req, 'state', ARGV[8], 'aside_end', ARGV[10])
redis.call('HDEL', req, 'aside')
redis.call('ZREM', KEYS[9], id)
if place == 'pending' or place == 'ready' then
  redis.call('ZADD', KEYS[6], score(redis.call('HGET', req, 'deadline') or '0'), id)
end
if place == 'ready' then
  local opens = tonumber(redis.call('HGET', req, 'not_before') or '0') or 0
  redis.call('ZADD', KEYS[7], text(math.max(now(), opens)), id)
end
if place == 'working' then redis.call('ZADD', KEYS[8], text(now()), id) end
if place == 'waiting' then redis.call('ZADD', KEYS[13], redis.call('HGET', req, 'wait_until') or '0', id) end
if place == 'final' then
  if redis.call('GET', KEYS[11]) == id then redis.call('DEL', KEYS[11]) end
  redis.call('HDEL', KEYS[14], id)
  for i = 17, #KEYS do
    if redis.call('GET', KEYS[i]) == id then redis.call('DEL', KEYS[i]) end
  end
  for _, index in ipairs({KEYS[5], KEYS[15], KEYS[16]}) do redis.call('ZREM', index, id) end
  redis.call('EXPIRE', req, ARGV[9])
  redis.call('EXPIRE', KEYS[12], ARGV[9])
end
wake(KEYS[10])
return {'ok'}
