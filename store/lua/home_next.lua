-- home_next lets one replica draw the home tab that has waited longest; the others stay away until it is drawn or the lease
-- has ended. All replicas together draw no more than one tab in each stretch of the pace.
--
-- KEYS  1 homes  2 homes:due  3 homes:shown  4 homes:pace
-- ARGV  1 lease, ms  2 pace, ms  3 how long a tab counts as open, ms
--
-- none         nothing is due, or a tab was drawn just now
-- gone         one was due that does not count as open any more, and is forgotten: ask again
-- ok <user> <mark>
if redis.call('EXISTS', KEYS[4]) == 1 then return {'none'} end
local at = now()
local user = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', text(at), 'LIMIT', 0, 1)[1]
if not user then return {'none'} end
local opened = redis.call('ZSCORE', KEYS[1], user)
if not opened or tonumber(opened) <= at - tonumber(ARGV[3]) then
  redis.call('ZREM', KEYS[2], user)
  return {'gone'}
end
redis.call('ZADD', KEYS[2], text(at + tonumber(ARGV[1])), user)
redis.call('SET', KEYS[4], '1', 'PX', ARGV[2])
return {'ok', user, redis.call('HGET', KEYS[3], user) or ''}
