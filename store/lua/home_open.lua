-- home_open remembers that a user looks at the home tab, and forgets whoever did so too long ago, or too many openings ago.
--
-- KEYS  1 homes  2 homes:due  3 homes:shown
-- ARGV  1 user  2 how long a tab counts as open, ms  3 how many homes are remembered
--
-- ok <mark>  the mark of what the tab showed last; '' where that is not known
local at = now()
redis.call('ZADD', KEYS[1], text(at), ARGV[1])
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', text(at - tonumber(ARGV[2])))
for _, user in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1 - tonumber(ARGV[3]))) do gone[#gone + 1] = user end
for _, user in ipairs(gone) do
  redis.call('ZREM', KEYS[1], user)
  redis.call('ZREM', KEYS[2], user)
  redis.call('HDEL', KEYS[3], user)
end
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
return {'ok', redis.call('HGET', KEYS[3], ARGV[1]) or ''}
