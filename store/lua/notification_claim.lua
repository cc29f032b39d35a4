-- notification_claim lets one notifier redraw a request; the others stay away until it is done or its lease has ended.
--
-- KEYS  1 req:<id>  2 unannounced  3 aside
-- ARGV  1 id  2 schema  3 owner  4 lease, ms
--
-- missing, newer
-- busy   somebody else is at it
-- shown  the present version has been shown; or its record can't be read, and others show what became of it
local no = unusable(KEYS[1], ARGV[2])
if no then
  if no[1] == 'missing' then redis.call('ZREM', KEYS[2], ARGV[1]) end
  return no
end
local at = now()
local is = redis.call('HMGET', KEYS[1], 'announced', 'version', 'notifier', 'notifying')
if redis.call('ZSCORE', KEYS[3], ARGV[1]) or resolved(KEYS[1]) or tonumber(is[1]) >= tonumber(is[2]) then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return {'shown'}
end
if is[3] and is[3] ~= ARGV[3] and tonumber(is[4]) > at then return {'busy'} end
redis.call('HSET', KEYS[1], 'notifier', ARGV[3], 'notifying', text(at + tonumber(ARGV[4])))
-- To the end of the line, so that one that can't be told does not keep the others from it.
redis.call('ZADD', KEYS[2], text(at), ARGV[1])
return {'ok'}
